/**
 * The real backend is told to end while batches are on their way: each of them is either stored and
 * acknowledged or neither, and its daemon learns that it may come again. A backup taken in the middle
 * of it restores to what the backup says.
 */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { toWireTable } from "#core/batch/wire-batch.js";
import { openLevelSnapshotStore } from "../../backend/store/level-snapshot-store.js";
import {
  type RunningBackend,
  runBackendCommand,
  startBackend,
  writeBackendConfig,
} from "../support/backend-process.js";
import { batch, hello, type Talk, talk } from "../support/door.js";
import { temporaryFolder } from "../support/folder.js";
import { MODEL, makeBatch, TABLE } from "../support/pool-bed.js";

const MINUTE_MS = 60_000;
const ROWS = 30;
const BATCHES = 40;
const FROM_MS = Math.floor(Date.now() / MINUTE_MS - (BATCHES + 2) * ROWS) * MINUTE_MS;
/** Programs start slowly on a busy machine. */
const TEST_MS = 180_000;
const WAIT = { timeout: TEST_MS };
const PLAIN = [
  "tls: { insecureLoopback: true }",
  "enrolment: { claimTokens: off }",
  "quota: { batchesPerSecond: 0, snapshotsPerDay: 0 }",
  "stream: { windowBatches: 64 }",
].join("\n");

let backend: RunningBackend | undefined;
let talks: Talk[] = [];

afterEach(async () => {
  for (const one of talks) one.close();
  talks = [];
  await backend?.stop();
  backend = undefined;
});

function fill() {
  const folder = temporaryFolder();
  return { folder, config: writeBackendConfig(folder, PLAIN), store: join(folder, "state/store") };
}

/** A stream of one installation that was welcomed and taught its table. */
async function greet(port: number, number: number): Promise<Talk> {
  const one = talk(port);
  talks.push(one);
  const device = {
    ...{ deviceId: "heatpump", profile: MODEL, profileVersion: 1, heatpumpModel: MODEL },
    ...{ tableId: Buffer.from(TABLE.id), stepMs: MINUTE_MS, timeToleranceMs: 1_000 },
  };
  one.say(hello(number, { devices: [device] }));
  expect(await one.hear()).toMatchObject({ $case: "welcome" });
  one.say({ $case: "table", value: toWireTable(TABLE) });
  return one;
}

function say(one: Talk, sequence: number): void {
  const rows = Array.from({ length: ROWS }, (_, k) => [100 + k, 350, 120]);
  const made = makeBatch(sequence, FROM_MS + sequence * ROWS * MINUTE_MS, rows);
  const { slot = 0, check, codec, plainBytes } = made;
  const block = Buffer.from(made.block);
  const facts = { rows: ROWS, slot: BigInt(slot), codec, plainBytes, check, block };
  one.say(batch(sequence, facts));
}

/** What was acknowledged so far. */
interface Heard {
  through: number;
  admitted: number;
  isToldToComeBack: boolean;
  /** Status at the end. */
  readonly ended: Promise<number>;
}

/** Hears until the end. */
function listen(one: Talk): Heard {
  const heard = { through: 0, admitted: 0, isToldToComeBack: false };
  const hearAll = async (): Promise<number> => {
    for (;;) {
      const said = await one.hear().catch(() => undefined);
      if (said === undefined) return (await one.ended).code ?? -1;
      if (said.$case === "goodbye") heard.isToldToComeBack = true;
      if (said.$case !== "ack") continue;
      heard.through = Math.max(heard.through, Number(said.value.ackedThrough));
      heard.admitted += Number(said.value.admitted);
    }
  };
  return Object.assign(heard, { ended: hearAll() });
}

describe("a backend whose log nobody reads any more", () => {
  it(
    "goes on, and ends in order",
    async () => {
      backend = await startBackend(fill().config);
      backend.child.stdout?.destroy();
      await greet(backend.mainPort, 1);
      await greet(backend.mainPort, 2);
      expect(await backend.stop()).toBe(0);
      backend = undefined;
    },
    TEST_MS,
  );
});

