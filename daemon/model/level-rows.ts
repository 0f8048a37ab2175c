/**
 * The rows on LevelDB: two records a day and device, facts and rows. What does not open any more is
 * thrown away: it costs weeks of learning, never a reading.
 */
import { mkdir, rm } from "node:fs/promises";
import type { ClassicLevel } from "classic-level";
import { Level } from "level";
import { HeatpoolError } from "#core/errors.js";
import { packRows, unpackRows } from "./packed-rows.js";
import { DAYS_KEPT_MAX, type DayFacts, type RowStore } from "./row-store.js";

// `level` is this class in Node, with fewer types.
const LevelDatabase = Level as unknown as typeof ClassicLevel;
type Database = ClassicLevel<string, Buffer>;

/** A day is about 10 KB; a Pi has better uses for memory. */
const WRITE_BUFFER_BYTES = 256 * 1024;
const CACHE_BYTES = 128 * 1024;
const FOLDER_MODE = 0o700;
/** Days sort as text. */
const DAY_DIGITS = 6;

/**
 * @param onLost the old one could not be opened and was thrown away
 * @throws HeatpoolError `STORE_LOCKED` another process has it · `STORE_FAILED`
 */
export async function openLevelRows(
  folder: string,
  onLost: (cause: unknown) => void,
): Promise<RowStore> {
  const database = await openOrRenew(folder, onLost);
  const read = async (deviceId: string, day: number) => {
    const bytes = await database.get(keyOf("rows", deviceId, day)).catch(() => undefined);
    return bytes === undefined ? undefined : unpackRows(day, bytes);
  };
  const days = async (deviceId: string) => {
    const found: DayFacts[] = [];
    const range = { gte: `facts/${deviceId}/`, lt: `facts/${deviceId}0` };
    for await (const [, text] of database.iterator(range)) {
      const facts = parseFacts(text);
      if (facts !== undefined) found.push(facts);
    }
    return found;
  };
  const remove = async (deviceId: string, gone: readonly number[]) => {
    const keys = gone.flatMap((day) => [
      keyOf("facts", deviceId, day),
      keyOf("rows", deviceId, day),
    ]);
    await database.batch(keys.map((key) => ({ type: "del" as const, key })));
  };
  return {
    async put(deviceId, facts, rows) {
      const { day } = facts;
      const operations = [
        {
          type: "put",
          key: keyOf("facts", deviceId, day),
          value: Buffer.from(JSON.stringify(facts)),
        },
        { type: "put", key: keyOf("rows", deviceId, day), value: packRows(rows) },
      ] as const;
      await database.batch([...operations], { sync: true }).catch((cause: unknown) => {
        throw failed(folder, cause);
      });
      const known = (await days(deviceId)).map((one) => one.day);
      if (known.length > DAYS_KEPT_MAX) await remove(deviceId, known.slice(0, -DAYS_KEPT_MAX));
    },
    read,
    days,
    async forget(deviceId) {
      await remove(
        deviceId,
        (await days(deviceId)).map(({ day }) => day),
      );
    },
    close: () => database.close(),
  };
}

async function openOrRenew(folder: string, onLost: (cause: unknown) => void): Promise<Database> {
  try {
    return await openAt(folder);
  } catch (cause) {
    if (isLocked(cause))
      throw new HeatpoolError("STORE_LOCKED", `${folder}: another process has it open`, { cause });
    onLost(cause);
    await rm(folder, { recursive: true, force: true });
    return await openAt(folder).catch((again: unknown) => {
      throw failed(folder, again);
    });
  }
}

async function openAt(folder: string): Promise<Database> {
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  const database = new LevelDatabase<string, Buffer>(folder, {
    keyEncoding: "utf8",
    valueEncoding: "buffer",
    writeBufferSize: WRITE_BUFFER_BYTES,
    cacheSize: CACHE_BYTES,
    compression: false,
  });
  await database.open();
  return database;
}

function keyOf(kind: "facts" | "rows", deviceId: string, day: number): string {
  return `${kind}/${deviceId}/${String(day).padStart(DAY_DIGITS, "0")}`;
}

function parseFacts(bytes: Buffer): DayFacts | undefined {
  try {
    const facts = JSON.parse(bytes.toString()) as DayFacts;
    return Number.isSafeInteger(facts.day) && Number.isFinite(facts.steadyRows) ? facts : undefined;
  } catch {
    return undefined;
  }
}

/** The code stands in the error or in its cause. */
function isLocked(cause: unknown): boolean {
  const { code, cause: inner } = cause as { code?: unknown; cause?: { code?: unknown } };
  return code === "LEVEL_LOCKED" || inner?.code === "LEVEL_LOCKED";
}

function failed(folder: string, cause: unknown): HeatpoolError {
  return new HeatpoolError("STORE_FAILED", `${folder}: ${String(cause)}`, {
    cause,
    hint: "Look at free space and at the medium.",
  });
}
