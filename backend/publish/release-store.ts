/**
 * Published releases: the sealed file of each, and the content key that opens it.
 *
 * A release is written once and never changes; its content key is only ever on disk under the store
 * key. `file-release-store.ts` keeps the promise in a folder.
 */
import type { Release } from "#core/catalogue/release.js";

/** One release, as catalogue and push know it; where its file lies follows from its names. */
export type ReleaseFacts = Omit<Release, "path">;

/** Where releases are kept. */
export interface ReleaseStore {
  /** All releases, by model and rising. */
  list(): Promise<readonly ReleaseFacts[]>;
  /**
   * Keeps a release: file and key first, then that it exists. Durable when it resolves.
   *
   * @throws HeatpoolError `INVALID_ARGUMENT` this release exists
   */
  add(facts: ReleaseFacts, file: Uint8Array, cek: Uint8Array): Promise<void>;
  /** Notes that a release is not given out any more. @throws HeatpoolError `NOT_FOUND` */
  revoke(modelId: string, release: number): Promise<ReleaseFacts>;
  /** The sealed file. @throws HeatpoolError `NOT_FOUND` */
  file(modelId: string, release: number): Promise<Buffer>;
  /** The content key. @throws HeatpoolError `NOT_FOUND` · `STATE_INVALID` another store key */
  cek(modelId: string, release: number): Promise<Buffer>;
}
