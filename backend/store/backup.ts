/**
 * A backup: the embedded store as it was at one instant, and the files beside it without which it
 * must not be restored, as one stream of bytes.
 *
 * The store goes on taking writes meanwhile. Every frame carries the CRC-32 of its content, the last
 * one what all of them hold together; a file that is cut, changed or goes on after its end is
 * refused as a whole. `backup-frames.ts` is the form, `level-backup.ts` reads and writes LevelDB.
 */

/** One record: key and value as they lie in the store. */
export type StoreEntry = readonly [key: Buffer, value: Buffer];

/** A store that can be read as it was at one instant. */
export interface EntrySource {
  /**
   * Some records at a time, in the order of their keys, of the instant of the first question.
   *
   * @throws HeatpoolError `UNAVAILABLE` the store was rewritten meanwhile: begin again
   */
  entries(): AsyncIterable<readonly StoreEntry[]>;
}

/** A file that belongs to a store. */
export interface CompanionFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** What a backup says about itself. */
export interface BackupFacts {
  /** Of the program that made it. */
  readonly version: string;
  readonly createdAtMs: number;
}

/** Records by kind, e.g. `block`. */
export type EntryCounts = Readonly<Record<string, number>>;
