/**
 * Hands blocks on from the store to the time series engine, in the order of their commits.
 *
 * The engine's word is not taken for it: what was handed on counts only when the engine has been
 * the same process for a while after, or has settled. The place in the store up to which everything
 * counts is a record of the store. When the engine was started anew, everything after that place is
 * handed on again; the engine keeps each reading once. Erasures are records too, and are done twice:
 * at once, and again when nothing that was read before can be on its way any more.
 */
import { openSealed } from "#core/batch/batch-reader.js";
import type { ChannelTable } from "#core/batch/channel-table.js";
import { type Columns, createColumns } from "#core/batch/columns.js";
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { SeriesEngine, SeriesWriter } from "./series-engine.js";
import type { SnapshotStore, StoredBlock } from "./snapshot-store.js";

/** What the feed works with. */
export interface FeedDeps {
  readonly store: Pick<
    SnapshotStore,
    | "blocks"
    | "blocksAfter"
    | "tables"
    | "record"
    | "putRecord"
    | "recordNames"
    | "removeRecord"
    | "committedThrough"
  >;
  readonly engine: SeriesEngine;
  readonly clock: Clock;
  /** The engine left rows out, e.g. because they are older than it keeps. */
  readonly onRefused?: (rows: number) => void;
}

/** The feed. */
export interface SeriesFeed {
  /** One round: what is new is handed on, what is due is confirmed and erased. */
  step(): Promise<void>;
  /** Hands everything on and confirms it, by having the engine settle. */
  finish(): Promise<void>;
  /** Everything up to this commit is in the engine for good; -1: not even what was there before. */
  readonly confirmedThrough: number;
  /** Commits that are handed on, for good or not. */
  readonly handedThrough: number;
}

/** Names of its records. */
export const PLACE = "series/through";
export const ERASURES = "series/erase/";

/**
 * An engine that was the same process for so long has flushed: at least five times its interval of
 * 5 s and 2 s more (delivery of 2 s buffers, flush of 5 s; seen on 1.79: lost after 6 s, not after 8).
 */
export const HOLD_MS = 60_000;
/** A life begins in a second, and is told from another by it. */
const YOUNG_MS = 2_000;
/** Sent at once. */
const SEND_BYTES = 4 * 1024 * 1024;
/** Tables whose buffers are kept. */
const TABLES_MAX = 64;

/** What was handed on and does not count yet. */
interface Held {
  readonly through: number;
  readonly atMs: number;
}

/** Reads how far an earlier process came. */
export async function openSeriesFeed(deps: FeedDeps): Promise<SeriesFeed> {
  const { store, engine, clock } = deps;
  let confirmed = await readPlace(store);
  let handed = confirmed;
  let held: Held[] = [];
  let life: { name: string; sinceMs: number; rowsRefused: number } | undefined;
  const erasedAtMs = new Map<string, number>();
  const decode = createDecoder(store);

  /** Whether the engine may be written to; a new life begins where the old one was sure. */
  const look = async (): Promise<boolean> => {
    const found = await engine.life();
    if (life?.name !== found.name) {
      life = { name: found.name, sinceMs: clock.monotonicMs(), rowsRefused: found.rowsRefused };
      handed = confirmed;
      held = [];
      erasedAtMs.clear();
    }
    const refused = found.rowsRefused - life.rowsRefused;
    if (refused > 0) deps.onRefused?.(refused);
    life.rowsRefused = found.rowsRefused;
    return clock.monotonicMs() - life.sinceMs >= YOUNG_MS;
  };
  const confirm = async (through: number): Promise<void> => {
    if (through <= confirmed) return;
    await store.putRecord(PLACE, Buffer.from(String(through)));
    confirmed = through;
    held = held.filter((one) => one.through > through);
  };
  const handOn = async (): Promise<void> => {
    let writer = engine.begin();
    let sending: Promise<void> = Promise.resolve();
    const through = { done: handed, open: handed };
    const send = async (upTo: number): Promise<void> => {
      const full = writer;
      writer = engine.begin();
      await sending;
      sending = full.send().then(() => {
        handed = Math.max(handed, upTo);
      });
      // Told by whoever waits for it.
      sending.catch(() => undefined);
    };
    const before = store.committedThrough;
    for await (const block of handed < 0 ? everything(store) : store.blocksAfter(handed)) {
      if (block.commitNumber !== through.open) {
        through.done = through.open;
        through.open = block.commitNumber;
      }
      await decode(block, writer);
      if (writer.bytes >= SEND_BYTES) await send(through.done);
    }
    // What was there when an engine is new is one piece: it is handed on as a whole, or again.
    await send(handed < 0 ? before : through.open);
    await sending;
    if (handed > (held.at(-1)?.through ?? confirmed)) {
      held.push({ through: handed, atMs: clock.monotonicMs() });
    }
  };
  const erase = async (): Promise<void> => {
    const names = await store.recordNames(ERASURES);
    const nowMs = clock.monotonicMs();
    const isDue = (name: string) => nowMs - (erasedAtMs.get(name) ?? nowMs) >= HOLD_MS;
    const due = names.filter((name) => !erasedAtMs.has(name) || isDue(name));
    if (due.length === 0) return;
    await engine.erase(due.map((name) => name.slice(ERASURES.length)));
    await engine.settle();
    await look();
    for (const name of due) {
      if (!erasedAtMs.has(name)) {
        erasedAtMs.set(name, nowMs);
        await store.putRecord(name, Buffer.from("once"));
      } else {
        erasedAtMs.delete(name);
        await store.removeRecord(name);
      }
    }
  };
  let turn: Promise<unknown> = Promise.resolve();
  const alone = (work: () => Promise<void>): Promise<void> => {
    const next = turn.then(work);
    turn = next.catch(() => undefined);
    return next;
  };
  return {
    step: () =>
      alone(async () => {
        if (!(await look())) return;
        await handOn();
        await erase();
        if (!(await look())) return;
        const due = held.filter((one) => clock.monotonicMs() - one.atMs >= HOLD_MS).at(-1);
        if (due !== undefined) await confirm(due.through);
      }),
    finish: () =>
      alone(async () => {
        await look();
        await handOn();
        await erase();
        const was = life?.name;
        await engine.settle();
        await look();
        if (life?.name !== was) {
          throw new HeatpoolError("STORE_FAILED", "the series engine was started anew meanwhile", {
            hint: "Try again.",
          });
        }
        await confirm(handed);
      }),
    get confirmedThrough() {
      return confirmed;
    },
    get handedThrough() {
      return handed;
    },
  };
}

