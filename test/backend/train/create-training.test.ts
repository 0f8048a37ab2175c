/** From readings in the store to a candidate: who is in it, what is judged, and what is refused. */
import { beforeAll, describe, expect, it } from "vitest";
import { decodeArtefact } from "#core/anomaly/artefact.js";
import { toleranceOf } from "#core/anomaly/feature-plan.js";
import { offsetsOf, solveNormal } from "#core/anomaly/solve-normal.js";
import { mergeStatistics, subtractStatistics } from "#core/anomaly/statistics.js";
import type { ReleaseFacts } from "../../../backend/publish/release-store.js";
import { decideOwed } from "../../../backend/push/decide-owed.js";
import { openLevelSnapshotStore } from "../../../backend/store/level-snapshot-store.js";
import { createMemorySnapshotStore } from "../../../backend/store/memory-snapshot-store.js";
import type { SnapshotStore } from "../../../backend/store/snapshot-store.js";
import { cleanFleet } from "../../../backend/train/clean-fleet.js";
import { forgetMonths } from "../../../backend/train/kept-months.js";

import { makeModel, type Sample } from "../../../backend/train/make-model.js";
import { DAY_MS } from "../../../backend/train/month.js";
import { readBlocks } from "../../../backend/train/read-blocks.js";
import { type FleetMember, simulateFleet } from "../../../bench/simulated/fleet.js";
import { temporaryFolder } from "../../support/folder.js";
import {
  type Distortion,
  FLEET_TABLE,
  learnStore,
  MODEL,
  openTraining,
  sendTable,
} from "../../support/training-bed.js";

const START_MS = Date.parse("2026-10-01T00:00:00Z");
const NOW_MS = Date.parse("2026-11-01T03:30:00Z");
/** Minutes of arithmetic on a busy machine. */
const LONG_MS = 900_000;
/** All that faults show in, but the temperatures that tell the mode. */
const SWINGING = /^(power|cop|pressure|fan|compressor_frequency|temp_outdoor)/;
const never = new AbortController().signal;

let honest: FleetMember[] = [];
let poisoned: FleetMember[] = [];

beforeAll(() => {
  const fleet = { seed: 3, installations: 10, startMs: START_MS, days: 31, poisonedShare: 0.2 };
  const all = [...simulateFleet(fleet)];
  honest = all.filter(({ poison }) => poison === undefined);
  poisoned = all.filter(({ poison }) => poison !== undefined);
}, LONG_MS);

async function send(
  store: SnapshotStore,
  members: readonly FleetMember[],
  distort?: Distortion,
): Promise<void> {
  for (const [column, { installationId, table }] of members.entries())
    await sendTable(store, installationId, table, { column, ...(distort && { distort }) });
}

async function samplesOf(store: SnapshotStore, members: readonly FleetMember[]): Promise<Sample[]> {
  const samples: Sample[] = [];
  const days = { fromDay: START_MS / DAY_MS, toDay: START_MS / DAY_MS + 31 };
  for (const { installationId } of members) {
    const source = { installationId, deviceId: "heatpump", heatpumpModel: MODEL, ...days };
    const device = await readBlocks(store, [FLEET_TABLE], source);
    if (device !== undefined) samples.push({ installationId, device, ...days });
  }
  return samples;
}

