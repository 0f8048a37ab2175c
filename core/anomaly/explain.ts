/**
 * Why a machine is thought to depart: the parts that depart most with what was measured and what
 * was expected, and what it could be. A possibility, never a diagnosis.
 */
import { CHANNELS, channelIndex } from "./channel.js";
import { FAULTS, type FaultKind } from "./fault-table.js";
import { type PlanPart, toleranceOf } from "./feature-plan.js";
import { monitorAt, SUMS_PER_PART } from "./monitors.js";
import type { NormalModel } from "./normal-model.js";
import { LAST_NUMBERS, type NormalState } from "./normal-state.js";

/** One part of an explanation. */
export interface ExplainedPart {
  readonly part: PlanPart;
  /** Signed share of its limit: above 0 means more than expected. */
  readonly share: number;
  readonly measured: number;
  readonly expected: number;
  /** One standard deviation of what is normal. */
  readonly spread: number;
  /** Cell in which it was last calm. */
  readonly sinceCell: number;
}

/** What is said about an alarm. */
export interface Explanation {
  /** At most two, strongest first. */
  readonly parts: readonly ExplainedPart[];
  /** At most two faults that look like this, likeliest first. */
  readonly possible: readonly FaultKind[];
}

const PARTS_MAX = 2;
const POSSIBLE_MAX = 2;
/** Less alike than this is not worth a word. */
const COSINE_MIN = 0.6;

/** Explains the present state; `among` limits it to the parts of an alarm. */
export function explainAlarm(
  model: NormalModel,
  state: NormalState,
  among?: readonly number[],
): Explanation {
  const signed = signedShares(model, state);
  const places = among ?? [...signed.keys()];
  const order = places
    .filter((index) => model.parts[index]?.isUsable && !Number.isNaN(lastOf(state, index, 1)))
    .sort((a, b) => Math.abs(signed[b] ?? 0) - Math.abs(signed[a] ?? 0));
  const parts = order.slice(0, PARTS_MAX).flatMap((index) => {
    const part = model.plan.parts[index];
    if (part === undefined) return [];
    const variance = (model.parts[index]?.rowVariance ?? 0) * (1 + lastOf(state, index, 2));
    return {
      part,
      share: signed[index] ?? 0,
      measured: lastOf(state, index, 0),
      expected: lastOf(state, index, 1),
      spread: Math.sqrt(variance),
      sinceCell: state.calm[index] ?? Number.NaN,
    };
  });
  return { parts, possible: possibleFaults(model, signed) };
}

/** Per part the larger of both monitors as a share of its limit, with its sign. */
function signedShares(model: NormalModel, state: NormalState): Float64Array {
  return Float64Array.from(model.parts, (part, index) => {
    if (!part.isUsable) return 0;
    const at = index * SUMS_PER_PART;
    const fast = monitorAt(state.sums, at, part.psi) / part.limitFast;
    const slow = monitorAt(state.sums, at + SUMS_PER_PART / 2, part.psi) / part.limitSlow;
    return Math.abs(fast) > Math.abs(slow) ? fast : slow;
  });
}

function possibleFaults(model: NormalModel, signed: Float64Array): FaultKind[] {
  const alike = FAULTS.map((kind) => ({ kind, cosine: cosine(model, signed, kind) }));
  return alike
    .filter((one) => one.cosine > COSINE_MIN)
    .sort((a, b) => b.cosine - a.cosine)
    .slice(0, POSSIBLE_MAX)
    .map(({ kind }) => kind);
}

/** How alike the signed shares and a fault of the table are, in units of what is worth a notice. */
function cosine(model: NormalModel, signed: Float64Array, kind: FaultKind): number {
  let [dot, own, table] = [0, 0, 0];
  for (const [index, part] of model.plan.parts.entries()) {
    const share = signed[index] ?? 0;
    const inMode =
      part.mode === "hot_water" ? kind.hotWater : part.mode === "heating" ? kind.heating : {};
    const amount = inMode[part.target] ?? 0;
    const typical = CHANNELS[channelIndex(part.target)]?.centre ?? 1;
    const wanted = amount / toleranceOf(part, typical);
    dot += share * wanted;
    own += share * share;
    table += wanted * wanted;
  }
  return own > 0 && table > 0 ? dot / Math.sqrt(own * table) : 0;
}

function lastOf(state: NormalState, index: number, which: number): number {
  return state.last[index * LAST_NUMBERS + which] ?? Number.NaN;
}