async function readPlace(store: FeedDeps["store"]): Promise<number> {
  const bytes = await store.record(PLACE);
  return bytes === undefined ? -1 : Number(Buffer.from(bytes).toString());
}

/** All blocks as if they were of one commit: the journal may have been cut before there was a feed. */
async function* everything(store: FeedDeps["store"]) {
  for await (const block of store.blocks()) yield { ...block, commitNumber: -1 };
}

/** Decodes into buffers that are kept for the tables used last. */
function createDecoder(store: FeedDeps["store"]) {
  const tables = new Map<string, { table: ChannelTable; columns: Columns }>();
  const known = new Map<string, ChannelTable>();
  const find = async (id: string): Promise<ChannelTable> => {
    if (!known.has(id)) {
      for await (const table of store.tables()) known.set(hex(table.id), table);
    }
    const table = known.get(id);
    if (table !== undefined) return table;
    throw new HeatpoolError("STORE_DAMAGED", `channel table ${id} is missing`, {
      hint: "Restore the store from a backup.",
    });
  };
  return async (block: StoredBlock, writer: SeriesWriter): Promise<void> => {
    const id = hex(block.batch.tableId);
    const table = tables.get(id)?.table ?? (await find(id));
    const columns = tables.get(id)?.columns ?? createColumns(table, block.batch.rows);
    tables.delete(id);
    tables.set(id, { table, columns });
    const [oldest] = tables.keys();
    if (tables.size > TABLES_MAX && oldest !== undefined) tables.delete(oldest);
    openSealed(block.batch, table, columns);
    writer.add({ block, table, columns });
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** Time between two rounds, and after one that failed. */
const ROUND_MS = 2_000;
const ROUND_AFTER_FAULT_MS = 10_000;

/** Feeds until the signal. What is not confirmed then is handed on again at the next start. */
export async function runSeriesFeed(
  deps: {
    readonly feed: SeriesFeed;
    readonly clock: Clock;
    readonly onFault: (fault: unknown) => void;
    readonly onRecovered: () => void;
  },
  signal: AbortSignal,
): Promise<void> {
  let isWell = true;
  while (!signal.aborted) {
    try {
      await deps.feed.step();
      if (!isWell) deps.onRecovered();
      isWell = true;
    } catch (fault) {
      // An engine that is away is told once, not every round.
      if (isWell) deps.onFault(fault);
      isWell = false;
    }
    await deps.clock.sleep(isWell ? ROUND_MS : ROUND_AFTER_FAULT_MS, signal);
  }
}
