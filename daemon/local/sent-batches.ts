/**
 * What left the house: the newest batches that the uplink took, kept so that the owner can look into
 * them. In memory only and bounded; the backlog forgets what the backend has.
 */
import { openSealed, readRows } from "#core/batch/batch-reader.js";
import type { ChannelTable } from "#core/batch/channel-table.js";
import { isSameDigest } from "#core/batch/digest.js";
import type { SealedBatch } from "#core/batch/sealed-batch.js";
import type { Clock } from "#core/clock.js";
import type { Backlog, BacklogEntry, Receipt } from "../backlog/backlog.js";
import type { SentBatch, SentRows } from "./house.js";

/** An hour's batch of one iDM has about 2 KB. */
const BATCHES_MAX = 48;
const BYTES_MAX = 1024 * 1024;

interface Kept {
  readonly number: number;
  readonly epochId: string;
  readonly sequence: number;
  readonly sealed: SealedBatch;
  readonly handedOverAtMs: number;
  ackedAtMs: number | undefined;
}

/** The newest batches. */
export interface SentBatches {
  /** The same backlog for the uplink, seen through. */
  watch(backlog: Backlog): Backlog;
  newest(): readonly SentBatch[];
  /** Bytes handed over since the start; a batch that is read twice counts once. */
  readonly bytes: number;
  rows(number: number): SentRows | undefined;
  /** Forgets everything (withdrawn consent). */
  clear(): void;
}

export function createSentBatches(
  clock: Pick<Clock, "nowMs">,
  tables: () => readonly ChannelTable[],
): SentBatches {
  let kept: Kept[] = [];
  let last = 0;
  let bytes = 0;
  const note = (entries: readonly BacklogEntry[]) => {
    for (const { epochId, sequence, sealed } of entries) {
      const isKnown = kept.some((one) => one.epochId === epochId && one.sequence === sequence);
      if (isKnown) continue;
      bytes += sealed.block.length;
      const handedOverAtMs = clock.nowMs();
      kept.push({
        number: ++last,
        epochId,
        sequence,
        sealed,
        handedOverAtMs,
        ackedAtMs: undefined,
      });
    }
    kept = bounded(kept);
  };
  const acknowledge = ({ epochId, ackedThrough }: Receipt) => {
    for (const one of kept) {
      if (one.epochId === epochId && one.sequence <= ackedThrough) one.ackedAtMs ??= clock.nowMs();
    }
  };
  return {
    watch: (backlog) => watch(backlog, note, acknowledge),
    newest: () => kept.toReversed().map(describe),
    get bytes() {
      return bytes;
    },
    rows(number) {
      const found = kept.find((one) => one.number === number);
      const table = tables().find((one) => found && isSameDigest(one.id, found.sealed.tableId));
      return found === undefined || table === undefined ? undefined : toRows(found.sealed, table);
    },
    clear() {
      kept = [];
    },
  };
}

function bounded(kept: Kept[]): Kept[] {
  let room = BYTES_MAX;
  let from = kept.length;
  while (from > 0 && kept.length - from < BATCHES_MAX) {
    room -= kept[from - 1]?.sealed.block.length ?? 0;
    if (room < 0 && from < kept.length) break;
    from--;
  }
  return kept.slice(from);
}

function describe({ number, sequence, sealed, handedOverAtMs, ackedAtMs }: Kept): SentBatch {
  const { deviceId, rows, readings, block } = sealed;
  const facts = { number, deviceId, sequence, rows, readings };
  return { ...facts, bytes: block.length, handedOverAtMs, ackedAtMs };
}

function toRows(sealed: SealedBatch, table: ChannelTable): SentRows {
  const metrics = table.channels.map(({ metric }) => metric);
  const rows = [...readRows(openSealed(sealed, table), table)].map(({ atMs, values }) => ({
    atMs,
    values: metrics.map((metric) => values.get(metric)),
  }));
  const used = metrics.map((_, c) => rows.some(({ values }) => values[c] !== undefined));
  return {
    metrics: metrics.filter((_, c) => used[c]),
    rows: rows.map(({ atMs, values }) => ({ atMs, values: values.filter((_, c) => used[c]) })),
  };
}

/** Everything goes to `backlog`; what is handed out and acknowledged is noted on the way. */
function watch(
  backlog: Backlog,
  note: (entries: readonly BacklogEntry[]) => void,
  acknowledged: (receipt: Receipt) => void,
): Backlog {
  const seen: Pick<Backlog, "after" | "acknowledge"> = {
    async after(...of) {
      const entries = await backlog.after(...of);
      note(entries);
      return entries;
    },
    async acknowledge(receipt) {
      await backlog.acknowledge(receipt);
      acknowledged(receipt);
    },
  };
  return new Proxy(backlog, {
    get(target, name) {
      if (name === "after" || name === "acknowledge") return seen[name];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
