/**
 * What the daemon remembers of the catalogue, so that nobody can present it an older one.
 *
 * A commit is durable and whole, or it did not happen. What cannot be read back is left out: bytes
 * that lost a bit are as good as none. `level-metadata-store.ts` keeps this on LevelDB,
 * `memory-metadata-store.ts` for tests; `test/contract/metadata-store-contract.ts` holds both to it.
 */
import type { Role } from "#core/catalogue/metadata.js";

/** What is remembered. */
export interface Remembered {
  /** SHA-256 of the pinned root that the chain began with. */
  readonly pin: string | undefined;
  /** Newest verified file of each role, for comparing versions. */
  readonly files: Readonly<Partial<Record<Role, Buffer>>>;
  /** Files of the last complete refresh, for use. */
  readonly accepted: Readonly<Partial<Record<"timestamp" | "targets", Buffer>>>;
  /** Newest time that somebody trusted has signed; 0: none. */
  readonly signedAtMs: number;
}

export const NOTHING: Remembered = { pin: undefined, files: {}, accepted: {}, signedAtMs: 0 };

/** Keeps one `Remembered`. */
export interface MetadataStore {
  read(): Promise<Remembered>;
  /** Replaces all of it. @throws HeatpoolError `STORE_FAILED` nothing changed */
  commit(remembered: Remembered): Promise<void>;
  close(): Promise<void>;
}
