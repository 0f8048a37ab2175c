/**
 * Register words to readings. The only place that knows bit patterns.
 *
 * No words of a device make these functions throw: what is not a value is `absent` or
 * `implausible`. A value is rounded once, here; everything behind holds the same number.
 */
import type { Quality, Reading } from "#core/measurement/snapshot.js";
import type { Profile, ProfileRegister } from "./profile.js";

/** What words turned out to be. `value` is defined exactly when quality is `good`. */
export interface Decoded {
  readonly quality: "good" | "absent" | "implausible";
  /** Rounded to the register's resolution. */
  readonly value: number | undefined;
  /** Before rounding; metrics are derived of these. */
  readonly exact: number | undefined;
}

/** What became of one register in one poll. */
export type RegisterOutcome =
  | { readonly words: readonly number[]; readonly quality: "good" | "reread" }
  | {
      readonly words: undefined;
      readonly quality: Extract<Quality, "implausible" | "read-error" | "quarantined" | "not-due">;
    };

/** Decodes the words of one register: sentinels, bits, scale, rounding, bounds. */
export function decodeRegister(words: readonly number[], register: ProfileRegister): Decoded {
  void words;
  void register;
  return { quality: "absent", value: undefined, exact: undefined };
}

/** Whether a value is further from the last one than the register's largest step. */
export function isTooSteep(
  register: ProfileRegister,
  value: number,
  previous: number | undefined,
): boolean {
  return (
    register.maxStep !== undefined &&
    previous !== undefined &&
    Math.abs(value - previous) > register.maxStep
  );
}

/**
 * All readings of one poll, from what became of each register (by register id): one per catalogue
 * metric, by the best candidate that has a value; one per register without a metric, under its own
 * id; one per derived metric.
 */
export function decodeReadings(
  profile: Profile,
  outcomes: ReadonlyMap<string, RegisterOutcome>,
): readonly Reading[] {
  void profile;
  void outcomes;
  return [];
}
