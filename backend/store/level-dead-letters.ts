/** Refused batches on LevelDB: the newest few thousand of the last month, under the time they came. */
import type { Database, Operation } from "./level-database.js";
import type { DeadLetter } from "./snapshot-store.js";
import { key, range, readU64, u64, uuidBytes } from "./store-keys.js";
import { openJson, sealJson } from "./store-values.js";

/** Dead letters kept for the operator; the oldest go first. */
const DEAD_LETTERS_MAX = 2_000;

/** How long a dead letter is kept. */
const DEAD_LETTER_MS = 30 * 86_400_000;

/** Length of a refused batch's key. */
const DEAD_LETTER_KEY_BYTES = 50;

/** Those that are there, oldest first. */
export async function readDeadLetterKeys(database: Database): Promise<Buffer[]> {
  const keys = await database.keys(range("deadLetter")).all();
  return keys.filter((at) => at.length === DEAD_LETTER_KEY_BYTES);
}

/** Takes keys out of those that are known. */
export function forget(known: Buffer[], removed: readonly Buffer[]): void {
  for (const at of removed) {
    const place = known.findIndex((one) => one.equals(at));
    if (place >= 0) known.splice(place, 1);
  }
}

/** @param known all that are there; the one that comes is added, those that are too many go */
export function deadLetterWrites(letter: DeadLetter, known: Buffer[]): Operation[] {
  const at = key(
    "deadLetter",
    u64(letter.receivedAtMs),
    uuidBytes(letter.installationId),
    uuidBytes(letter.epochId),
    u64(letter.sequence),
  );
  const value = sealJson(at, {
    ...letter,
    declared: { ...letter.declared, tableId: Buffer.from(letter.declared.tableId).toString("hex") },
    block: Buffer.from(letter.block).toString("base64"),
  });
  known.push(at);
  const isOld = (one: Buffer) => readU64(one, 2) < letter.receivedAtMs - DEAD_LETTER_MS;
  const removed: Operation[] = [];
  while (known.length > DEAD_LETTERS_MAX || (known[0] !== undefined && isOld(known[0]))) {
    const oldest = known.shift();
    if (oldest !== undefined) removed.push({ type: "del", key: oldest });
  }
  return [...removed, { type: "put", key: at, value }];
}

/** Reads what `deadLetterWrites` wrote. */
export function openDeadLetter(at: Buffer, value: Buffer): DeadLetter {
  const letter = openJson<DeadLetter & { declared: { tableId: string }; block: string }>(at, value);
  return {
    ...letter,
    declared: { ...letter.declared, tableId: Buffer.from(letter.declared.tableId, "hex") },
    block: Buffer.from(letter.block, "base64"),
  };
}
