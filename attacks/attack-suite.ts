/** The shape of a suite of attacks: many altered inputs against one reader, and what came of them. */

/** What a run is given. */
export interface AttackOptions {
  /** The same seed gives the same attacks. */
  readonly seed: number;
  /** How many inputs are wanted; left out: as many as end within a minute or so. */
  readonly cases?: number;
  /** As many as the suite's promise names; `cases` comes first. */
  readonly isFull?: boolean;
  /** How long each reader is tried, where a suite counts by time; left out: as many as `cases`. */
  readonly seconds?: number;
  /** Told now and then how many are done. */
  readonly onProgress?: (done: number) => void;
  /** Told what was measured on the way, for who reads along. */
  readonly onFacts?: (facts: object) => void;
}

/** How many inputs a suite tries. */
export interface SuiteSizes {
  /** Everyday: the whole folder ends within a few minutes. */
  readonly everyday: number;
  /** The promise. */
  readonly full: number;
}

export function sizeOf({ cases, isFull }: AttackOptions, { everyday, full }: SuiteSizes): number {
  return cases ?? (isFull === true ? full : everyday);
}

/** What came of it. All but `cases` must be 0. */
export interface AttackCounts {
  readonly cases: number;
  /** Altered inputs that were taken for good. */
  readonly accepted: number;
  /** Bytes of plaintext given out before everything was verified. */
  readonly plaintextBytes: number;
  /** Inputs that were refused by anything but an error of ours. */
  readonly crashes: number;
}

/** One file of this folder exports one: `export const …: AttackSuite`. */
export interface AttackSuite {
  /** e.g. `csr` */
  readonly name: string;
  run(options: AttackOptions): Promise<AttackCounts>;
}
