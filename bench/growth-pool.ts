/**
 * The inner rooms of a backend with a fleet of some size, in a process of its own: the real ingest
 * on the real store, the registry, the rollups. `growth-pool.ts <folder> <installations>`; each
 * line on standard input is a task, each line of output its figure.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fromWireBatch } from "#core/batch/wire-batch.js";
import { findMetric } from "#core/measurement/metrics.js";
import {
  CheckEligibilityRequest,
  CheckEligibilityResponse,
  EligibilityReason,
} from "#proto/heatpool/model/v1/model.js";
import { DeliverRequest } from "#proto/heatpool/telemetry/v1/telemetry.js";
import { PRIVACY_DEFAULTS } from "../backend/aggregate/cohort-statistics.js";
import { computeRelease } from "../backend/aggregate/release.js";
import type { Delivery, IncomingBatch } from "../backend/ingest/ingest.js";
import { countDays, dayOf } from "../backend/registry/day-bitmap.js";
import { openLevelSnapshotStore } from "../backend/store/level-snapshot-store.js";
import { makeLoad } from "./ingest-load.js";
import { openRooms } from "./ingest-rooms.js";

const MODEL = "idm/navigator-2.0";
const EPOCH = "11111111-1111-4111-8111-111111111111";
const ROWS = 60;
const CODEC = 1;
/** Hours that one process can be asked to take in. */
const HOURS_MAX = 12;
/** Batches on their way at once, as of so many streams. */
const AT_ONCE = 64;
/** Questions per figure: more than enough for the clock. */
const QUESTIONS = 200_000;
const RELEASES = 5;

const [, , folder = "", sizeText = "0"] = process.argv;
const size = Number(sizeText);
const ids = Array.from({ length: size }, (_, n) => idOf(n + 1));
const store = await openLevelSnapshotStore({ folder: join(folder, "store") });
const bareBytes = residentBytes();
const { behind, registry, rollups } = await openRooms(store);
const bare = new Map(ids.map((id, n) => [id, n + 1]));
const questions = ids.map((installationId) =>
  Buffer.from(CheckEligibilityRequest.encode({ installationId, heatpumpModel: MODEL }).finish()),
);
const load = makeLoad(ROWS, CODEC, HOURS_MAX);
const batches = load.messages.map(toIncoming);
const deliveries = new Map<string, Delivery>();
let hours = 0;

const TASKS: Readonly<Record<string, () => number | Promise<number>>> = {
  /** Microseconds of CPU per installation for one hour of the fleet. */
  async ingest() {
    const batch = batches[hours++];
    assert.ok(batch !== undefined, "more hours than were made");
    return await cpuOf(size, async () => {
      for (let from = 0; from < size; from += AT_ONCE) {
        await Promise.all(ids.slice(from, from + AT_ONCE).map((id) => takeIn(id, batch)));
      }
    });
  },
  /** Microseconds of CPU per installation for a release of all statistics. */
  release: () =>
    cpuOf(size * RELEASES, () => {
      const nowMs = Date.now();
      for (let k = 0; k < RELEASES; k++) {
        const { cohorts } = computeRelease({
          nowMs,
          cohorts: [{ heatpumpModel: MODEL, members: registry.members(MODEL) }],
          rollups,
          findMetric,
          daysWithData: (state) => countDays(state.withData, dayOf(nowMs), 64),
          rules: { ...PRIVACY_DEFAULTS, probationDays: 1 },
        });
        assert.ok(cohorts.every((one) => one.installations > size / 2));
      }
    }),
  /** Microseconds of CPU for a question about eligibility. */
  eligibility: () =>
    cpuOf(QUESTIONS, () => {
      for (let k = 0; k < QUESTIONS; k++) {
        const verdict = behind.eligibility(ids[(k * 7_919) % size] ?? "", MODEL);
        assert.equal(verdict.code, "CONTRIBUTING");
      }
    }),
  /** Microseconds of CPU for a look into a map of the same size: what such a question cannot avoid. */
  map: () => {
    let sum = 0;
    const figure = cpuOf(QUESTIONS, () => {
      for (let k = 0; k < QUESTIONS; k++) sum += bare.get(ids[(k * 7_919) % size] ?? "") ?? 0;
    });
    assert.ok(sum > 0);
    return figure;
  },
  /** Microseconds of CPU for a question as it comes and as it goes: both messages' bytes included. */
  asked: () =>
    cpuOf(QUESTIONS, () => {
      for (let k = 0; k < QUESTIONS; k++) {
        const bytes = questions[(k * 7_919) % size] ?? Buffer.alloc(0);
        const { installationId, heatpumpModel } = CheckEligibilityRequest.decode(bytes);
        const verdict = behind.eligibility(installationId, heatpumpModel);
        assert.equal(verdict.code, "CONTRIBUTING");
        const lastReceivedAtMs = BigInt(verdict.lastReceivedAtMs);
        const answer = {
          ...verdict,
          lastReceivedAtMs,
          code: EligibilityReason.ELIGIBILITY_REASON_CONTRIBUTING,
        };
        CheckEligibilityResponse.encode(CheckEligibilityResponse.fromPartial(answer)).finish();
      }
    }),
  /** Microseconds of CPU for a question about averages, answered from the newest release. */
  averages: () =>
    cpuOf(QUESTIONS, () => {
      for (let k = 0; k < QUESTIONS; k++) behind.community.averages(MODEL, ["temp_outdoor"]);
    }),
  /** Kilobytes of resident memory per installation. */
  memory() {
    global.gc?.();
    return (residentBytes() - bareBytes) / size / 1e3;
  },
};

for await (const task of createInterface({ input: process.stdin })) {
  console.log(String(await TASKS[task]?.()));
}
await store.close();

function idOf(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
}

function toIncoming(message: Buffer): IncomingBatch {
  const { body } = DeliverRequest.decode(message);
  assert.ok(body?.$case === "batch");
  return fromWireBatch(body.value, { codec: CODEC });
}

/** As a stream does it; the first time it says who it is. */
async function takeIn(id: string, batch: IncomingBatch): Promise<void> {
  let delivery = deliveries.get(id);
  if (delivery === undefined) {
    delivery = await behind.ingest.open({
      installationId: id,
      daemonVersion: "bench",
      consentVersion: 1,
      consentScopes: ["telemetry", "community_stats"],
      devices: [
        {
          deviceId: "heatpump",
          profile: MODEL,
          profileVersion: 1,
          heatpumpModel: MODEL,
          tableId: load.table.id,
          stepMs: 60_000,
        },
      ],
      epochs: [{ epochId: EPOCH, firstUnacked: 1, lastSealed: 0 }],
    });
    if (delivery.unknownTables.length > 0) await delivery.learnTable(load.table);
    deliveries.set(id, delivery);
  }
  const { admitted } = await delivery.take(batch);
  assert.equal(admitted, ROWS, "rows admitted");
}

/** Microseconds of CPU, user and system, divided by `count`. */
async function cpuOf(count: number, work: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

function residentBytes(): number {
  const text = readFileSync("/proc/self/smaps_rollup", "utf8");
  return Number(/^Rss:\s+(\d+) kB/m.exec(text)?.[1]) * 1024;
}
