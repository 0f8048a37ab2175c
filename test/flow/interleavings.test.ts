/**
 * What an ack counts is what it covers, however streams of one installation are tangled: messages,
 * writes and ends in any order, an old stream whose daemon has long gone on, and a stranger that
 * sends again what a stream carried, while the backend forgets the state that streams carry and its
 * store refuses now and then.
 */
import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { openSealed, readRows } from "#core/batch/batch-reader.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import type { DeviceStream } from "../../daemon/backlog/backlog.js";
import { createMemoryBacklog } from "../../daemon/backlog/memory-backlog.js";
import { collect } from "../contract/snapshot-store-contract.js";
import { createChance, createRandom } from "../support/chance.js";
import { createFakeClock, settle } from "../support/fake-clock.js";
import { TABLE } from "../support/pool-bed.js";
import { openTangledLine } from "../support/tangled-line.js";

const SEEDS = 60;
const STEPS = 400;
const DRAIN_ROUNDS_MAX = 2_000;
const INTERVAL_SECONDS = 12;
const DEVICES = ["cellar", "garage", "annexe"];
const STEP_MS = 1_000;
const START_MS = Date.UTC(2026, 10, 1, 6);
/** From no room for the state that streams carry to room for all of it. */
const CHAIN_BYTES = [0, 6_000, 12_000, 100_000];
const NO_QUOTA = { batchesPerSecond: 0, batchesBurst: 0, snapshotsPerDay: 0, bytesPerDay: 0 };
/** Of three devices and a window, now and then too much. */
const QUOTA = { ...NO_QUOTA, batchesPerSecond: 0.5, batchesBurst: 3 };

function snapshotOf(deviceId: string, takenAtMs: number, monotonicMs: number): Snapshot {
  const values = { temp_outdoor: 5 + (takenAtMs % 7_000) / 1_000, temp_flow: 35 };
  const readings = Object.entries(values).map(([metric, value]) => {
    return { metric, value, quality: "good" as const };
  });
  return { deviceId, takenAtMs, monotonicMs, clockSynced: true, readings };
}

/** One history. Returns what it came to. */
async function live(seed: number) {
  const random = createRandom(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const clock = createFakeClock(START_MS);
  const streams = DEVICES.map(
    (deviceId): DeviceStream => ({
      deviceId,
      profile: "idm/navigator-2.0",
      profileVersion: 1,
      heatpumpModel: "idm/navigator-2.0",
      table: TABLE,
      stepMs: STEP_MS,
    }),
  );
  const chance = createChance(seed);
  const backlog = await createMemoryBacklog({
    ...{ streams, clock, chance, commitIntervalMs: 0, rowsMax: 1 },
    bootId: randomUUID(),
  });
  const line = await openTangledLine({
    ...{ backlog, clock, seed, intervalSeconds: INTERVAL_SECONDS },
    chainBytesMax: CHAIN_BYTES[seed % CHAIN_BYTES.length] ?? 0,
    limits: random() < 0.5 ? NO_QUOTA : QUOTA,
  });
  const record = async (): Promise<void> => {
    // Each in a second of its own.
    await clock.advance(STEP_MS);
    for (const deviceId of DEVICES) {
      backlog.record(snapshotOf(deviceId, Math.round(clock.nowMs()), clock.monotonicMs()));
    }
  };
  const acts: [number, () => unknown][] = [
    [30, () => line.up(below(8))],
    [26, () => line.down(below(8))],
    [22, () => line.write()],
    [8, record],
    [8, () => clock.advance(1 + below(6_000))],
    [1, () => line.refuse(below(2))],
    [1, () => line.breakOff()],
    [3, () => line.tellGone(below(8))],
    [1, () => line.replay(below(64), random())],
  ];
  const hand = acts.flatMap(([weight, act]) => Array.from({ length: weight }, () => act));
  for (let step = 0; step < STEPS; step++) {
    await hand[below(hand.length)]?.();
    await settle();
  }
  const waiting = (): number => backlog.status().snapshots + backlog.status().unsealed;
  for (let round = 0; waiting() > 0 && round < DRAIN_ROUNDS_MAX; round++) {
    const isBusy = [line.up(below(8)), line.write(), line.down(below(8))].includes(true);
    if (!isBusy) await clock.advance(1_000);
    await settle();
  }
  const { lost, unaccounted, rejected, recorded } = backlog.status();
  const rows = (await collect(line.store.blocks())).flatMap(({ batch }) =>
    [...readRows(openSealed(batch, TABLE), TABLE)].map(({ atMs }) => `${batch.deviceId} ${atMs}`),
  );
  await line.close();
  await backlog.close();
  const { events, bugs } = line;
  const count = (name: string): number => events.filter((event) => event === name).length;
  return {
    account: {
      waiting: waiting(),
      ...{ lost, unaccounted, rejected, bugs },
      mismatches: count("uplink.count-mismatch"),
      doubled: rows.length - new Set(rows).size,
      missing: recorded - new Set(rows).size,
    },
    resets: count("uplink.state-reset"),
    streams: count("uplink.connected"),
    healed: count("uplink.ack-healed"),
  };
}

const CLEAN = { waiting: 0, lost: 0, unaccounted: 0, rejected: 0, bugs: [], mismatches: 0 };

it(`in ${SEEDS} histories no ack covers what it does not count, and all arrives once`, async () => {
  const seen = { resets: 0, streams: 0, healed: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { account, resets, streams, healed } = await live(seed);
    expect(account, `seed ${seed}`).toEqual({ ...CLEAN, doubled: 0, missing: 0 });
    seen.resets += resets;
    seen.streams += streams;
    seen.healed += healed;
  }
  // The histories had something to get wrong.
  expect(seen.resets).toBeGreaterThan(SEEDS / 10);
  expect(seen.streams).toBeGreaterThan(2 * SEEDS);
  expect(seen.healed).toBeGreaterThan(SEEDS / 2);
}, 300_000);
