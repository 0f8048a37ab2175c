/**
 * One figure from one release to the next: computed from whom the rules of membership allow, or
 * held as it was. Pure.
 */
import { changeMembers, decodeMembers, encodeMembers, indexMembers } from "./membership.js";

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
  readonly numbers: Uint32Array;
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
  const now = listPresent(numbers, values);
  const everybody = () => ({ figure: all, behind: encodeMembers(now) });
  if (before === undefined) return everybody();
  const known = decodeMembers(before.behind);
  const change = changeMembers(known, now);
  if (change === "everybody") return everybody();
  if (change === "hold") return before;
  const isKnown = indexMembers(known);
  const figure = compute(values.filter((_, k) => isKnown(numbers[k] as number)));
  return figure === undefined ? undefined : { figure, behind: before.behind };
}

/** Who has a value now. */
function listPresent(numbers: Uint32Array, values: Float64Array): Uint32Array {
  const present = new Uint32Array(numbers.length);
  let count = 0;
  for (let k = 0; k < numbers.length; k++) {
    if (!Number.isNaN(values[k])) present[count++] = numbers[k] as number;
  }
  return present.subarray(0, count);
}
