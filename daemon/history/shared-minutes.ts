/**
 * Which minutes of imported values were already handed to the backlog, so that an import may be
 * repeated and nothing is contributed twice.
 *
 * A minute is one bit; a device has one file for each month (UTC). What is under way is noted
 * before it is sealed: after a crash the backlog itself says whether that had happened. Where it
 * cannot say, the minutes count as handed over: rather a day too little than one twice.
 */
import { HeatpoolError } from "#core/errors.js";
import type { Backlog } from "../backlog/backlog.js";
import type { HistoryRow } from "./history.js";

/** A small durable file. */
interface NoteFile {
  readBytes(): Buffer | undefined;
  write(content: string | Uint8Array): void;
  remove(): void;
}

/** Rows of one UTC day of one device, at most one a minute, that were never handed over. */
export interface FreshDay {
  readonly deviceId: string;
  /** Days since 1970. */
  readonly day: number;
  readonly rows: readonly HistoryRow[];
}

/** The minutes of all devices. */
export interface SharedMinutes {
  /** Of rows of one day, in any order, those that may be handed over. */
  choose(deviceId: string, day: number, rows: readonly HistoryRow[]): FreshDay;
  /** Hands a day over: `hand` makes it durable in one step, wholly or not at all. */
  carryOut(of: FreshDay, backlog: Backlog, hand: () => Promise<void>): Promise<void>;
  /** Settles what a crash left under way. */
  settle(backlog: Backlog): void;
}

/** What is under way. */
interface UnderWay {
  readonly deviceId: string;
  readonly day: number;
  /** The day's bits with what is handed over, base64. */
  readonly bits: string;
  readonly epochId: string;
  readonly lastSealed: number;
  readonly recorded: number;
}

export const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const MINUTES = DAY_MS / MINUTE_MS;
const DAY_BYTES = MINUTES / 8;
const MONTH_BYTES = 31 * DAY_BYTES;

/** @param fileOf small durable files of one folder, by their names */
export function openSharedMinutes(fileOf: (name: string) => NoteFile): SharedMinutes {
  const note = fileOf("under-way.json");

  function readMonth(deviceId: string, day: number) {
    const date = new Date(day * DAY_MS);
    const file = fileOf(`${deviceId}.${date.toISOString().slice(0, 7)}`);
    const kept = file.readBytes();
    const bytes = kept?.length === MONTH_BYTES ? kept : Buffer.alloc(MONTH_BYTES);
    const from = (date.getUTCDate() - 1) * DAY_BYTES;
    return { file, bytes, bits: bytes.subarray(from, from + DAY_BYTES) };
  }

  function mark(deviceId: string, day: number, more: Uint8Array): void {
    const { file, bytes, bits } = readMonth(deviceId, day);
    for (const [at, byte] of more.entries()) bits[at] = (bits[at] ?? 0) | byte;
    file.write(bytes);
  }

  return {
    choose(deviceId, day, rows) {
      const { bits } = readMonth(deviceId, day);
      const chosen = new Map<number, HistoryRow>();
      for (const row of rows.toSorted((a, b) => a.atMs - b.atMs)) {
        const minute = minuteOf(row.atMs);
        if (!has(bits, minute) && !chosen.has(minute)) chosen.set(minute, row);
      }
      return { deviceId, day, rows: [...chosen.values()] };
    },
    async carryOut({ deviceId, day, rows }, backlog, hand) {
      const bits = Buffer.alloc(DAY_BYTES);
      for (const { atMs } of rows) set(bits, minuteOf(atMs));
      const { epochId, recorded } = backlog.status();
      const lastSealed = backlog.epochs().at(-1)?.lastSealed ?? 0;
      const of: UnderWay = {
        ...{ deviceId, day, epochId, lastSealed, recorded },
        bits: bits.toString("base64"),
      };
      note.write(JSON.stringify(of));
      await hand();
      mark(deviceId, day, bits);
      note.remove();
    },
    settle(backlog) {
      const text = note.readBytes()?.toString("utf8");
      if (text === undefined) return;
      const of = parseNote(text);
      const epoch = backlog.epochs().find(({ epochId }) => epochId === of.epochId);
      const isUntouched =
        epoch?.lastSealed === of.lastSealed || backlog.status().recorded === of.recorded;
      if (!isUntouched) mark(of.deviceId, of.day, Buffer.from(of.bits, "base64"));
      note.remove();
    },
  };
}

function minuteOf(atMs: number): number {
  return Math.floor((atMs % DAY_MS) / MINUTE_MS);
}

function has(bits: Uint8Array, minute: number): boolean {
  return ((bits[minute >> 3] ?? 0) & (1 << (minute & 7))) !== 0;
}

function set(bits: Uint8Array, minute: number): void {
  bits[minute >> 3] = (bits[minute >> 3] ?? 0) | (1 << (minute & 7));
}

function parseNote(text: string): UnderWay {
  try {
    const of = JSON.parse(text) as UnderWay;
    if (Number.isSafeInteger(of.day) && typeof of.bits === "string") return of;
  } catch {
    // Told below.
  }
  throw new HeatpoolError("STATE_INVALID", "the note of what an import shares cannot be read", {
    hint: "Remove `shared-minutes` from the state folder; imported values may then be sent twice.",
  });
}
