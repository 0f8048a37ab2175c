/**
 * What was recorded and is not sealed: fresh snapshots in memory, then blocks in the journal.
 *
 * A block holds rows of one device of one commit, taken in one boot with one belief about the
 * clock. Block numbers are dense, so that a missing one is seen. Only the encoded rows stay in
 * memory: an hour of them is some ten kilobytes.
 */
import { sealSnapshots } from "#core/batch/batch-builder.js";
import { openSealed, readRows } from "#core/batch/batch-reader.js";
import { encodeJournalBlock, type JournalBlock } from "#core/batch/records.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import type { DeviceStream } from "./backlog.js";
import { numberKey } from "./keys.js";

/** A wall clock that moved this much against the monotonic one was set; rows are cut there. */
const CLOCK_STEP_MS = 1_000;
/** Each byte of a commit costs about four on a card: the file system rounds up and journals. */
const DENSE_CODEC = 2;

/** A numbered block of the journal. */
export interface UnsealedBlock extends JournalBlock {
  readonly number: number;
}

/** A snapshot in memory and its stream. */
export interface FreshSnapshot {
  readonly stream: DeviceStream;
  readonly snapshot: Snapshot;
}

/** Blocks in memory, and the numbers of those on disk. */
export class Journal {
  #blocks: UnsealedBlock[] = [];
  #next = 1;
  #rows = 0;

  get rows(): number {
    return this.#rows;
  }

  get blocks(): readonly UnsealedBlock[] {
    return this.#blocks;
  }

  get firstNumber(): number {
    return this.#blocks[0]?.number ?? this.#next;
  }

  get nextNumber(): number {
    return this.#next;
  }

  adopt(blocks: readonly UnsealedBlock[], nextNumber: number): void {
    this.#blocks = [...blocks].sort((a, b) => a.number - b.number);
    this.#rows = this.#blocks.reduce((sum, block) => sum + block.rows.rows, 0);
    this.#next = Math.max(nextNumber, (this.#blocks.at(-1)?.number ?? 0) + 1);
  }

  /** Makes blocks of fresh snapshots. Returns what must be written. */
  write(
    fresh: readonly FreshSnapshot[],
    bootId: Uint8Array,
  ): { key: Buffer; payload: Uint8Array }[] {
    const before = this.#blocks.length;
    for (const run of cutRuns(fresh)) {
      const [first] = run;
      if (first === undefined) continue;
      const snapshots = run.map((one) => one.snapshot);
      for (const rows of sealSnapshots(snapshots, first.stream, DENSE_CODEC)) {
        const at = snapshots.splice(0, rows.rows);
        this.#blocks.push({
          number: this.#next++,
          bootId,
          firstMonotonicMs: Math.round(at[0]?.monotonicMs ?? 0),
          clockSynced: first.snapshot.clockSynced,
          rows,
        });
        this.#rows += rows.rows;
      }
    }
    return this.#blocks.slice(before).map((block) => ({
      key: numberKey("s", block.number),
      payload: encodeJournalBlock(block),
    }));
  }

  /** Forgets sealed or lost blocks. Returns the keys that must go. */
  remove(blocks: readonly UnsealedBlock[]): Buffer[] {
    const gone = new Set(blocks);
    this.#blocks = this.#blocks.filter((block) => !gone.has(block));
    for (const block of gone) this.#rows -= block.rows.rows;
    return blocks.map((block) => numberKey("s", block.number));
  }
}

/**
 * Rows of a block as snapshots.
 *
 * @param startMs when the first row was taken; `undefined`: as the block says
 * @throws HeatpoolError `BATCH_MALFORMED`, `DIGEST_MISMATCH` the block is damaged
 */
export function readBlock(
  block: UnsealedBlock,
  stream: DeviceStream,
  startMs: number | undefined,
): Snapshot[] {
  const columns = openSealed(block.rows, stream.table);
  const rows = [...readRows(columns, stream.table)];
  const firstMs = rows[0]?.atMs ?? 0;
  const shiftMs = startMs === undefined ? 0 : startMs - firstMs;
  return rows.map((row) => ({
    deviceId: stream.deviceId,
    takenAtMs: row.atMs + shiftMs,
    monotonicMs: block.firstMonotonicMs + row.atMs - firstMs,
    clockSynced: true,
    readings: [...row.values].map(([metric, value]) => ({ metric, value, quality: "good" })),
  }));
}

/** Wall clock of a block's first row to within a slot, Unix milliseconds. */
export function startOf(block: UnsealedBlock): number {
  return block.rows.slot * block.rows.stepMs;
}

/** Runs of one stream and one belief about the clock, in the order of recording. */
function cutRuns(fresh: readonly FreshSnapshot[]): FreshSnapshot[][] {
  const runs: FreshSnapshot[][] = [];
  const open = new Map<DeviceStream, FreshSnapshot[]>();
  for (const one of fresh) {
    const run = open.get(one.stream);
    const last = run?.at(-1);
    if (run !== undefined && last !== undefined && areOneRun(last.snapshot, one.snapshot)) {
      run.push(one);
      continue;
    }
    const next = [one];
    open.set(one.stream, next);
    runs.push(next);
  }
  return runs;
}

function areOneRun(a: Snapshot, b: Snapshot): boolean {
  const wallMs = b.takenAtMs - a.takenAtMs;
  const stepMs = Math.abs(wallMs - (b.monotonicMs - a.monotonicMs));
  return a.clockSynced === b.clockSynced && stepMs <= CLOCK_STEP_MS && wallMs > 0;
}
