/**
 * Context values to features: `[1, u_1 … u_k, all u_i u_j with i <= j]`, with `u` clipped.
 *
 * Parts of one mode that share a context share its features, so they are computed once a row.
 */
import { CELLS_PER_HOUR, channelAt, channelIndex } from "./channel.js";
import { type FeaturePlan, modeIndex, type PlanPart } from "./feature-plan.js";
import { MODES, type OperatingRow } from "./operating-row.js";

/** Parts with the same mode and context. */
export interface PartGroup {
  readonly isDay: boolean;
  readonly context: Int32Array;
  readonly centre: Float64Array;
  readonly perSpread: Float64Array;
  /** Features. */
  readonly size: number;
  /** Place in the plan, and target channel, per part. */
  readonly parts: Int32Array;
  readonly targets: Int32Array;
}

/** A plan made ready for rows. */
export interface CompiledPlan {
  readonly plan: FeaturePlan;
  /** Groups per index of `MODES`. */
  readonly byMode: readonly (readonly PartGroup[])[];
  readonly day: readonly PartGroup[];
}

/** Features of a day: 1, a, b, a², b², c. */
const DAY_FEATURES = 6;
/** Beyond four spreads a context counts as four. */
export const CLIP = 4;
/** Most features a part can have. */
export const FEATURES_MAX = 10;

/** Features of a part. */
export function featureCount(part: PlanPart): number {
  if (part.mode === "day") return DAY_FEATURES;
  const k = part.context.length;
  return 1 + k + (k * (k + 1)) / 2;
}

/** How many of the first features differ between machines. */
export function localCount(part: PlanPart): number {
  if (part.mode === "day") return DAY_FEATURES;
  return 1 + part.context.length;
}

/** Groups the parts of a plan. */
export function compilePlan(plan: FeaturePlan): CompiledPlan {
  const groups = (mode: number) => groupsOf(plan, mode);
  return { plan, byMode: MODES.map((_, mode) => groups(mode)), day: groups(-1) };
}

/** The groups that may say something about this row. */
export function groupsFor(compiled: CompiledPlan, row: OperatingRow): readonly PartGroup[] {
  return row.steady ? (compiled.byMode[row.mode] ?? []) : [];
}

/** Whether the parts of a day are evaluated in this cell. */
export function isDayCell(cell: number): boolean {
  return Math.floor(cell / CELLS_PER_HOUR) * CELLS_PER_HOUR === cell;
}

/** Writes the features of a row into `phi`; `false` when a context value is absent. */
export function fillFeatures(
  group: PartGroup,
  values: Float64Array,
  at: number,
  phi: Float64Array,
): boolean {
  if (group.isDay) return fillDay(group, values, at, phi);
  const { context, centre, perSpread } = group;
  const k = context.length;
  phi[0] = 1;
  for (let index = 0; index < k; index++) {
    const value = values[at + (context[index] ?? 0)] ?? Number.NaN;
    if (Number.isNaN(value)) return false;
    const u = (value - (centre[index] ?? 0)) * (perSpread[index] ?? 0);
    phi[1 + index] = u > CLIP ? CLIP : Math.max(u, -CLIP);
  }
  let next = 1 + k;
  for (let i = 1; i <= k; i++) {
    const left = phi[i] ?? 0;
    for (let j = i; j <= k; j++) phi[next++] = left * (phi[j] ?? 0);
  }
  return true;
}

function fillDay(group: PartGroup, values: Float64Array, at: number, phi: Float64Array): boolean {
  const mean = values[at + (group.context[0] ?? 0)] ?? Number.NaN;
  const low = values[at + (group.context[1] ?? 0)] ?? Number.NaN;
  if (Number.isNaN(mean) || Number.isNaN(low)) return false;
  const a = (mean - 5) / 8;
  const b = mean < 15 ? (15 - mean) / 8 : 0;
  phi[0] = 1;
  phi[1] = a;
  phi[2] = b;
  phi[3] = a * a;
  phi[4] = b * b;
  phi[5] = (low - 2) / 8;
  return true;
}

function groupsOf(plan: FeaturePlan, mode: number): PartGroup[] {
  const byContext = new Map<string, number[]>();
  plan.parts.forEach((part, index) => {
    if (modeIndex(part.mode) !== mode) return;
    const key = part.context.join(" ");
    byContext.set(key, [...(byContext.get(key) ?? []), index]);
  });
  return [...byContext.values()].map((indexes) => groupOf(plan, mode === -1, indexes));
}

function groupOf(plan: FeaturePlan, isDay: boolean, indexes: readonly number[]): PartGroup {
  const parts = indexes.flatMap((index) => plan.parts[index] ?? []);
  const [first] = parts;
  if (first === undefined) throw new RangeError("a group has at least one part");
  const channels = first.context.map(channelIndex);
  return {
    isDay,
    context: Int32Array.from(channels),
    centre: Float64Array.from(channels, (channel) => channelAt(channel).centre),
    perSpread: Float64Array.from(channels, (channel) => 1 / channelAt(channel).spread),
    size: featureCount(first),
    parts: Int32Array.from(indexes),
    targets: Int32Array.from(parts, (part) => channelIndex(part.target)),
  };
}
