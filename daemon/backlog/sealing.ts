/**
 * Journal blocks to sealed batches: which can be sealed at present, and what becomes of the rest.
 */
import { sealSnapshots } from "#core/batch/batch-builder.js";
import { timeToleranceOf } from "#core/batch/limits.js";
import { priorOfProfile } from "#core/batch/priors/released.js";
import type { SealedBatch } from "#core/batch/sealed-batch.js";
import type { Clock } from "#core/clock.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import type { DeviceStream, LossReason } from "./backlog.js";
import { bootName, resolveTimes } from "./block-times.js";
import { readBlock, startOf, type UnsealedBlock } from "./journal.js";
import { streamKeyOf } from "./stored-records.js";

/** How batches are cut. */
export interface SealingRules {
  readonly codec: number;
  readonly rowsMax: number;
  readonly blockBytesMax: number;
}

/** What is known about time and streams. */
export interface SealingFacts {
  readonly clock: Clock;
  readonly bootId: Uint8Array;
  /** Newest sealed time, Unix milliseconds. */
  readonly sealedThroughMs: number;
  readonly streams: ReadonlyMap<string, DeviceStream>;
}

/** A batch and when its rows were taken. */
export interface PlannedBatch {
  readonly sealed: SealedBatch;
  readonly fromMs: number;
  readonly toMs: number;
}

/** What sealing makes of the journal. */
export interface SealingPlan {
  readonly batches: readonly PlannedBatch[];
  /** Blocks whose rows are in the batches or lost. */
  readonly used: readonly UnsealedBlock[];
  /** Blocks that will never be sent. */
  readonly lost: readonly { readonly block: UnsealedBlock; readonly reason: LossReason }[];
}

/** Plans batches of all blocks whose times are resolved, stream by stream in order. */
export function planSealing(
  blocks: readonly UnsealedBlock[],
  facts: SealingFacts,
  rules: SealingRules,
): SealingPlan {
  const { clock, bootId, sealedThroughMs } = facts;
  const verdicts = resolveTimes(
    blocks,
    clock,
    bootId,
    sealedThroughMs,
    findBootTimes(blocks, facts),
  );
  const rows = new Map<DeviceStream, Snapshot[]>();
  const used: UnsealedBlock[] = [];
  const lost: { block: UnsealedBlock; reason: LossReason }[] = [];
  for (const [at, block] of blocks.entries()) {
    const verdict = verdicts[at];
    if (verdict === undefined || verdict.kind === "wait") continue;
    used.push(block);
    const stream = facts.streams.get(streamKeyOf(block.rows));
    if (verdict.kind === "unresolvable") lost.push({ block, reason: "time-unresolved" });
    else if (stream === undefined || !takeRows(rows, block, stream, verdict.startMs)) {
      lost.push({ block, reason: "corrupt-record" });
    }
  }
  const batches = [...rows].flatMap(([stream, snapshots]) => sealRows(snapshots, stream, rules));
  return { batches, used, lost };
}

/** When earlier boots began, by the first rows that each took with a trusted clock. */
function findBootTimes(
  blocks: readonly UnsealedBlock[],
  { bootId, streams }: SealingFacts,
): Map<string, number> {
  const times = new Map<string, number>();
  const unsure = new Set(
    blocks.filter(({ clockSynced }) => !clockSynced).map((one) => bootName(one.bootId)),
  );
  unsure.delete(bootName(bootId));
  for (const block of blocks) {
    const name = bootName(block.bootId);
    const stream = streams.get(streamKeyOf(block.rows));
    if (!block.clockSynced || !unsure.has(name) || times.has(name) || stream === undefined)
      continue;
    const rows = new Map<DeviceStream, Snapshot[]>();
    if (!takeRows(rows, block, stream, undefined)) continue;
    const first = rows.get(stream)?.[0];
    if (first !== undefined) times.set(name, first.takenAtMs - first.monotonicMs);
  }
  return times;
}

/** Adds a block's rows to its stream's. False: its bytes are not what was written. */
function takeRows(
  rows: Map<DeviceStream, Snapshot[]>,
  block: UnsealedBlock,
  stream: DeviceStream,
  startMs: number | undefined,
): boolean {
  try {
    const mine = rows.get(stream) ?? [];
    mine.push(...readBlock(block, stream, startMs));
    rows.set(stream, mine);
    return true;
  } catch {
    return false;
  }
}

/** Seals rows of one stream in order. */
export function sealRows(
  rows: readonly Snapshot[],
  stream: DeviceStream,
  { codec, rowsMax, blockBytesMax }: SealingRules,
): PlannedBatch[] {
  let next = 0;
  const timeToleranceMs = timeToleranceOf(stream.stepMs);
  const cut = { rowsMax, blockBytesMax, timeToleranceMs, prior: priorOfProfile(stream.profile) };
  return sealSnapshots(rows, stream, codec, cut).map((sealed) => {
    const first = rows[next];
    next += sealed.rows;
    const last = rows[next - 1];
    return { sealed, fromMs: first?.takenAtMs ?? 0, toMs: last?.takenAtMs ?? 0 };
  });
}

/** Span of a block, for the ledger. */
export function spanOf(block: UnsealedBlock): { fromMs: number; toMs: number } {
  const fromMs = startOf(block);
  return { fromMs, toMs: fromMs + (block.rows.rows - 1) * block.rows.stepMs };
}
