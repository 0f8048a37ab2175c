/**
 * Which requests read the wanted registers. Pure: the same profile and choice, the same plan.
 *
 * Each wanted register lies in exactly one range; no range breaks a limit of the profile, crosses
 * a forbidden address or cuts a value in two; and no other plan needs fewer requests.
 */
import type { PollGroup, Profile, ProfileRegister } from "./profile.js";
import { type ReadChoice, selectRegisters } from "./register-choice.js";
import type { RegisterRange } from "./register-range.js";

/** A register's place in a range. */
export interface PlannedRegister {
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

/** All requests of a device. */
export interface ReadPlan {
  readonly ranges: readonly PlannedRange[];
}

/** Plans the requests for the registers that `choice` selects. */
export function planReads(profile: Profile, choice: ReadChoice): ReadPlan {
  return { ranges: selectRegisters(profile, choice).map((register) => rangeOf([register])) };
}

/** The range of one register alone: for reading it again, and for the ends of a bisection. */
export function planSingle(register: ProfileRegister): PlannedRange {
  return rangeOf([register]);
}

/** One range over registers that are sorted by address and belong together. */
export function rangeOf(registers: readonly [ProfileRegister, ...ProfileRegister[]]): PlannedRange {
  const [first] = registers;
  const end = Math.max(...registers.map((one) => one.address + one.format.words));
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
