/**
 * Published releases: the sealed file of each, and the content key that opens it.
 *
 * A release is written once and never changes; its content key is only ever on disk under the store
 * key. `file-release-store.ts` keeps the promise in a folder.
 */

/** One release, as catalogue and push know it. */
export interface ReleaseFacts {
  readonly modelId: string;
  /** Rises with every release of a model. */
  readonly release: number;
  /** Of the sealed file. */
  readonly length: number;
  readonly sha256: string;
  readonly plainSha256: string;
  readonly plainLen: number;
  readonly heatpumpModels: readonly string[];
  /** Form of the content, e.g. `anomaly/1`. */
  readonly schema: string;
  /** Oldest version of the daemon that can use it. */
  readonly minDaemon: string;
  /** Not to be given out any more. */
  readonly revoked: boolean;
  /** Installations whose data it was trained with. */
  readonly kInstallations: number;
  readonly trainedAtMs: number;
}

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
