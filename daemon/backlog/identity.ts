/**
 * What is known about a store without opening it: the file `identity.json` beside the database.
 * LevelDB takes a database without its `CURRENT` for a new one and deletes its tables, so a database
 * is created only when this file says that there is none.
 */

import type { CleanMark } from "./record-store.js";
import { readChecked, writeChecked } from "./state-file.js";

/** Format number of the directory. */
const FORMAT = 2;

/** The file's content. */
export interface Identity {
  /** Whether there is a database. */
  readonly hasDatabase: boolean;
  /** Written by a clean end, taken away by the next start. */
  readonly clean: CleanMark | undefined;
  /** Snapshots that waited at the last clean end. */
  readonly waiting: number;
  /** No loss ledger number below this one may be used. */
  readonly lossNumberMin: number;
}

/** Of a directory that nobody has used. */
export const NO_IDENTITY: Identity = {
  hasDatabase: false,
  clean: undefined,
  waiting: 0,
  lossNumberMin: 1,
};

/**
 * Reads the file. What is damaged, or of another format, says nothing about a clean end: it is like
 * a file that is missing beside a database.
 */
export async function readIdentity(path: string): Promise<Identity | undefined> {
  const found = await readChecked(path);
  if (found === undefined) return undefined;
  if (found !== "damaged") {
    const { format, ...identity } = JSON.parse(found.text) as Identity & { format: number };
    if (format === FORMAT) return { ...NO_IDENTITY, ...identity };
  }
  return { ...NO_IDENTITY, hasDatabase: true };
}

export function writeIdentity(path: string, identity: Identity): Promise<void> {
  return writeChecked(path, JSON.stringify({ format: FORMAT, ...identity }));
}
