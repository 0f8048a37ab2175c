/** What operators read about intake is what ingest really did, and ingest does not notice. */
import { describe, expect, it } from "vitest";
import { type IntakeListener, watchIngest, watchStore } from "../../../backend/operation/intake.js";
import { createIntakeMeter } from "../../../backend/operation/intake-meter.js";
import { createMemorySnapshotStore } from "../../../backend/store/memory-snapshot-store.js";
import { createFakeClock } from "../../support/fake-clock.js";
import {
  installationId,
  introduce,
  MODEL,
  makeBatch,
  openBed,
  TABLE,
} from "../../support/pool-bed.js";

const START_MS = Date.UTC(2026, 10, 1);
const GOOD = [100, 350, 120];
/** 4,000 °C. */
const IMPOSSIBLE = [40_000, 350, 120];

async function open(limits = { batchesPerSecond: 0, batchesBurst: 1 }) {
  const clock = createFakeClock(START_MS);
  const heard: unknown[] = [];
  const all: IntakeListener = {
    decided: (facts) => heard.push({ decided: facts }),
    stored: (facts) => heard.push({ stored: facts }),
    refused: (code) => heard.push({ refused: code }),
    lost: (snapshots) => heard.push({ lost: snapshots }),
  };
  const meter = createIntakeMeter(() => clock.monotonicMs());
  const listeners = [all, meter];
  const store = createMemorySnapshotStore();
  const watched = await watchStore(store, listeners, () => clock.monotonicMs());
  const quota = { ...limits, snapshotsPerDay: 0, bytesPerDay: 0 };
  const bed = await openBed(watched, clock, { limits: quota });
  const delivery = await watchIngest(bed.ingest, listeners).open(introduce(installationId(1)));
  await delivery.learnTable(TABLE);
  return { clock, heard, meter, store, watched, delivery };
}

describe("watched intake", () => {
  it("tells what was decided and stored, by heat pump model, and names nobody", async () => {
    const { heard, delivery } = await open();
    const rows = [GOOD, [100, undefined, undefined], IMPOSSIBLE];
    await delivery.take(makeBatch(1, START_MS - 600_000, rows));
    expect(heard).toEqual([
      {
        stored: { heatpumpModel: MODEL, snapshots: 2, readings: 4, promised: 6, lagMs: 540_000 },
      },
      {
        decided: {
          heatpumpModel: MODEL,
          admitted: 2,
          duplicate: 0,
          rejected: [{ reason: "OUT_OF_RANGE", snapshots: 1, detail: expect.any(String) }],
        },
      },
    ]);
    expect(JSON.stringify(heard)).not.toContain(installationId(1));
  });

  it("tells a repeat as a duplicate and stores nothing again", async () => {
    const { heard, delivery, meter } = await open();
    const batch = makeBatch(1, START_MS - 600_000, [GOOD]);
    await delivery.take(batch);
    heard.length = 0;
    await delivery.take(batch);
    expect(heard).toEqual([
      { decided: { heatpumpModel: MODEL, admitted: 0, duplicate: 1, rejected: [] } },
    ]);
    expect(meter.intake().rejected).toEqual([]);
  });

  it("tells refusals that may come again by their code", async () => {
    const { heard, delivery, meter } = await open({ batchesPerSecond: 1, batchesBurst: 1 });
    await delivery.take(makeBatch(1, START_MS - 600_000, [GOOD]));
    await expect(delivery.take(makeBatch(2, START_MS - 540_000, [GOOD]))).rejects.toThrow();
    await expect(delivery.take(makeBatch(2, START_MS - 540_000, [GOOD]))).rejects.toThrow();
    expect(heard.slice(-2)).toEqual([{ refused: "RATE_LIMITED" }, { refused: "RATE_LIMITED" }]);
    expect(meter.intake().refused).toEqual([{ reason: "RATE_LIMITED", count: 2 }]);
  });

  it("counts a loss once, however often it is reported", async () => {
    const { delivery, meter } = await open();
    const loss = { number: 1, reason: "shutdown", deviceId: undefined, fromMs: 0, toMs: 0 };
    const report = [{ ...loss, snapshots: 7, batches: undefined }];
    await delivery.takeLosses(report);
    await delivery.takeLosses(report);
    expect(meter.intake().snapshotsLost).toBe(7);
  });

  it("leaves the store's own answers alive", async () => {
    const { delivery, store, watched } = await open();
    expect(watched.committedThrough).toBe(store.committedThrough);
    await delivery.take(makeBatch(1, START_MS - 600_000, [GOOD]));
    expect(store.committedThrough).toBeGreaterThan(0);
    expect(watched.committedThrough).toBe(store.committedThrough);
    expect(watched.totals()).toEqual(store.totals());
  });
});

describe("rates and quantiles", () => {
  it("are of the last minute, and of the time since the start before that", async () => {
    const clock = createFakeClock(START_MS);
    const meter = createIntakeMeter(() => clock.monotonicMs());
    const stored = { heatpumpModel: MODEL, snapshots: 60, readings: 600, promised: 600, lagMs: 0 };
    await clock.advance(10_000);
    meter.stored?.(stored);
    expect(meter.intake()).toMatchObject({ snapshotsPerSecond: 6, readingsPerSecond: 60 });
    await clock.advance(58_000);
    expect(meter.intake()).toMatchObject({ snapshotsPerSecond: 1, batchesPerSecond: 1 / 60 });
    await clock.advance(2_000);
    expect(meter.intake()).toMatchObject({ snapshotsPerSecond: 0, readingsPerSecond: 0 });
  });

  it("are of the newest thousand, by nearest rank", () => {
    const meter = createIntakeMeter(() => 0);
    expect(meter.commits()).toEqual({ commitP50Ms: 0, commitP99Ms: 0 });
    for (let ms = 1; ms <= 2_000; ms++) meter.committed?.(ms);
    expect(meter.commits()).toEqual({ commitP50Ms: 1_500, commitP99Ms: 1_990 });
  });
});
