/**
 * Submissions on their way to ingest: each installation has one epoch for what comes by HTTP, and
 * its records become batches of it, one device and day each.
 *
 * A record is known by its device and time. What is stored already is left out before a batch is
 * made, so a submission that comes twice, or overlaps another, is stored once. One submission of an
 * installation at a time: two at once would both find a record missing.
 */
import { createHash } from "node:crypto";
import { sealSnapshots } from "#core/batch/batch-builder.js";
import { type ChannelTable, createChannelTable } from "#core/batch/channel-table.js";
import { digestCheck } from "#core/batch/digest.js";
import type { SealedBatch } from "#core/batch/sealed-batch.js";
import type { Metric } from "#core/measurement/metrics.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import { formatUuid } from "#core/uuid.js";
import type { Delivery, Introduction } from "../ingest/ingest.js";
import { tooMany } from "./answers.js";
import type { HttpBehind } from "./http.js";
import type { Submission, SubmittedSnapshot } from "./submission.js";

/** What a submission has beside its body. */
export interface Submitter {
  readonly installationId: string;
  /** Whether the token belongs to this very installation. */
  readonly isVerified: boolean;
}

/** Takes submissions. */
export interface Intake {
  /**
   * Resolves with the number of the body's records that are stored: by it or by an earlier one.
   *
   * @throws HeatpoolError as `Ingest.open` and `Delivery.take` · Refusal 429 too many wait
   */
  submit(submission: Submission, from: Submitter): Promise<number>;
}

const DAY_MS = 86_400_000;
/** Of the time grid; the milliseconds beside it are kept. */
const STEP_MS = 60_000;
/** One stage of deflate; what comes here is sent once. */
const CODEC = 1;
/** Submissions of one installation that may wait for their turn. */
const WAITING_MAX = 4;
const WAITING_RETRY_MS = 10_000;
/** The earlier clients asked their owners for these. */
const CONSENT_VERSION = 1;
const SCOPES = ["telemetry", "model_training", "community_stats"];

/** @param metrics that have a meaning without a profile */
export function createIntake(
  behind: Pick<HttpBehind, "ingest" | "storedTimes">,
  metrics: readonly Metric[],
  rules: { readonly countUnverified: boolean },
): Intake {
  const table = planTable(metrics);
  const turns = new Map<string, { waiting: number; last: Promise<unknown> }>();
  return {
    async submit(submission, from) {
      const id = from.installationId;
      const turn = turns.get(id) ?? { waiting: 0, last: Promise.resolve() };
      if (turn.waiting >= WAITING_MAX) throw tooMany(WAITING_RETRY_MS);
      turns.set(id, turn);
      turn.waiting++;
      const work = turn.last.then(() => store(behind, submission, from, table, rules));
      turn.last = work.catch(() => undefined);
      try {
        return await work;
      } finally {
        if (--turn.waiting === 0) turns.delete(id);
      }
    },
  };
}

/** One table for everything that comes by HTTP: a client does not choose how many there are. */
function planTable(metrics: readonly Metric[]): ChannelTable {
  return createChannelTable(
    metrics.map(({ id, behaviour }) => ({
      metric: id,
      // Earlier clients average: values have more digits than the catalogue's resolution.
      encoding: "f64",
      multiplier: 1,
      decimals: 0,
      kind: behaviour,
    })),
  );
}

async function store(
  { ingest, storedTimes }: Pick<HttpBehind, "ingest" | "storedTimes">,
  submission: Submission,
  { installationId, isVerified }: Submitter,
  table: ChannelTable,
  { countUnverified }: { readonly countUnverified: boolean },
): Promise<number> {
  const groups = groupByDeviceAndDay(submission.snapshots);
  const devices = [...new Map(groups.map((one) => [`${one.deviceId}\0${one.heatpumpModel}`, one]))];
  const delivery = await ingest.open(
    introduce(installationId, submission.version, {
      scopes: isVerified || countUnverified ? SCOPES : SCOPES.slice(0, 1),
      devices: devices.map(([, one]) => one),
      table,
    }),
  );
  try {
    if (delivery.unknownTables.length > 0) await delivery.learnTable(table);
    const stored = new Set<number>();
    for (const group of groups) {
      const name = `${group.deviceId}\0${group.heatpumpModel}`;
      const device = devices.findIndex(([one]) => one === name);
      const known = await storedTimes(installationId, group.deviceId, group.dayMs);
      const fresh = group.snapshots.filter(({ takenAtMs }) => !known.has(takenAtMs));
      for (const one of group.snapshots) if (known.has(one.takenAtMs)) stored.add(one.record);
      const isWhole = await deliver(delivery, device, fresh, table);
      // What was refused for its time is not there; asking is exact.
      const now = isWhole
        ? undefined
        : await storedTimes(installationId, group.deviceId, group.dayMs);
      for (const one of fresh) if (now?.has(one.takenAtMs) ?? true) stored.add(one.record);
    }
    return stored.size;
  } finally {
    delivery.close();
  }
}

