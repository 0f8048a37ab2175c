/**
 * What does not fit, what nobody takes and what the backend forgot: every snapshot is stored once or
 * accounted for, and one bad batch never stops the others.
 */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { openSealed, readRows } from "#core/batch/batch-reader.js";
import { createChannelTable } from "#core/batch/channel-table.js";
import { HeatpoolError } from "#core/errors.js";
import { METRICS } from "#core/measurement/metrics.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import type { Delivery } from "../../backend/ingest/ingest.js";
import {
  createMemorySnapshotStore,
  createShelf,
} from "../../backend/store/memory-snapshot-store.js";
import type { SnapshotStore } from "../../backend/store/snapshot-store.js";
import type { Backlog, DeviceStream } from "../../daemon/backlog/backlog.js";
import { openLevelBacklog } from "../../daemon/backlog/level-backlog.js";
import { createMemoryBacklog } from "../../daemon/backlog/memory-backlog.js";
import { MemoryRecordStore } from "../../daemon/backlog/memory-record-store.js";
import { countTo, optionsOf, streamOf } from "../support/backlog-material.js";
import { createRandom } from "../support/chance.js";
import {
  type DeliveryLine,
  INSTALLATION,
  type Meddle,
  openLine,
} from "../support/delivery-line.js";
import { createFakeClock, type FakeClock } from "../support/fake-clock.js";
import { temporaryFolder } from "../support/folder.js";

const KIB = 1024;
const STEP_MS = 60_000;
const NOW_MS = Date.UTC(2026, 10, 2);

/** Temperatures that nothing packs: a minute takes some 60 bytes. */
const metrics = METRICS.filter(({ unit, min, max }) => unit === "°C" && min <= 0 && max >= 50)
  .slice(0, 40)
  .map(({ id }) => id);
const stream: DeviceStream = {
  ...streamOf("heatpump"),
  table: createChannelTable(
    metrics.map((metric) => ({
      metric,
      encoding: "int",
      multiplier: 1,
      decimals: 1,
      kind: "fastTemperature",
    })),
  ),
};

const lines: DeliveryLine[] = [];
afterEach(async () => {
  for (const line of lines.splice(0)) await line.close();
});

interface House {
  readonly clock: FakeClock;
  readonly backlog: Backlog;
  /** Values recorded, by time. */
  readonly recorded: Map<number, readonly number[]>;
  /** Records and seals one batch. */
  addBatch(rows: number): Promise<void>;
}

async function openHouse({
  records = new MemoryRecordStore(),
  clock = createFakeClock(NOW_MS),
  life = 1,
  fromStep = 0,
  directory,
}: {
  records?: MemoryRecordStore;
  clock?: FakeClock;
  life?: number;
  fromStep?: number;
  /** Of a backlog on disk; left out: in memory. */
  directory?: string;
} = {}) {
  const random = createRandom(8 + life);
  const options = { ...optionsOf(clock, life), streams: [stream] };
  const backlog =
    directory === undefined
      ? await createMemoryBacklog(options, records)
      : await openLevelBacklog({ ...options, directory });
  const recorded = new Map<number, readonly number[]>();
  let next = NOW_MS - (1_000 - fromStep) * STEP_MS;
  const house: House = {
    clock,
    backlog,
    recorded,
    async addBatch(rows) {
      for (const _ of countTo(rows)) {
        const values = metrics.map(() => Math.floor(random() * 500) / 10);
        recorded.set(next, values);
        backlog.record(snapshotAt(next, values));
        next += STEP_MS;
      }
      await backlog.seal();
    },
  };
  return house;
}

function snapshotAt(takenAtMs: number, values: readonly number[]): Snapshot {
  const readings = metrics.map((metric, at) => {
    return { metric, value: values[at] ?? 0, quality: "good" } as const;
  });
  return { deviceId: "heatpump", takenAtMs, monotonicMs: 0, clockSynced: true, readings };
}

async function begin(
  { backlog, clock }: House,
  store: SnapshotStore,
  more: Partial<Parameters<typeof openLine>[0]> = {},
): Promise<DeliveryLine> {
  const line = await openLine({ store, backlog, clock, ...more });
  lines.push(line);
  return line;
}

/** Values stored, by time; a time that is there twice is an error. */
async function readStore(store: SnapshotStore): Promise<Map<number, readonly number[]>> {
  const stored = new Map<number, readonly number[]>();
  for await (const { batch } of store.blocks(INSTALLATION)) {
    for (const { atMs, values } of readRows(openSealed(batch, stream.table), stream.table)) {
      expect(stored.has(atMs), `row ${atMs} twice`).toBe(false);
      stored.set(
        atMs,
        metrics.map((metric) => values.get(metric) ?? Number.NaN),
      );
    }
  }
  return new Map([...stored].sort(([a], [b]) => a - b));
}

const named = (line: DeliveryLine, event: string) =>
  line.events.filter((one) => one.event === event).map(({ facts }) => facts);

