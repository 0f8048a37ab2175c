/**
 * Registers that share words. Each pair must be meant: the manual says so (`overlap: true`), both
 * are bits of one word, or an installation never has both.
 */
import type { Report } from "./fault-list.js";
import type { Condition, ProfileRegister, ValueTest } from "./profile.js";
import type { SingleText } from "./repeat-registers.js";
import { compareVersions } from "./value-test.js";

/** A register and the line it came from. */
export interface WrittenRegister {
  readonly register: ProfileRegister;
  readonly single: SingleText;
}

/**
 * Reports overlaps that nobody declared and declarations without one.
 *
 * @returns ids of the registers in declared overlaps; each needs a request of its own, because
 *   such a device looks registers up by the address a request starts at
 */
export function findOverlaps(
  written: readonly WrittenRegister[],
  isSingleChoice: (parameter: string) => boolean,
  report: Report,
): ReadonlySet<string> {
  const overlapping = new Set<string>();
  const lines = new Set<number>();
  const sorted = [...written].sort((a, b) => place(a.register, b.register));
  for (const [index, left] of sorted.entries()) {
    for (const right of sorted.slice(index + 1)) {
      if (!touches(left.register, right.register)) break;
      if (sharesBits(left.register, right.register)) continue;
      if (areExclusive(left.register, right.register, isSingleChoice)) continue;
      for (const { single } of [left, right]) lines.add(Number(single.path[1]));
      if (left.single.text.overlap === true && right.single.text.overlap === true) {
        for (const { register } of [left, right]) overlapping.add(register.id);
      } else {
        reportOverlap(left, right, report);
      }
    }
  }
  for (const { single } of written) {
    if (single.text.overlap === true && !lines.has(Number(single.path[1]))) {
      report([...single.path, "overlap"], "shares no words with another register");
    }
  }
  return overlapping;
}

function reportOverlap(left: WrittenRegister, right: WrittenRegister, report: Report): void {
  if (left.single.path[1] === right.single.path[1]) {
    report([...left.single.path, "stride"], "too short: registers of this line share words");
    return;
  }
  const isLater = Number(right.single.path[1]) >= Number(left.single.path[1]);
  const [earlier, later] = isLater ? [left, right] : [right, left];
  const { id, manualSpace, address, format } = earlier.register;
  const span = `${manualSpace} ${address}+${format.words}`;
  const what =
    address === later.register.address
      ? `address ${address} is already ${id} (${span})`
      : `address ${later.register.address} shares words with ${id} (${span})`;
  const hint = "if the manual says so, give both overlap: true";
  report([...later.single.path, "address"], `${what}; ${hint}`);
}

function place(a: ProfileRegister, b: ProfileRegister): number {
  if (a.unitId !== b.unitId) return a.unitId - b.unitId;
  if (a.space !== b.space) return a.space < b.space ? -1 : 1;
  return a.address - b.address || a.format.words - b.format.words;
}

function touches(left: ProfileRegister, right: ProfileRegister): boolean {
  return (
    left.unitId === right.unitId &&
    left.space === right.space &&
    right.address < left.address + left.format.words
  );
}

function sharesBits(left: ProfileRegister, right: ProfileRegister): boolean {
  return (
    left.address === right.address &&
    left.format.encoding === "bits" &&
    right.format.encoding === "bits"
  );
}

/** Whether some condition of one can never hold together with one of the other. */
export function areExclusive(
  left: ProfileRegister,
  right: ProfileRegister,
  isSingleChoice: (parameter: string) => boolean,
): boolean {
  return left.conditions.some((a) =>
    right.conditions.some((b) => contradicts(a, b, isSingleChoice)),
  );
}

function contradicts(
  a: Condition,
  b: Condition,
  isSingleChoice: (parameter: string) => boolean,
): boolean {
  if (a.kind === "parameter" && b.kind === "parameter") {
    const isSame = a.parameter === b.parameter && isSingleChoice(a.parameter);
    return isSame && !a.values.some((value) => b.values.includes(value));
  }
  if (a.kind === "register" && b.kind === "register") {
    return a.registerId === b.registerId && areDisjoint(a.accepts, b.accepts);
  }
  return a.kind === "firmware" && b.kind === "firmware" && (isBefore(a, b) || isBefore(b, a));
}

function areDisjoint(a: ValueTest, b: ValueTest): boolean {
  if (a.oneOf !== undefined && b.oneOf !== undefined) {
    return !a.oneOf.some((value) => b.oneOf?.includes(value));
  }
  const ends = (test: ValueTest) => ({
    low: test.min ?? test.above ?? Number.NEGATIVE_INFINITY,
    high: test.max ?? Number.POSITIVE_INFINITY,
  });
  return ends(a).low > ends(b).high || ends(b).low > ends(a).high;
}

function isBefore(
  a: { readonly until: string | undefined },
  b: { readonly since: string | undefined },
): boolean {
  return a.until !== undefined && b.since !== undefined && compareVersions(a.until, b.since) < 0;
}