interface Group {
  readonly deviceId: string;
  readonly heatpumpModel: string;
  readonly dayMs: number;
  /** By time, each time once. */
  readonly snapshots: readonly SubmittedSnapshot[];
}

function groupByDeviceAndDay(snapshots: readonly SubmittedSnapshot[]): Group[] {
  const groups = new Map<string, SubmittedSnapshot[]>();
  for (const one of snapshots) {
    if (one.values.size === 0) continue;
    const day = Math.floor(one.takenAtMs / DAY_MS);
    const name = `${one.deviceId}\0${one.heatpumpModel}\0${day}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [one]);
    else group.push(one);
  }
  return [...groups.values()].map((all) => {
    const byTime = new Map(all.map((one) => [one.takenAtMs, one]));
    const sorted = [...byTime.values()].sort((a, b) => a.takenAtMs - b.takenAtMs);
    const { deviceId, heatpumpModel, takenAtMs } = all[0] as SubmittedSnapshot;
    const dayMs = Math.floor(takenAtMs / DAY_MS) * DAY_MS;
    return { deviceId, heatpumpModel, dayMs, snapshots: sorted };
  });
}

function introduce(
  installationId: string,
  version: string,
  { scopes, devices, table }: { scopes: string[]; devices: Group[]; table: ChannelTable },
): Introduction {
  return {
    installationId,
    daemonVersion: HTTP_VERSION_PREFIX + version,
    consentVersion: CONSENT_VERSION,
    consentScopes: scopes,
    devices: devices.map(({ deviceId, heatpumpModel }) => ({
      deviceId,
      profile: "http",
      profileVersion: 1,
      heatpumpModel,
      tableId: table.id,
      stepMs: STEP_MS,
    })),
    epochs: [{ epochId: epochOf(installationId), firstUnacked: 0, lastSealed: 0 }],
  };
}

/** How installations that send by HTTP are told from daemons. */
export const HTTP_VERSION_PREFIX = "http/";

/** The same for ever; shaped like a random UUID (RFC 9562, 5.4). */
function epochOf(installationId: string): string {
  const hash = createHash("sha256").update(`heatpool-http-epoch\0${installationId}`).digest();
  const bytes = hash.subarray(0, 16);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return formatUuid(bytes) as string;
}

/** Resolves with whether everything was stored. */
async function deliver(
  delivery: Delivery,
  device: number,
  fresh: readonly SubmittedSnapshot[],
  table: ChannelTable,
): Promise<boolean> {
  let refused = 0;
  for (const batch of fresh.length === 0 ? [] : seal(fresh, table)) {
    const sequence = (delivery.ackedThrough[0] ?? 0) + 1;
    refused += (await delivery.take(toIncoming(batch, device, sequence))).rejected;
  }
  return refused === 0;
}

function seal(fresh: readonly SubmittedSnapshot[], table: ChannelTable): SealedBatch[] {
  const { deviceId } = fresh[0] as SubmittedSnapshot;
  const snapshots = fresh.map(
    ({ takenAtMs, values }): Snapshot => ({
      deviceId,
      takenAtMs,
      monotonicMs: 0,
      clockSynced: true,
      readings: [...values].map(([metric, value]) => ({ metric, value, quality: "good" })),
    }),
  );
  return sealSnapshots(snapshots, { deviceId, table, stepMs: STEP_MS }, CODEC);
}

function toIncoming(batch: SealedBatch, device: number, sequence: number) {
  const { rows, slot, codec, plainBytes, block } = batch;
  const check = digestCheck(batch.digest);
  return { device, epoch: 0, sequence, rows, slot, codec, plainBytes, check, block, backlog: true };
}
