/**
 * Feature plans: which expected relations are watched on a machine, in which order.
 *
 * A part says: in this mode, this target follows from this context. A plan is fitted to what a
 * machine has; its id names the parts with all their numbers, so that statistics and models of
 * different plans never meet.
 */
import { createHash } from "node:crypto";
import { type ChannelId, channelAt, channelIndex } from "./channel.js";
import { MODES, type Mode } from "./operating-row.js";

/** One expected relation. */
export interface PlanPart {
  /** `heating.low` */
  readonly id: string;
  /** `day`: what the last 24 hours were like, at full hours, in any mode. */
  readonly mode: Mode | "day";
  readonly target: ChannelId;
  readonly context: readonly ChannelId[];
  /** Smallest effect worth a notice: `tolerance + percent / 100 * expected`. */
  readonly tolerance: number;
  readonly percent: number;
  /** Depends on the house: slopes differ too, and only the fast monitor may raise an alarm. */
  readonly house: boolean;
}

/** Parts in a fixed order, and their name. */
export interface FeaturePlan {
  readonly planId: string;
  readonly parts: readonly PlanPart[];
}

/** Which relations a maker of plans starts from. */
export type PlanKind = "electric" | "refrigerant";

const DAY_CONTEXT: readonly ChannelId[] = ["dayMean", "dayLow"];
/** Channels that say how hard the compressor works, best first. */
const LOADS: readonly ChannelId[] = ["frequency", "rating"];

type Draft = readonly [
  modes: readonly (Mode | "day")[],
  target: ChannelId,
  context: string,
  tolerance: number,
  percent?: number,
  house?: boolean,
];

const heat: readonly Mode[] = ["heating"];
const water: readonly Mode[] = ["hot_water"];
const both: readonly Mode[] = ["heating", "hot_water"];
const off: readonly Mode[] = ["off"];

/** With electric power or pressures. `load` stands for the first load channel present. */
const ELECTRIC: readonly Draft[] = [
  [both, "power", "load outdoor flow", 0, 2],
  [heat, "power", "thermal outdoor flow", 0, 2],
  [both, "low", "load outdoor flow", 0.08],
  [both, "high", "load outdoor flow", 0.12],
  [heat, "fan", "load outdoor", 0, 2],
  [both, "cop", "load outdoor flow", 0.05, 1.5],
  [both, "return", "load outdoor flow", 0.3, 0, true],
  [heat, "flow", "outdoor to24", 1, 0, true],
  [heat, "frequency", "outdoor to24", 7, 0, true],
  [water, "tank", "load outdoor flow", 0.6, 0, true],
  [both, "discharge", "load outdoor flow", 2],
  [both, "superheat", "load outdoor flow", 1.5],
  [both, "suction", "load outdoor flow", 1],
  [both, "flowRate", "load outdoor flow", 0, 5],
  [off, "power", "outdoor", 0.03],
  [off, "high-low", "", 0.12],
  [["day"], "starts", "day", 2.5, 0, true],
  [["day"], "dhw", "day", 0.03, 0, true],
  [["day"], "def", "day", 6, 0, true],
  [["day"], "kw", "day", 0.1, 10, true],
];

/** Without power and pressures: temperatures of the refrigerant instead. */
const REFRIGERANT: readonly Draft[] = [
  [both, "return", "flow load pump", 0.5],
  [both, "liquid", "return load", 0.7],
  [both, "condenserOut", "flow load", 0.5],
  [both, "discharge", "condenserOut load evaporator", 2],
  [both, "suction", "evaporator load outdoor", 1],
  [both, "evaporator", "load outdoor", 1],
  [heat, "flow", "outdoor to24", 1, 0, true],
  [heat, "frequency", "outdoor flow", 7, 0, true],
  [off, "return", "flow", 0.5],
  [off, "condenserOut", "flow", 0.5],
  [off, "tank", "to24", 1.5],
];

/** Without a load channel these take the return temperature in its place. */
const LOAD_FROM_RETURN: readonly ChannelId[] = ["power", "cop"];

/** Channels that follow from others, as long as those are there. */
const DERIVED_FROM: Partial<Record<ChannelId, readonly ChannelId[]>> = {
  to24: ["outdoor"],
  dayMean: ["outdoor"],
  dayLow: ["outdoor"],
  "high-low": ["high", "low"],
  kw: ["power"],
};

