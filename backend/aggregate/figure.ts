/**
 * One figure from one release to the next: computed from whom the rules of membership allow, or
 * held as it was. Pure.
 */
import { changeMembers, decodeMembers, encodeMembers } from "./membership.js";

/** A figure and who stands behind it, as `encodeMembers` writes it. */
export interface Figure<T> {
  readonly figure: T;
  readonly behind: string;
}

/** What a figure is made of. */
interface FigureSources<T> {
  /** One per household; NaN: it has none now. */
  readonly values: Float64Array;
  /** The households' numbers, in the same order. */
  readonly numbers: readonly number[];
  /** The last one that was told, however long ago. */
  readonly before: Figure<T> | undefined;
  /** `undefined`: the cohort is too small. */
  compute(values: Float64Array): T | undefined;
}

/** `undefined`: there is nothing that may be told; what was told last is to be kept all the same. */
export function carryOver<T>(sources: FigureSources<T>): Figure<T> | undefined {
  const { values, numbers, before, compute } = sources;
  const all = compute(values);
  if (all === undefined) return undefined;
  const places = [...values.keys()].filter((k) => !Number.isNaN(values[k]));
  const now = Uint32Array.from(places, (k) => numbers[k] as number).sort();
  const everybody = { figure: all, behind: encodeMembers(now) };
  if (before === undefined) return everybody;
  const known = decodeMembers(before.behind);
  const change = changeMembers(known, now);
  if (change === "everybody") return everybody;
  if (change === "hold") return before;
  const isKnown = new Set(known);
  const chosen = places.filter((k) => isKnown.has(numbers[k] as number));
  const figure = compute(Float64Array.from(chosen, (k) => values[k] as number));
  return figure === undefined ? undefined : { figure, behind: before.behind };
}
