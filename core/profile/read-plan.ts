/**
 * Which requests read the wanted registers. Pure: the same profile and choice, the same plan.
 *
 * Each wanted register lies in exactly one range; no range breaks a limit of the profile, crosses
 * a forbidden address or cuts a value in two; and no other plan needs fewer requests. That the
 * first fit is also the fewest follows from one fact: part of an allowed range is allowed.
 */
import type { AddressSpan, PollGroup, Profile, ProfileRegister } from "./profile.js";
import { type ReadChoice, selectRegisters, withUnit } from "./register-choice.js";
import type { RegisterRange } from "./register-range.js";

/** A register's place in a range. */
interface PlannedRegister {
  readonly register: ProfileRegister;
  /** Words (or bits) from the start of the range; it takes `register.format.words` of them. */
  readonly offset: number;
}

/** One request. Split it only between its registers. */
export interface PlannedRange extends RegisterRange {
  readonly group: PollGroup;
  /** By address. What lies between them is read and thrown away. */
  readonly registers: readonly PlannedRegister[];
}

/** All requests of a device, by group, unit, space and address. */
export interface ReadPlan {
  readonly ranges: readonly PlannedRange[];
}

/** The order in which groups are read after connecting. */
const GROUPS: readonly PollGroup[] = ["once", "fast", "slow"];

/**
 * Plans the requests for the registers that `choice` selects.
 *
 * @throws HeatpoolError `CONFIG_INVALID` for a parameter or value that the profile does not know
 */
export function planReads(profile: Profile, choice: ReadChoice): ReadPlan {
  const wanted = selectRegisters(profile, choice);
  const walls = bridgeWalls(profile, choice);
  const together = new Map<string, ProfileRegister[]>();
  for (const register of [...wanted].sort(byPlace)) {
    const alone = register.isSingle || profile.connection.isExact;
    const key = [register.group, register.unitId, register.space, alone ? register.id : ""].join();
    const list = together.get(key);
    if (list === undefined) together.set(key, [register]);
    else list.push(register);
  }
  const ranges = [...together.values()].flatMap((list) => join(list, profile, walls));
  return { ranges: ranges.sort(byPlace) };
}

/** The range of one register alone: for reading it again, and for the ends of a bisection. */
export function planSingle(register: ProfileRegister): PlannedRange {
  return rangeOf([register]);
}

/** One range over registers that are sorted by address and belong together. */
export function rangeOf(registers: readonly [ProfileRegister, ...ProfileRegister[]]): PlannedRange {
  const [first] = registers;
  const end = Math.max(...registers.map(endOf));
  return {
    unitId: first.unitId,
    space: first.space,
    address: first.address,
    count: end - first.address,
    group: first.group,
    registers: registers.map((register) => ({
      register,
      offset: register.address - first.address,
    })),
  };
}

/** The words of each register in what a range was answered with, by register id. */
export function splitWords(
  range: PlannedRange,
  words: readonly number[],
): ReadonlyMap<string, readonly number[]> {
  return new Map(
    range.registers.map(({ register, offset }) => [
      register.id,
      words.slice(offset, offset + register.format.words),
    ]),
  );
}

const endOf = (register: ProfileRegister): number => register.address + register.format.words;

/** What decides about the order of requests. */
interface Place {
  readonly group: PollGroup;
  readonly unitId: number;
  readonly space: string;
  readonly address: number;
}

function byPlace(a: Place, b: Place): number {
  return (
    GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group) ||
    a.unitId - b.unitId ||
    (a.space < b.space ? -1 : Number(a.space > b.space)) ||
    a.address - b.address
  );
}

/** Joins neighbours, first fit. `sorted` is of one unit, one space and one group. */
function join(
  sorted: readonly ProfileRegister[],
  profile: Profile,
  walls: readonly AddressSpan[],
): PlannedRange[] {
  const ranges: PlannedRange[] = [];
  let open: [ProfileRegister, ...ProfileRegister[]] | undefined;
  for (const register of sorted) {
    if (open !== undefined && mayJoin(open, register, profile, walls)) {
      open.push(register);
      continue;
    }
    if (open !== undefined) ranges.push(rangeOf(open));
    open = [register];
  }
  return open === undefined ? ranges : [...ranges, rangeOf(open)];
}

function mayJoin(
  open: readonly [ProfileRegister, ...ProfileRegister[]],
  next: ProfileRegister,
  profile: Profile,
  walls: readonly AddressSpan[],
): boolean {
  const { connection } = profile;
  const isBits = next.space === "coil" || next.space === "discrete";
  const limit = isBits ? connection.bitsPerReadMax : connection.wordsPerReadMax;
  const end = Math.max(...open.map(endOf));
  const hole = { from: end, to: next.address - 1 };
  const whole = { from: open[0].address, to: endOf(next) - 1 };
  const gap = next.address - end;
  if (isSameWords(open.at(-1), next)) return true;
  if (gap < 0 || gap > connection.gapWordsMax || endOf(next) - open[0].address > limit)
    return false;
  if (walls.some((wall) => isIn(wall, next) && touches(wall, hole))) return false;
  if (connection.forbidden.some((span) => isIn(span, next) && touches(span, whole))) return false;
  const readable = connection.readable.filter((span) => isIn(span, next));
  return (
    connection.readable.length === 0 ||
    readable.some((span) => span.from <= whole.from && whole.to <= span.to)
  );
}

/** Several bits of one word are several registers and one read. */
function isSameWords(last: ProfileRegister | undefined, next: ProfileRegister): boolean {
  return last?.address === next.address && last.format.words === next.format.words;
}

/** What must not be read along with others, even where holes may be bridged. */
function bridgeWalls(profile: Profile, choice: ReadChoice): readonly AddressSpan[] {
  return profile.registers
    .filter((one) => one.isSingle || one.access === "w" || choice.excluded?.has(one.id) === true)
    .map((one) => withUnit(one, profile, choice))
    .map((one) => ({
      unitId: one.unitId,
      space: one.space,
      from: one.address,
      to: endOf(one) - 1,
    }));
}

function isIn(span: AddressSpan, { unitId, space }: ProfileRegister): boolean {
  return (
    (span.unitId === undefined || span.unitId === unitId) &&
    (span.space === undefined || span.space === space)
  );
}

function touches(
  span: { readonly from: number; readonly to: number },
  other: { readonly from: number; readonly to: number },
): boolean {
  return span.from <= other.to && other.from <= span.to;
}
