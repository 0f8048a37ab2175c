/** A backend's inner rooms on a store, joined as the assembly joins them, and batches to feed it. */

import { encodeBlock } from "#core/batch/block.js";
import { type Chain, encodeLink } from "#core/batch/chain.js";
import { type ChannelTable, createChannelTable } from "#core/batch/channel-table.js";
import { type Columns, createColumns } from "#core/batch/columns.js";
import { digestCheck } from "#core/batch/digest.js";
import { NO_PRIOR, type PriorId } from "#core/batch/prior.js";
import { KIND_PRIOR } from "#core/batch/priors/released.js";
import type { Clock } from "#core/clock.js";
import { findMetric } from "#core/measurement/metrics.js";
import type { PrivacyRules } from "../../backend/aggregate/cohort-statistics.js";
import { createCommunity } from "../../backend/aggregate/create-community.js";
import { createEfficiency } from "../../backend/aggregate/create-efficiency.js";
import { restoreRollups } from "../../backend/aggregate/keep-rollups.js";
import { createIngest, type IngestDeps } from "../../backend/ingest/create-ingest.js";
import type { Delivery, IncomingBatch, Introduction } from "../../backend/ingest/ingest.js";
import type { QuotaLimits } from "../../backend/ingest/quota.js";
import { markDay } from "../../backend/registry/day-bitmap.js";
import { createRegistry } from "../../backend/registry/memory-registry.js";
import { daysOfProbation } from "../../backend/registry/probation.js";
import type { InstallationState } from "../../backend/registry/registry.js";
import type { SnapshotStore } from "../../backend/store/snapshot-store.js";
import { createTableFinder } from "../../backend/store/table-finder.js";

export const STEP_MS = 60_000;
export const MODEL = "idm/navigator-2.0";
export const EPOCH = "11111111-1111-4111-8111-111111111111";

/** `temp_outdoor`, `temp_flow` in tenths and `power_current` in hundredths. */
export const TABLE: ChannelTable = createChannelTable([
  { metric: "temp_outdoor", encoding: "int", multiplier: 1, decimals: 1, kind: "fastTemperature" },
  { metric: "temp_flow", encoding: "int", multiplier: 1, decimals: 1, kind: "fastTemperature" },
  { metric: "power_current", encoding: "int", multiplier: 1, decimals: 2, kind: "power" },
]);

/** The n-th installation of a made-up fleet. */
export function installationId(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
}

/** One snapshot's values in steps; `undefined`: absent. */
export type Row = readonly (number | undefined)[];

/** A batch of snapshots a minute apart that begins at `fromMs`. */
export function makeBatch(
  sequence: number,
  fromMs: number,
  rows: readonly Row[],
  more: {
    table?: ChannelTable;
    codec?: number;
    prior?: PriorId;
    epoch?: number;
    device?: number;
  } = {},
): IncomingBatch {
  const { table = TABLE, codec = 1, epoch = 0, device = 0, prior = NO_PRIOR } = more;
  const columns = fillColumns(table, fromMs, rows);
  const { block, plainBytes, digest } = encodeBlock(columns, table, codec, prior);
  const check = digestCheck(digest);
  const { slot } = columns;
  const facts = { device, epoch, sequence, rows: rows.length, slot, codec, prior, check };
  return { ...facts, plainBytes, block };
}

/** The same in codec 2, as the next of a chain, and the chain after it. */
export function makeLink(
  sequence: number,
  fromMs: number,
  rows: readonly Row[],
  more: { chain?: Chain | undefined; device?: number } = {},
): { batch: IncomingBatch; chain: Chain } {
  const columns = fillColumns(TABLE, fromMs, rows);
  const link = encodeLink(columns, TABLE, KIND_PRIOR, more.chain);
  const whole = makeBatch(sequence, fromMs, rows, { ...more, codec: 2, prior: KIND_PRIOR });
  const { block, continues, followsOn } = link;
  const slot = followsOn ? undefined : whole.slot;
  return { batch: { ...whole, block, continues, slot, plainBytes: 0 }, chain: link.chain };
}

