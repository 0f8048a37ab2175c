/**
 * Everything that is kept about the owner on this machine, as text: one JSON record a line. The
 * house's own values and alarms, what waits to be sent and what was set aside come with their
 * values; then whatever the backend gives out, as it gives it. The last record says that nothing is
 * missing.
 *
 * Source: GDPR, Art. 15(3) (a copy of the data) and 20 (machine-readable).
 */
import { openSealed, readRows } from "#core/batch/batch-reader.js";
import type { SealedBatch } from "#core/batch/sealed-batch.js";
import { HeatpoolError } from "#core/errors.js";
import type { Backlog } from "../backlog/backlog.js";
import type { HistoryRow, TimeRange } from "../history/history.js";
import type { Alarm } from "../model/alarm.js";

/** What an export reads. */
export interface OwnData {
  /** Who we are, what was agreed to, what is installed: each a record of its own kind. */
  readonly facts: readonly { readonly kind: string }[];
  readonly alarms: readonly Alarm[];
  /** Left out: none is kept. */
  readonly history: OwnHistory | undefined;
  /** Left out: nothing waits. */
  readonly backlog: ReadableBacklog | undefined;
  /** What the backend holds; left out: it knows nobody by a certificate. */
  readonly backend: (() => AsyncIterable<Uint8Array>) | undefined;
}

/** The house's own time series, of each of its devices. */
export interface OwnHistory {
  readonly deviceIds: readonly string[];
  /** All of it. */
  readonly range: TimeRange;
  rows(of: { readonly deviceId: string }, range: TimeRange): AsyncIterable<HistoryRow>;
}

/** The part of a backlog that is read. */
export type ReadableBacklog = Pick<
  Backlog,
  "seal" | "epochs" | "streams" | "after" | "deadLetters" | "readDeadLetter" | "losses"
>;

/** Batches and entries of the ledger in memory at once. */
const BATCHES_AT_ONCE = 4;
const LOSSES_AT_ONCE = 500;

/** Lines, and pieces of lines where they are the backend's. */
export async function* exportOwnData(data: OwnData): AsyncGenerator<Uint8Array> {
  try {
    for (const fact of data.facts) yield line(fact);
    // `kind` of an alarm is what departs.
    for (const { kind, ...alarm } of data.alarms) yield line({ kind: "alarm", of: kind, ...alarm });
    if (data.history !== undefined) yield* exportHistory(data.history);
    if (data.backlog !== undefined) yield* exportBacklog(data.backlog);
    yield* exportBackend(data.backend);
  } catch (error) {
    // Whoever reads it learns why there is no end.
    yield line({ kind: "broken", why: error instanceof Error ? error.message : String(error) });
    return;
  }
  yield line({ kind: "end" });
}

async function* exportHistory(history: OwnHistory): AsyncGenerator<Uint8Array> {
  for (const deviceId of history.deviceIds) {
    for await (const { atMs, values } of history.rows({ deviceId }, history.range)) {
      const time = new Date(atMs).toISOString();
      yield line({ kind: "history", deviceId, time, values: Object.fromEntries(values) });
    }
  }
}

async function* exportBacklog(backlog: ReadableBacklog): AsyncGenerator<Uint8Array> {
  // What is not in a batch yet is put into one, so that one way of reading finds all of it.
  await backlog.seal();
  for (const { epochId } of backlog.epochs()) {
    let sequence = 0;
    for (;;) {
      const entries = await backlog.after(epochId, sequence, BATCHES_AT_ONCE);
      for (const entry of entries) {
        yield* rowsOf(backlog, entry.sealed, { kind: "waiting", epochId, batch: entry.sequence });
        sequence = entry.sequence;
      }
      if (entries.length === 0) break;
    }
  }
  for (const letter of backlog.deadLetters()) {
    yield line({ kind: "rejected", ...letter });
    const sealed = await backlog.readDeadLetter(letter.number);
    if (sealed !== undefined) yield* rowsOf(backlog, sealed, { kind: "rejected-row" });
  }
  for (let number = 0; ; ) {
    const losses = await backlog.losses(number, LOSSES_AT_ONCE);
    for (const loss of losses) {
      // `kind` of a ledger's entry is its class.
      yield line({ kind: "loss", ...loss });
      number = loss.number;
    }
    if (losses.length === 0) return;
  }
}

function* rowsOf(
  backlog: ReadableBacklog,
  sealed: SealedBatch,
  facts: Readonly<Record<string, string | number>>,
): Generator<Uint8Array> {
  const { deviceId, tableId } = sealed;
  const stream = backlog.streams().find(({ table }) => Buffer.compare(table.id, tableId) === 0);
  const unreadable = { ...facts, kind: "unreadable", deviceId, snapshots: sealed.rows };
  if (stream === undefined) return yield line(unreadable);
  let rows: ReturnType<typeof readRows>;
  try {
    rows = readRows(openSealed(sealed, stream.table), stream.table);
  } catch (error) {
    if (!(error instanceof HeatpoolError)) throw error;
    return yield line(unreadable);
  }
  for (const { atMs, values } of rows) {
    const time = new Date(atMs).toISOString();
    yield line({ ...facts, deviceId, time, values: Object.fromEntries(values) });
  }
}

/** A backend that is away is no reason to keep back what is here; the export says so. */
async function* exportBackend(backend: OwnData["backend"]): AsyncGenerator<Uint8Array> {
  if (backend === undefined) return yield line({ kind: "backend", status: "none" });
  let isBegun = false;
  try {
    for await (const piece of backend()) {
      if (!isBegun) yield line({ kind: "backend", status: "follows" });
      isBegun = true;
      yield piece;
    }
    if (!isBegun) yield line({ kind: "backend", status: "nothing" });
  } catch (error) {
    // Half of it would look like all of it.
    if (isBegun || !(error instanceof HeatpoolError)) throw error;
    const status = error.code === "NOT_FOUND" ? "nothing" : "away";
    yield line({ kind: "backend", status, why: error.message });
  }
}

function line(record: object): Uint8Array {
  return Buffer.from(`${JSON.stringify(record)}\n`, "utf8");
}