describe("a backend that ends", () => {
  it(
    "has stored exactly what it acknowledged, and tells everybody to come back",
    async () => {
      const { config, store: folder } = fill();
      backend = await startBackend(config);
      const port = backend.mainPort;
      const streams = await Promise.all([1, 2, 3].map((n) => greet(port, n)));
      const heard = streams.map(listen);
      for (const one of streams) {
        for (let sequence = 1; sequence <= BATCHES; sequence++) say(one, sequence);
      }
      await vi.waitUntil(() => heard.some(({ through }) => through > 0), WAIT);
      expect(await backend.stop()).toBe(0);
      backend = undefined;
      for (const one of heard) {
        expect(await one.ended).toBe(0);
        expect(one).toMatchObject({ isToldToComeBack: true, admitted: one.through * ROWS });
      }
      const acked = heard.reduce((sum, { admitted }) => sum + admitted, 0);
      const store = await openLevelSnapshotStore({ folder });
      expect(await store.count()).toMatchObject({ snapshots: acked });
      expect(store.totals()).toMatchObject({ snapshotsStored: acked, snapshotsRejected: 0 });
      await store.close();
    },
    TEST_MS,
  );

  it(
    "lets the rest come to the next one, once each",
    async () => {
      const { config, store: folder } = fill();
      let through = 0;
      // Three lives; in each, everything without an ack is sent, and two end at the first ack.
      for (let life = 0; life < 3 && through < BATCHES; life++) {
        backend = await startBackend(config);
        const one = await greet(backend.mainPort, 7);
        const heard = listen(one);
        for (let sequence = through + 1; sequence <= BATCHES; sequence++) say(one, sequence);
        const wanted = life === 2 ? BATCHES : through + 1;
        await vi.waitUntil(() => heard.through >= wanted, WAIT);
        expect(await backend.stop()).toBe(0);
        backend = undefined;
        await heard.ended;
        through = heard.through;
      }
      expect(through).toBe(BATCHES);
      const store = await openLevelSnapshotStore({ folder });
      expect(await store.count()).toMatchObject({ blocks: BATCHES, snapshots: BATCHES * ROWS });
      await store.close();
    },
    TEST_MS,
  );
});

describe("backup and restore of a running backend", () => {
  it(
    "is whole, for the owner alone, and starts a backend again",
    async () => {
      const { folder, config } = fill();
      backend = await startBackend(config);
      const one = await greet(backend.mainPort, 1);
      const heard = listen(one);
      for (let sequence = 1; sequence <= BATCHES; sequence++) say(one, sequence);
      await vi.waitUntil(() => heard.through > 0, WAIT);
      const file = join(folder, "backup");
      const admin = ["--config", config, "--admin", `127.0.0.1:${backend.adminPort}`, "--json"];
      const made = runBackendCommand("backup", "--out", file, ...admin);
      expect(made).toMatchObject({ status: 0, stderr: "" });
      expect(statSync(file).mode & 0o777).toBe(0o600);
      const again = runBackendCommand("backup", "--out", file, ...admin);
      expect(again.stderr).toMatch(/^STATE_INVALID: .*exists already/);
      const { counts } = JSON.parse(made.stdout);
      const taken = runBackendCommand("restore", file, "--config", config);
      expect(taken.stderr).toMatch(/^STATE_INVALID: .*store exists already/);
      expect(await backend.stop()).toBe(0);

      const elsewhere = temporaryFolder();
      const other = writeBackendConfig(elsewhere, PLAIN);
      const restored = runBackendCommand("restore", file, "--config", other, "--json");
      expect(restored).toMatchObject({ status: 0, stderr: "" });
      expect(JSON.parse(restored.stdout).counts).toEqual(counts);
      expect(existsSync(join(elsewhere, "state/rollups"))).toBe(false);
      backend = await startBackend(other);
      const { adminPort } = backend;
      const where = ["--config", other, "--admin", `127.0.0.1:${adminPort}`, "--json"];
      const status = JSON.parse(runBackendCommand("status", ...where).stdout);
      expect(status.batchesStored).toBe(counts.block);
    },
    TEST_MS,
  );
});