/** The columns of such a batch. */
export function fillColumns(table: ChannelTable, fromMs: number, rows: readonly Row[]): Columns {
  const columns = createColumns(table, rows.length);
  columns.rows = rows.length;
  columns.slot = Math.round(fromMs / STEP_MS);
  columns.stepMs = STEP_MS;
  for (const [row, values] of rows.entries()) {
    for (const [c, q] of values.entries()) {
      const lane = columns.lanes[c];
      const present = columns.present[c];
      if (q === undefined || lane === undefined || present === undefined) continue;
      lane[row] = q;
      present[row] = 1;
      columns.counts[c] = (columns.counts[c] ?? 0) + 1;
    }
  }
  return columns;
}

/** What the n-th installation says about itself. */
export function introduce(id: string, more: Partial<Introduction> = {}): Introduction {
  return {
    installationId: id,
    daemonVersion: "0.1.0",
    consentVersion: 1,
    consentScopes: ["telemetry", "community_stats"],
    devices: [
      {
        deviceId: "heatpump",
        profile: MODEL,
        profileVersion: 1,
        heatpumpModel: MODEL,
        tableId: TABLE.id,
        stepMs: STEP_MS,
      },
    ],
    epochs: [{ epochId: EPOCH, firstUnacked: 1, lastSealed: 0 }],
    ...more,
  };
}

/** Limits off, unless a test is about them. */
const NO_LIMITS: QuotaLimits = {
  batchesPerSecond: 0,
  batchesBurst: 0,
  snapshotsPerDay: 0,
  bytesPerDay: 0,
};

/** Joins the rooms on a store, as a start does. */
export async function openBed(
  store: SnapshotStore,
  clock: Clock,
  more: {
    limits?: QuotaLimits;
    file?: string;
    privacy?: Partial<PrivacyRules>;
    /** `false`: anybody may enrol. */
    isVouched?: boolean;
    ingest?: Pick<IngestDeps, "keptFromMs" | "isErased" | "chainBytesMax">;
  } = {},
) {
  const states: InstallationState[] = [];
  for await (const state of store.installations()) states.push(state);
  const registry = createRegistry(states);
  const columnOf = (id: string, model: string) =>
    registry.find(id)?.models.find((one) => one.heatpumpModel === model)?.column;
  const file = more.file === undefined ? {} : { file: more.file };
  const { rollups, parts } = await restoreRollups({ store, columnOf, ...file });
  const limits = more.limits ?? NO_LIMITS;
  const ingest = await createIngest({
    store,
    registry,
    rollups,
    parts,
    clock,
    findMetric,
    markDay,
    limits,
    ...more.ingest,
  });
  const daysWithData = (state: InstallationState, nowMs: number): number =>
    daysOfProbation(state, nowMs, more.isVouched ?? true);
  const privacy = more.privacy ?? {};
  const efficiency = await createEfficiency({
    ...{ store, registry, daysWithData, privacy },
    findTable: createTableFinder(store),
    nowMs: () => clock.nowMs(),
    keptFromMs: () => 0,
  });
  const community = await createCommunity({
    ...{ store, registry, rollups, clock, findMetric, daysWithData, privacy },
    coldStart: { installations: 5, readings: 10_000 },
    alsoRelease: efficiency.release,
  });
  return { store, registry, rollups, parts, ingest, community, efficiency };
}

/** Opens a delivery and teaches what it asks for. */
export async function openDelivery(
  bed: Awaited<ReturnType<typeof openBed>>,
  id: string,
  more: Partial<Introduction> = {},
): Promise<Delivery> {
  const delivery = await bed.ingest.open(introduce(id, more));
  if (delivery.unknownTables.length > 0) await delivery.learnTable(TABLE);
  return delivery;
}
