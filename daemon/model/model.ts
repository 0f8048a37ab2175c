/**
 * Community models on this machine: what is trusted, what is installed, what is used.
 *
 * A model is used only after every step of `core/envelope/refusal.ts` passed; whatever fails, the
 * model that worked stays. Plaintext exists in memory only. Releases of a model never go back. The
 * sealed files lie in the cache folder, which no backup takes; grants, numbers and the pointer to
 * the file change in one atomic write. A grant's end is believed only by a clock that may be right;
 * after it the local model is used alone. Telemetry never waits for any of this.
 *
 * `model-book.ts` is what is remembered, `model-cache.ts` the files, `receive-models.ts` the way in.
 */
import type { DirectorKeys } from "#core/envelope/dsse.js";
import type { TrustedTarget } from "#core/envelope/grant-check.js";
import type { X25519Pair } from "#core/envelope/key-agreement.js";

/** The catalogue, as far as models need it. */
export interface TrustedModels {
  /** Version of the trusted targets metadata; 0: none yet. */
  readonly version: number;
  /** Keys of directors that the trusted root lists. */
  readonly directorKeys: DirectorKeys;
  findTarget(path: string): TrustedTarget | undefined;
  /** Asks the backend for newer metadata once. Never throws. */
  refresh(): Promise<void>;
}

/** The keys that grants are sealed to; renewed from time to time. */
export interface DeviceKeys {
  /** Name of the one that counts: SHA-256 of its SPKI, lower-case hex. */
  kid(): string;
  /** The present one or one before it; `undefined`: none of ours. */
  find(kid: string): X25519Pair | undefined;
}

/** A model in use. */
export interface ActiveModel {
  readonly target: TrustedTarget;
  readonly plain: Buffer;
  /** Unix seconds. */
  readonly grantedUntilS: number;
}

/** The last two steps: is the content of a form that we know, and does it work? */
export type InspectModel = (
  target: TrustedTarget,
  plain: Buffer,
) => { readonly step: "content" | "self-test"; readonly reason: string } | undefined;