const isEmpty =
  ({ backlog }: House) =>
  (): boolean =>
    backlog.status().batches === 0;

describe("a batch that is too large", () => {
  it("for the way comes in halves until it fits, each row once; the size is remembered", async () => {
    const house = await openHouse();
    await house.addBatch(300);
    await house.addBatch(10);
    const store = createMemorySnapshotStore();
    const kept = { text: undefined };
    const line = await begin(house, store, { messageBytesMax: 6 * KIB, kept });
    await line.until(isEmpty(house));
    expect(await readStore(store)).toEqual(house.recorded);
    expect(house.backlog.status()).toMatchObject({ lost: 0, duplicate: 0, unaccounted: 0 });
    expect(store.totals().snapshotsStored).toBe(310);
    expect(named(line, "uplink.taken-back").length).toBeGreaterThan(1);
    const learnt = JSON.parse(kept.text ?? "{}").batchBytesMax;
    expect(learnt).toBeLessThan(8 * KIB);
    // The next one is cut before it is sent: nothing is refused any more.
    const before = line.offered.length;
    await house.addBatch(300);
    await house.backlog.seal();
    const again = await begin(house, store, { messageBytesMax: 6 * KIB, kept });
    await again.until(isEmpty(house));
    expect(named(again, "uplink.disconnected")).toEqual([]);
    expect(again.offered.length + line.offered.length).toBeLessThanOrEqual(before + 2);
  });

  it("for the announced number of snapshots is cut before it is sent", async () => {
    const house = await openHouse();
    await house.addBatch(50);
    const store = createMemorySnapshotStore();
    const line = await begin(house, store, { rules: { snapshotsMax: 8 } });
    await line.until(isEmpty(house));
    expect(await readStore(store)).toEqual(house.recorded);
    for await (const { batch } of store.blocks(INSTALLATION)) {
      expect(batch.rows).toBeLessThanOrEqual(8);
    }
    expect(line.offered).toHaveLength(1);
  });

  it("is halved once although the answer is lost, and the daemon with it", async () => {
    const records = new MemoryRecordStore();
    const house = await openHouse({ records });
    await house.addBatch(20);
    const store = createMemorySnapshotStore();
    let answers = 0;
    const cut: Meddle = (delivery) =>
      instead(delivery, {
        async takeBack(batch) {
          const result = await delivery.takeBack(batch);
          if (answers++ === 0) throw new Error("cut after the durable write");
          return result;
        },
      });
    const rules = { snapshotsMax: 10 };
    const line = await begin(house, store, { rules, meddle: cut });
    await line.until(() => answers === 1);
    await line.close();
    lines.pop();
    // Not closed: the next life finds what a killed one leaves.
    const next = await openHouse({ records, clock: house.clock, life: 2 });
    expect(next.backlog.status()).toMatchObject({ snapshots: 20, unaccounted: 0 });
    const again = await begin(next, store, { rules, meddle: cut });
    await again.until(isEmpty(next));
    expect(answers).toBe(2);
    expect(await readStore(store)).toEqual(house.recorded);
    expect(next.backlog.status()).toMatchObject({ lost: 0, duplicate: 0, unaccounted: 0 });
  });
});

describe("a batch that nobody takes", () => {
  /** Fails at what `isBad` says, as a bug of the backend would. */
  const refuse =
    (isBad: (sequence: number) => boolean, fault: () => Error): Meddle =>
    (delivery) =>
      instead(delivery, {
        async take(batch) {
          if (isBad(batch.sequence)) throw fault();
          return await delivery.take(batch);
        },
      });

  it.each([
    ["refused", () => new HeatpoolError("INVALID_ARGUMENT", "never")],
    ["poison", () => new Error("a bug")],
  ])("is set aside as %s, the others go on, and it can be replayed", async (reason, fault) => {
    const house = await openHouse();
    for (const _ of countTo(6)) await house.addBatch(3);
    const store = createMemorySnapshotStore();
    let isWell = false;
    const meddle = refuse((sequence) => sequence === 3 && !isWell, fault);
    const line = await begin(house, store, { meddle });
    await line.until(isEmpty(house));
    expect(house.backlog.deadLetters()).toMatchObject([{ number: 1, reason, snapshots: 3 }]);
    expect((await readStore(store)).size).toBe(15);
    expect(house.backlog.status()).toMatchObject({ deadSnapshots: 3, lost: 0, unaccounted: 0 });
    isWell = true;
    expect(await house.backlog.replayDeadLetters([1])).toBe(1);
    await line.close();
    lines.pop();
    const again = await begin(house, store, { meddle });
    await again.until(isEmpty(house));
    expect(await readStore(store)).toEqual(house.recorded);
    expect(house.backlog.status()).toMatchObject({ deadLetters: 0, lost: 0, unaccounted: 0 });
  });

  it("but was stored is not kept aside: it counts as delivered", async () => {
    const house = await openHouse();
    for (const _ of countTo(2)) await house.addBatch(3);
    const store = createMemorySnapshotStore();
    const meddle: Meddle = (delivery) =>
      instead(delivery, {
        // The welcome does not say so either, as if it were asked in the very moment of the write.
        ackedThrough: [0],
        async take(batch) {
          const decision = await delivery.take(batch);
          if (batch.sequence === 1) throw new Error("no ack ever leaves");
          return decision;
        },
      });
    const line = await begin(house, store, { meddle });
    await line.until(isEmpty(house));
    expect(named(line, "uplink.taken-back")).toMatchObject([{ result: "stored" }]);
    expect(house.backlog.deadLetters()).toEqual([]);
    expect(await readStore(store)).toEqual(house.recorded);
    expect(house.backlog.status()).toMatchObject({ lost: 0, unaccounted: 0 });
  });
});

