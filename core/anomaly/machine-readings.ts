/**
 * A poll as detectors see it: its channels, and the mode by what the manufacturer's code of the
 * operating mode means, else by flags and drives.
 */
import type { Snapshot } from "#core/measurement/snapshot.js";
import { channelOfMetric, modeOfStates } from "./metric-channels.js";
import { MODES, type Mode } from "./operating-row.js";

const UNKNOWN = MODES.indexOf("unknown");

/** What a device's code of the operating mode means; `undefined`: nothing that is known. */
export type ModeOf = (code: number) => Mode | undefined;

/** One poll as a detector sees it. */
export interface MachineReadings {
  readonly atMs: number;
  /** Value by place of the channel. */
  readonly values: ReadonlyMap<number, number>;
  /** `undefined`: the device does not say. */
  readonly mode: Mode | undefined;
  readonly hasFault: boolean;
  /** Channels whose value was there and cannot have been measured. */
  readonly outside: readonly number[];
}

/** Names of the drives among the signs of a mode. */
const DRIVE_OF: Readonly<Partial<Record<string, string>>> = {
  frequency: "compressor_frequency",
  rating: "compressor_rating",
  power: "power_current",
};

/** The readings of a poll. What has no value is not there. */
export function toMachineReadings(
  snapshot: Snapshot,
  heatpumpModel: string,
  modeOf: ModeOf,
): MachineReadings {
  const byMetric = new Map<string, number>();
  const values = new Map<number, number>();
  const outside: number[] = [];
  for (const { metric, value, quality } of snapshot.readings) {
    const wrong = quality === "implausible" ? channelOfMetric(metric) : undefined;
    if (wrong !== undefined) outside.push(wrong);
    if (value === undefined || byMetric.has(metric)) continue;
    byMetric.set(metric, value);
    const channel = channelOfMetric(metric);
    if (channel !== undefined) values.set(channel, value);
  }
  return {
    atMs: snapshot.takenAtMs,
    values,
    mode: declaredMode(byMetric, heatpumpModel, modeOf),
    hasFault: byMetric.get("fault_active") === 1,
    outside,
  };
}

/** The device's own word, else what flags and drives say; `undefined`: they leave it open. */
function declaredMode(
  byMetric: ReadonlyMap<string, number>,
  heatpumpModel: string,
  modeOf: ModeOf,
): Mode | undefined {
  const code = byMetric.get("operating_mode");
  const told = code === undefined ? undefined : modeOf(code);
  if (told !== undefined) return told;
  const state = modeOfStates(
    heatpumpModel,
    (sign) => byMetric.get(DRIVE_OF[sign] ?? sign) ?? Number.NaN,
  );
  return state === UNKNOWN ? undefined : MODES[state];
}

/** Words of profiles' codes. The first that fits counts. */
const WORDS: readonly (readonly [words: RegExp, mode: Mode])[] = [
  [/defrost/i, "defrost"],
  [/hot water|\bdhw\b|legionella/i, "hot_water"],
  [/cooling/i, "cooling"],
  [/heating/i, "heating"],
  [/\b(off|standby|idle|ready)\b/i, "off"],
];
/** Where flags are set together. */
const PRIORITY: readonly Mode[] = ["defrost", "hot_water", "cooling", "heating", "off"];

/** What codes mean by their English texts. Codes that name no hot water are a setting, no state. */
export function readModeCodes(
  codes: ReadonlyMap<number, { readonly en: string }>,
  isFlags: boolean,
): ModeOf {
  const modes = new Map<number, Mode>();
  for (const [code, { en }] of codes) {
    const found = WORDS.find(([words]) => words.test(en));
    if (found !== undefined) modes.set(code, found[1]);
  }
  const named = new Set(modes.values());
  if (!named.has("hot_water") || !named.has("heating") || !named.has("off")) return () => undefined;
  if (!isFlags) return (code) => modes.get(code);
  return (code) => {
    if (code === 0) return modes.get(0);
    const set = [...modes].filter(([mask]) => mask !== 0 && (code & mask) === mask);
    return PRIORITY.find((mode) => set.some(([, one]) => one === mode));
  };
}