/** The plan for a machine that has `available` measured channels. */
export function planFor(available: ReadonlySet<ChannelId>, more: PlanOptions = {}): FeaturePlan {
  const kind =
    more.kind ?? (hasAny(available, ["power", "low", "high"]) ? "electric" : "refrigerant");
  const hasHeat = available.has("thermal") || (available.has("cop") && available.has("power"));
  const load = LOADS.find((channel) => available.has(channel)) ?? (hasHeat ? "thermal" : undefined);
  const isThere = (id: ChannelId) =>
    id === "thermal" ? hasHeat : (DERIVED_FROM[id] ?? [id]).every((from) => available.has(from));
  const hasCounts = (id: ChannelId) => id === "starts" || id === "dhw" || id === "def";
  const drafts = kind === "electric" ? ELECTRIC : REFRIGERANT;
  const parts = drafts.flatMap(([modes, target, words, tolerance, percent = 0, house = false]) => {
    if (!isThere(target) && !hasCounts(target)) return [];
    const context = contextOf(words, target, load).filter(isThere);
    return modes.map((mode) => ({
      id: words.startsWith("thermal") ? `${mode}.${target}.heat` : `${mode}.${target}`,
      mode: mode !== "off" && mode !== "day" && more.oneRunningMode === true ? "running" : mode,
      target,
      context,
      tolerance,
      percent,
      house,
    }));
  });
  const usable = parts.filter(
    ({ mode, target, context }) =>
      (mode !== "day" || context.length === DAY_CONTEXT.length) &&
      (context.length > 0 || target === "high-low"),
  );
  return namePlan(more.oneRunningMode === true ? onlyOnce(usable) : usable);
}

/** How a plan is chosen beyond what is measured. */
export interface PlanOptions {
  readonly kind?: PlanKind;
  /** Hot water cannot be told from heating: one mode `running`, no parts of hot water. */
  readonly oneRunningMode?: boolean;
}

/** Whether the least is there: without it only findings and the catch-all remain. */
export function isPlanPossible(available: ReadonlySet<ChannelId>): boolean {
  const temperatures: readonly ChannelId[] = ["flow", "return", "outdoor"];
  return (
    temperatures.every((channel) => available.has(channel)) &&
    hasAny(available, ["power", "frequency", "rating"])
  );
}

/** Smallest effect worth a notice, where this much is expected. */
export function toleranceOf(part: PlanPart | undefined, expected: number): number {
  if (part === undefined) return 0;
  return part.tolerance + (part.percent / 100) * (expected < 0 ? -expected : expected);
}

/** Gives parts their name: first 16 hex of SHA-256 over their canonical JSON. */
export function namePlan(parts: readonly PlanPart[]): FeaturePlan {
  const facts = parts.map((part) => [
    part.id,
    part.mode,
    part.target,
    part.context,
    part.tolerance,
    part.percent,
    part.house,
    [part.target, ...part.context].map((id) => {
      const { centre, spread } = channelAt(channelIndex(id));
      return [centre, spread];
    }),
  ]);
  const planId = createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 16);
  return { planId, parts };
}

/** Index in `MODES` of a part's mode; -1 for `day`. */
export function modeIndex(mode: PlanPart["mode"]): number {
  return mode === "day" ? -1 : MODES.indexOf(mode);
}

function contextOf(words: string, target: ChannelId, load: ChannelId | undefined): ChannelId[] {
  if (words === "") return [];
  if (words === "day") return [...DAY_CONTEXT];
  const stand = load ?? (LOAD_FROM_RETURN.includes(target) ? "return" : undefined);
  return words
    .split(" ")
    .flatMap((word) => (word === "load" ? (stand ?? []) : (word as ChannelId)))
    .filter((id) => id !== target);
}

function onlyOnce(parts: readonly PlanPart[]): PlanPart[] {
  const seen = new Set<string>();
  return parts.flatMap((part) => {
    const id = part.mode === "running" ? `running.${part.target}` : part.id;
    if (seen.has(id) || part.target === "tank") return [];
    seen.add(id);
    return [{ ...part, id }];
  });
}

function hasAny(available: ReadonlySet<ChannelId>, of: readonly ChannelId[]): boolean {
  return of.some((channel) => available.has(channel));
}
