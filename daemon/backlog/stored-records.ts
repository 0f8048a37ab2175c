/**
 * The backlog's own records as bytes and back. Batches, journal blocks, losses and channel tables
 * are those of `core/batch/records.ts`; the few small ones beside them are JSON.
 *
 * Decoders throw on bytes that do not fit; whoever reads a store calls that damage.
 */
import { decodeLossEntry, encodeLossEntry } from "#core/batch/records.js";
import type { DeadLetter, DeviceStream, Loss, LossReason, Retraction } from "./backlog.js";
import type { StoredEpoch } from "./batch-index.js";

/** Counters since the backlog was made. `lost` is the sum of what the ledger calls lost. */
export interface Counters {
  recorded: number;
  admitted: number;
  duplicate: number;
  rejected: number;
  lost: number;
}

/** What each commit writes beside its records, so that both are always of one moment. */
export interface BacklogState {
  readonly epochs: readonly StoredEpoch[];
  readonly retractions: readonly Retraction[];
  readonly counters: Counters;
  /** Journal blocks below this number are sealed. */
  readonly journalFirst: number;
  readonly journalNext: number;
  readonly lossNext: number;
  readonly deadLetterNext: number;
  /** Newest snapshot's wall clock, Unix milliseconds; 0: none yet. */
  readonly newestMs: number;
  /** Newest sealed snapshot's time, Unix milliseconds; 0: none yet. */
  readonly sealedThroughMs: number;
}

const COUNTER_NAMES = ["recorded", "admitted", "duplicate", "rejected", "lost"] as const;
const PLACE_NAMES = [
  "journalFirst",
  "journalNext",
  "lossNext",
  "newestMs",
  "sealedThroughMs",
  "deadLetterNext",
] as const;

/** Without names, because it is written with each commit: a third of the bytes. */
export function encodeState(state: BacklogState): Buffer {
  const epochs = state.epochs.map((one) => [
    one.epochId,
    one.firstUnacked,
    one.lastSealed,
    one.voids.map(({ from, to }) => [from, to]),
    one.handedThrough ?? null,
  ]);
  const counters = COUNTER_NAMES.map((name) => state.counters[name]);
  const places = PLACE_NAMES.map((name) => state[name]);
  const tail = state.retractions.length === 0 ? [] : [state.retractions];
  return Buffer.from(JSON.stringify([epochs, counters, places, ...tail]));
}

export function decodeState(payload: Buffer): BacklogState {
  const [epochs, counters, places, retractions = []] = JSON.parse(payload.toString()) as [
    [string, number, number, [number, number][]?, (number | null)?][],
    number[],
    number[],
    Retraction[]?,
  ];
  const named = <Name extends string>(names: readonly Name[], values: readonly number[]) =>
    Object.fromEntries(names.map((name, at) => [name, values[at]])) as Record<Name, number>;
  return {
    epochs: epochs.map(([epochId, firstUnacked, lastSealed, voids = [], handed]) => ({
      epochId,
      firstUnacked,
      lastSealed,
      voids: voids.map(([from, to]) => ({ from, to })),
      handedThrough: handed ?? undefined,
    })),
    retractions,
    counters: named(COUNTER_NAMES, counters),
    ...named(PLACE_NAMES, places),
    // Stores of earlier releases do not have it.
    deadLetterNext: places[PLACE_NAMES.indexOf("deadLetterNext")] ?? 1,
  };
}

/** A device stream without its table's channels. */
export interface StoredStream extends Omit<DeviceStream, "table"> {
  readonly tableId: string;
}

export function encodeStream(stream: DeviceStream): Buffer {
  const { table, ...rest } = stream;
  return Buffer.from(JSON.stringify({ ...rest, tableId: hex(table.id) }));
}

export function decodeStream(payload: Buffer): StoredStream {
  return JSON.parse(payload.toString()) as StoredStream;
}

export function encodeLoss(loss: Loss): Buffer {
  return Buffer.from(encodeLossEntry(loss));
}

export function decodeLoss(payload: Buffer): Loss {
  const entry = decodeLossEntry(payload);
  // Only this room writes entries, with reasons of its own list.
  return { ...entry, reason: entry.reason as LossReason };
}

/** Bytes that say how long the facts before a dead letter's batch are. */
const FACTS_HEAD_BYTES = 4;

/** @param batch as it was stored */
export function encodeDeadLetter(
  letter: Omit<DeadLetter, "number" | "bytes">,
  batch: Uint8Array,
): Buffer {
  const facts = Buffer.from(JSON.stringify(letter));
  const head = Buffer.alloc(FACTS_HEAD_BYTES);
  head.writeUInt32BE(facts.length);
  return Buffer.concat([head, facts, batch]);
}

/** @throws when the bytes are none */
export function decodeDeadLetter(payload: Buffer): {
  readonly letter: Omit<DeadLetter, "number" | "bytes">;
  readonly batch: Buffer;
} {
  const end = FACTS_HEAD_BYTES + payload.readUInt32BE(0);
  const letter = JSON.parse(payload.subarray(FACTS_HEAD_BYTES, end).toString());
  return { letter, batch: payload.subarray(end) };
}

/** Names a device stream: what a batch says about itself. */
export function streamKeyOf(of: {
  readonly deviceId: string;
  readonly tableId: Uint8Array;
  readonly stepMs: number;
}): string {
  return `${hex(of.tableId)}/${of.stepMs}/${of.deviceId}`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
