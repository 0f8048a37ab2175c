/**
 * State that both ends carry from block to block, over the real uplink, gRPC door, ingest and store:
 * batches continue each other, and where the backend forgets its state whenever it likes, every
 * snapshot still arrives once, on the same stream.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { openSealed, readRows } from "#core/batch/batch-reader.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import { createMemorySnapshotStore } from "../../backend/store/memory-snapshot-store.js";
import type { DeviceStream } from "../../daemon/backlog/backlog.js";
import { createMemoryBacklog } from "../../daemon/backlog/memory-backlog.js";
import { createGrpcTransport } from "../../daemon/uplink/grpc-transport.js";
import { runUplink } from "../../daemon/uplink/uplink.js";
import { collect } from "../contract/snapshot-store-contract.js";
import { openDoor, RULES } from "../support/door.js";
import { createFakeBehind } from "../support/fake-behind.js";
import { createFakeClock } from "../support/fake-clock.js";
import { openBed, STEP_MS, TABLE } from "../support/pool-bed.js";

const MINUTES = 40;
const DEVICES = ["cellar", "garage"];
const START_MS = Date.UTC(2026, 10, 1, 6);
/** Room for the state of one device of three channels, not of two. */
const ONE_CHAIN_BYTES = 6_000;

const endings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** Delivers forty minutes of two devices, a batch each minute. */
async function deliver(chainBytesMax: number) {
  const clock = createFakeClock(START_MS);
  const store = createMemorySnapshotStore();
  const bed = await openBed(store, clock, { ingest: { chainBytesMax } });
  const door = await openDoor({
    rules: { ...RULES, codecs: [0, 1, 2] },
    behind: { ...createFakeBehind(), ingest: bed.ingest },
  });
  endings.push(() => door.close());
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
  const bootId = randomUUID();
  const chance = (bytes: number) => new Uint8Array(randomBytes(bytes));
  const options = { streams, bootId, clock, chance, commitIntervalMs: 0 };
  const backlog = await createMemoryBacklog(options);
  const events: string[] = [];
  const stop = new AbortController();
  let isOnline = false;
  const running = runUplink(
    {
      backlog,
      transport: createGrpcTransport(
        {
          address: `127.0.0.1:${door.ports.main}`,
          caFile: undefined,
          tlsMinVersion: "TLSv1.3",
          claimTokenFile: undefined,
          insecureLoopback: true,
        },
        false,
      ),
      clock,
      chance,
      introduction: {
        installationId: "550e8400-e29b-41d4-a716-446655440000",
        bootId,
        daemonVersion: "0.1.0",
        consentVersion: 1,
        consentScopes: ["telemetry"],
      },
      profile: "economy",
      intervalSeconds: 60,
      limitStore: { read: () => undefined, write: () => undefined },
      log: (_, event) => events.push(event),
      withdrawn: new AbortController().signal,
      onState: (state) => {
        isOnline = state.isOnline;
      },
    },
    stop.signal,
  );
  endings.push(async () => {
    stop.abort();
    await until(
      () => false,
      () => clock.advance(1_000),
      running.then(() => true),
    );
    await backlog.close();
  });
  await clock.advance(2_000);
  await until(() => isOnline);
  for (let minute = 1; minute <= MINUTES; minute++) {
    for (const deviceId of DEVICES) backlog.record(snapshotOf(deviceId, minute));
    // The uplink seals once a minute; while a batch is on its way, time stands still.
    await clock.advance(STEP_MS);
    await until(() => backlog.status().admitted >= minute * DEVICES.length);
  }
  return { backlog, store, events };
}

function snapshotOf(deviceId: string, minute: number): Snapshot {
  const takenAtMs = START_MS + minute * STEP_MS;
  const values = { temp_outdoor: 5 + minute / 10, temp_flow: 35 - minute / 10, power_current: 1.2 };
  const readings = Object.entries(values).map(([metric, value]) => {
    return { metric, value, quality: "good" as const };
  });
  return { deviceId, takenAtMs, monotonicMs: minute * STEP_MS, clockSynced: true, readings };
}

/** Lets the network work until something holds. */
async function until(
  holds: () => boolean,
  meanwhile: () => Promise<unknown> = async () => undefined,
  over?: Promise<boolean>,
): Promise<void> {
  let isOver = false;
  void over?.then(() => {
    isOver = true;
  });
  while (!holds() && !isOver) {
    await turn();
    await meanwhile();
  }
}

it.each([
  ["keeps all state", 10 * ONE_CHAIN_BYTES],
  ["keeps the state of one device of two", ONE_CHAIN_BYTES],
  ["keeps none", 0],
])("everything arrives once at a backend that %s", async (_, chainBytesMax) => {
  const { backlog, store, events } = await deliver(chainBytesMax);
  const all = MINUTES * DEVICES.length;
  expect(backlog.status()).toMatchObject({ admitted: all, duplicate: 0, lost: 0, unaccounted: 0 });
  expect(store.totals()).toMatchObject({ snapshotsStored: all, snapshotsDuplicate: 0 });
  expect(events.filter((event) => event === "uplink.connected")).toHaveLength(1);
  expect(events).not.toContain("uplink.count-mismatch");
  const resets = events.filter((event) => event === "uplink.state-reset").length;
  if (chainBytesMax > 2 * ONE_CHAIN_BYTES) expect(resets).toBe(0);
  else expect(resets).toBeGreaterThan(MINUTES / 4);
  const rows = (await collect(store.blocks())).flatMap(({ batch }) =>
    [...readRows(openSealed(batch, TABLE), TABLE)].map(({ atMs, values }) => [
      batch.deviceId,
      atMs,
      values.get("temp_outdoor"),
    ]),
  );
  const expected = DEVICES.flatMap((deviceId) =>
    Array.from({ length: MINUTES }, (__, k) => {
      return [deviceId, START_MS + (k + 1) * STEP_MS, (50 + k + 1) / 10];
    }),
  );
  expect(rows.sort((a, b) => String(a).localeCompare(String(b)))).toEqual(
    expected.sort((a, b) => String(a).localeCompare(String(b))),
  );
});