describe("a backend that was restored from an older copy", () => {
  it("is told which numbers it forgot, and everybody goes on", async () => {
    const house = await openHouse();
    const copy = createShelf();
    const store = createMemorySnapshotStore(copy);
    await house.addBatch(3);
    const first = await begin(house, store);
    await first.until(isEmpty(house));
    await first.close();
    lines.pop();
    const older = structuredClone(copy);
    for (const _ of countTo(2)) await house.addBatch(3);
    const second = await begin(house, store);
    await second.until(isEmpty(house));
    await second.close();
    lines.pop();
    const restored = createMemorySnapshotStore(older);
    await house.addBatch(4);
    const third = await begin(house, restored);
    await third.until(isEmpty(house));
    expect(restored.totals().snapshotsStored).toBe(3 + 4);
    const gaps = [];
    for await (const loss of restored.losses(INSTALLATION)) gaps.push(loss);
    expect(gaps).toMatchObject([
      { reason: "backend-forgot", batches: { sequenceFrom: 2, sequenceTo: 3 } },
    ]);
    expect(third.offered).toHaveLength(1);
    expect(house.backlog.status()).toMatchObject({ lost: 0, unaccounted: 0 });
  });
});

describe("a daemon that was restored from an older image", () => {
  it("takes its old numbers back: what was stored is done, other rows are kept aside", async () => {
    const [disk, image] = [temporaryFolder(), join(temporaryFolder(), "image")];
    const before = await openHouse({ directory: disk });
    const { clock } = before;
    await before.addBatch(3);
    await before.backlog.close();
    cpSync(disk, image, { recursive: true });
    const house = await openHouse({ directory: disk, clock, life: 2, fromStep: 100 });
    const store = createMemorySnapshotStore();
    await house.addBatch(3);
    await house.addBatch(3);
    const line = await begin(house, store);
    await line.until(isEmpty(house));
    await line.close();
    lines.pop();
    const { epochId } = house.backlog.status();
    // The image goes on numbering where it stood, as a clean end lets it.
    const clone = await openHouse({ directory: image, clock, life: 3, fromStep: 500 });
    expect(clone.backlog.status().epochId).toBe(epochId);
    await clone.addBatch(4);
    const again = await begin(clone, store);
    await again.until(() => named(again, "uplink.taken-back").length === 2);
    expect(named(again, "uplink.taken-back")).toMatchObject([
      { sequence: 1, result: "stored" },
      { sequence: 2, result: "forked" },
    ]);
    expect(clone.backlog.status()).toMatchObject({
      duplicate: 3,
      deadSnapshots: 4,
      unaccounted: 0,
    });
    await clone.backlog.replayDeadLetters([1]);
    await clone.addBatch(1);
    await again.close();
    lines.pop();
    const last = await begin(clone, store);
    await last.until(isEmpty(clone));
    expect(store.totals().snapshotsStored).toBe(9 + 4 + 1);
    for (const { backlog } of [house, clone]) await backlog.close();
  });
});

describe("many epochs", () => {
  it("are offered eight at a time until all are drained", async () => {
    const house = await openHouse();
    for (const _ of countTo(20)) {
      await house.addBatch(2);
      await house.backlog.beginEpoch();
    }
    expect(house.backlog.epochs()).toHaveLength(21);
    const store = createMemorySnapshotStore();
    const line = await begin(house, store);
    await line.until(isEmpty(house));
    expect(await readStore(store)).toEqual(house.recorded);
    expect(line.offered.map((epochs) => epochs.length)).toEqual([8, 8, 7]);
    expect(house.backlog.status()).toMatchObject({ lost: 0, unaccounted: 0 });
  });
});

/** The delivery, some of whose answers are others. */
function instead(delivery: Delivery, others: Partial<Delivery>): Delivery {
  return new Proxy(delivery, {
    get(real, name) {
      const value: unknown = Reflect.get(Object.hasOwn(others, name) ? others : real, name);
      return typeof value === "function" ? value.bind(real) : value;
    },
  });
}