describe("training", () => {
  it(
    "makes a candidate of five installations and a month, and the same bytes again",
    async () => {
      const folder = temporaryFolder();
      const store = await openLevelSnapshotStore({ folder });
      await send(store, honest.slice(0, 5));
      const { training } = await openTraining(store, NOW_MS);
      const [report] = await training.train({ heatpumpModel: MODEL }, never);
      expect(report).toMatchObject({ outcome: "candidate", reasons: [], installations: 5 });
      const { content = new Uint8Array(), card } = report ?? {};
      expect(card).toMatchObject({ version: "v2026.10", months: ["2026-10"], installations: 5 });
      expect(decodeArtefact(content, MODEL).card).toEqual(card);
      const text = Buffer.from(content).toString();
      for (const { installationId } of honest) expect(text).not.toContain(installationId);
      await store.close();

      const other = createMemorySnapshotStore();
      await send(other, honest.slice(0, 5).reverse());
      const again = await openTraining(other, NOW_MS);
      const [same] = await again.training.train({ heatpumpModel: MODEL, isDry: true }, never);
      expect(Buffer.from(same?.content ?? []).equals(content)).toBe(true);
      expect(await other.recordNames("train/")).toEqual([]);

      // Sums of a pool whose sensors swing by a third over days, judged on honest machines.
      let turn = 0;
      const swing: Distortion = (metric, value) => {
        const phase = (turn++ / (FLEET_TABLE.channels.length * 288 * 3)) * 2 * Math.PI;
        // Each for itself: together they would still tell the truth about each other.
        const own = FLEET_TABLE.channels.findIndex((one) => one.metric === metric);
        return SWINGING.test(metric) ? value * (1 + 0.35 * Math.sin(phase + 2.4 * own)) : value;
      };
      const lies = createMemorySnapshotStore();
      await send(lies, honest.slice(0, 5), swing);
      const { channels, contributions } = await learnStore(lies, NOW_MS);
      const samples = await samplesOf(other, honest.slice(0, 5));
      const refused = makeModel({
        ...{ heatpumpModel: MODEL, channels, contributions, samples, published: content },
        ...{ publishInstallationsMin: 5, closedTestPool: true },
      });
      const failed = refused.gates.filter(({ isPassed }) => !isPassed).map(({ name }) => name);
      expect(refused.figures.events).toBeGreaterThan(30);
      expect(failed).toContain("recall against the published");
    },
    LONG_MS,
  );

  it("does not begin with four installations", async () => {
    const store = createMemorySnapshotStore();
    await send(store, honest.slice(0, 4));
    const { training } = await openTraining(store, NOW_MS);
    const [report] = await training.train({ heatpumpModel: MODEL }, never);
    expect(report).toMatchObject({
      outcome: "skipped",
      reasons: ["4 installations, at least 5 are needed"],
    });
  });

  it(
    "gives a heat pump model that too few have the model for all to fall back to",
    async () => {
      const store = createMemorySnapshotStore();
      const rare = "acme/rare-1";
      for (const [column, { installationId, table }] of honest.slice(0, 6).entries()) {
        const heatpumpModel = column < 2 ? rare : MODEL;
        await sendTable(store, installationId, table, { column, heatpumpModel });
      }
      const { training } = await openTraining(store, NOW_MS);
      const reports = await training.train({}, never);
      const told = reports.map(({ modelId, outcome, installations }) => [
        modelId,
        outcome,
        installations,
      ]);
      expect(told).toEqual([
        ["normal-acme-air-9", "skipped", 4],
        ["normal-acme-rare-1", "skipped", 2],
        ["normal-generic", "candidate", 6],
      ]);
      const generic = decodeArtefact(reports[2]?.content ?? new Uint8Array());
      expect(generic.heatPumpModel).toBe("*");
      const facts: ReleaseFacts = {
        ...{ modelId: "normal-generic", release: 1, heatpumpModels: ["*"], schema: "anomaly/1" },
        ...{ minDaemon: "0.1.0", kInstallations: 6, trainedAtMs: NOW_MS, revoked: false },
        ...{ length: 1, sha256: "", plainSha256: "", plainLen: 1 },
      };
      const daemon = { nowS: NOW_MS / 1e3, daemonVersion: "0.1.0", installed: [] };
      const owed = decideOwed({ ...daemon, heatpumpModels: [rare], releases: [facts] });
      expect(owed).toEqual([facts]);
    },
    LONG_MS,
  );

  it("refuses a heat pump model that nobody has", async () => {
    const { training } = await openTraining(createMemorySnapshotStore(), NOW_MS);
    await expect(training.train({ heatpumpModel: "acme/none" }, never)).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });

  it(
    "is not moved by a fifth that sends poison",
    async () => {
      const store = createMemorySnapshotStore();
      await send(store, [...honest, ...poisoned]);
      const { plan, contributions } = await learnStore(store, NOW_MS);
      const { kept, outliers } = cleanFleet(plan, contributions);
      const liars = new Set(poisoned.map(({ installationId }) => installationId));
      expect(outliers.every(({ installationId }) => liars.has(installationId))).toBe(true);
      const own = contributions.filter(({ installationId }) => !liars.has(installationId));
      expect(own).toHaveLength(8);
      const [clean, truth] = [solveNormal(plan, kept), solveNormal(plan, own)];
      for (const { statistics } of own) {
        const [now, before] = [offsetsOf(clean, statistics), offsetsOf(truth, statistics)];
        for (const [index, part] of plan.parts.entries()) {
          if (part.house) continue;
          const worth = toleranceOf(part, truth.parts[index]?.beta[0] ?? 0);
          expect(Math.abs((now[index] ?? 0) - (before[index] ?? 0))).toBeLessThan(worth);
        }
      }
    },
    LONG_MS,
  );

  it(
    "knows nothing of an erased installation any more",
    async () => {
      const store = createMemorySnapshotStore();
      await send(store, honest.slice(0, 3));
      const before = await learnStore(store, NOW_MS);
      const [gone = ""] = honest.slice(0, 3).map(({ installationId }) => installationId);
      await store.erase(gone);
      expect(await forgetMonths(store, gone)).toBe(1);
      const after = await learnStore(store, NOW_MS);
      const only = createMemorySnapshotStore();
      await send(only, honest.slice(1, 3));
      expect(after.contributions).toEqual((await learnStore(only, NOW_MS)).contributions);

      // What was merged can be taken away again, to the last digits.
      const sums = before.contributions.map(({ statistics }) => statistics);
      const all = sums.reduce(mergeStatistics);
      const own = before.contributions.find(({ installationId }) => installationId === gone);
      if (own === undefined) throw new Error("the erased one was learnt before");
      const less = subtractStatistics(all, own.statistics);
      const rest = before.contributions
        .filter(({ installationId }) => installationId !== gone)
        .map(({ statistics }) => statistics)
        .reduce(mergeStatistics);
      for (const [index, part] of rest.sums.entries())
        for (const [place, value] of part.entries()) {
          const scale = Math.abs(all.sums[index]?.[place] ?? 0);
          const off = Math.abs((less.sums[index]?.[place] ?? 0) - value);
          expect(off).toBeLessThanOrEqual(1e-9 * Math.max(1, scale));
        }
    },
    LONG_MS,
  );
});
