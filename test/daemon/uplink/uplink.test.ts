/** Delivery: whatever the network does, every snapshot is decided once and accounted for. */
import { afterEach, describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import { runUplink, type UplinkDeps } from "../../../daemon/uplink/uplink.js";
import { createChance } from "../../support/chance.js";
import { createFakeClock, settle } from "../../support/fake-clock.js";
import {
  createListedBacklog,
  DEVICE,
  EPOCH,
  entryOf,
  type ListedBacklog,
  NEXT_EPOCH,
  OLD_EPOCH,
  rangedEntryOf,
} from "./listed-backlog.js";
import { createScriptedBackend } from "./scripted-backend.js";

const running: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});

function start(backlog: ListedBacklog, more: Partial<UplinkDeps> = {}) {
  const clock = createFakeClock(Date.UTC(2026, 10, 1));
  const backend = createScriptedBackend(() => clock.monotonicMs());
  const stop = new AbortController();
  const withdrawal = new AbortController();
  const events: { event: string; facts: unknown }[] = [];
  let kept: string | undefined;
  const deps: UplinkDeps = {
    backlog,
    transport: backend.transport,
    clock,
    chance: createChance(7),
    introduction: {
      installationId: "550e8400-e29b-41d4-a716-446655440000",
      bootId: "550e8400-e29b-41d4-a716-446655440001",
      daemonVersion: "0.1.0",
      consentVersion: 1,
      consentScopes: ["telemetry"],
    },
    profile: "live",
    intervalSeconds: undefined,
    limitStore: {
      read: () => kept,
      write: (text) => {
        kept = text;
      },
    },
    log: (_, event, facts) => events.push({ event, facts }),
    withdrawn: withdrawal.signal,
    ...more,
  };
  const done = runUplink(deps, stop.signal);
  const end = async () => {
    stop.abort();
    await clock.advance(10_000);
    await done;
  };
  running.push(end);
  const eventsNamed = (name: string) => events.filter(({ event }) => event === name);
  return { clock, backend, end, stop, withdrawal, eventsNamed, keptLimits: () => kept };
}

/** Runs to the first stream. */
async function connect(backlog: ListedBacklog, more: Partial<UplinkDeps> = {}) {
  const run = start(backlog, more);
  await run.clock.advance(2_000);
  expect(run.backend.streams).toHaveLength(1);
  return run;
}

const sequencesOf = (batches: readonly { sequence: bigint }[]) =>
  batches.map(({ sequence }) => Number(sequence));

function filled(count: number, more: Parameters<typeof entryOf>[2] = {}): ListedBacklog {
  const backlog = createListedBacklog();
  for (let sequence = 1; sequence <= count; sequence++) backlog.put(entryOf(EPOCH, sequence, more));
  return backlog;
}

describe("a stream", () => {
  it("begins with a hello that names installation, devices and epochs, and nothing else", async () => {
    const { backend } = await connect(filled(2));
    expect(backend.stream.sent).toHaveLength(1);
    const body = backend.stream.sent[0]?.body;
    if (body?.$case !== "hello") throw new Error("no hello");
    expect(body.value.installationId.toString("hex")).toBe("550e8400e29b41d4a716446655440000");
    expect(body.value.devices.map(({ deviceId }) => deviceId)).toEqual(["heatpump"]);
    expect(body.value.epochs).toMatchObject([{ firstUnacked: 1n, lastSealed: 2n }]);
    expect(body.value.consentVersion).toBe(1);
  });

  it("sends at most a window of batches before the first ack, and goes on with each ack", async () => {
    const backlog = filled(6);
    const { backend } = await connect(backlog);
    backend.stream.welcome();
    await settle();
    expect(sequencesOf(backend.stream.batches)).toEqual([1, 2, 3]);
    backend.stream.ack(0, 2, { admitted: 20 });
    await settle();
    expect(sequencesOf(backend.stream.batches)).toEqual([1, 2, 3, 4, 5]);
    expect(backlog.waiting.map(({ sequence }) => sequence)).toEqual([3, 4, 5, 6]);
  });

  it("keeps to the window of bytes, but always lets one batch pass", async () => {
    const { backend } = await connect(filled(3, { bytes: 6000 }));
    backend.stream.welcome({ limits: { windowBytes: 5000 } });
    await settle();
    expect(sequencesOf(backend.stream.batches)).toEqual([1]);
  });

  it("waits until the network took a message before it hands over the next", async () => {
    const { backend } = await connect(filled(3));
    backend.isStuck = true;
    backend.stream.welcome();
    await settle();
    expect(backend.stream.batches).toHaveLength(1);
  });

  it("sends tables the backend does not know before any batch", async () => {
    const { backend } = await connect(filled(1));
    backend.stream.welcome({ unknownTables: [Buffer.from(DEVICE.table.id)] });
    await settle();
    expect(backend.stream.sent.map(({ body }) => body?.$case)).toEqual(["hello", "table", "batch"]);
  });

  it("sends bytes as they were sealed, with codec, rows, slot and check", async () => {
    const { backend } = await connect(filled(1));
    backend.stream.welcome();
    await settle();
    const { sealed } = entryOf(EPOCH, 1);
    const [batch] = backend.stream.batches;
    expect(batch).toMatchObject({ device: 0, epoch: 0, rows: 10, codec: 1 });
    expect(batch?.slot).toBe(BigInt(sealed.slot));
    expect(batch?.block.equals(sealed.block)).toBe(true);
    expect(batch?.check).toBe(Buffer.from(sealed.digest).readUInt32LE(0));
  });

  describe("to a backend that keeps state", () => {
    const END_MS = Date.UTC(2026, 10, 1);
    function chained(count: number): ListedBacklog {
      const backlog = createListedBacklog();
      for (let k = 1; k <= count; k++) {
        const endMs = END_MS - (count - k) * 2 * DEVICE.stepMs;
        backlog.put(rangedEntryOf(EPOCH, k, { endMs, first: 300 + k }));
      }
      return backlog;
    }
    const reset = {
      pauseMs: 0,
      limits: undefined,
      resetState: true,
      reason: "no state",
      renewIdentity: false,
    };

    it("sends fresh batches as one chain, each after the ack of the one before", async () => {
      const { backend } = await connect(chained(3));
      backend.stream.welcome();
      await settle();
      expect(backend.stream.batches).toMatchObject([{ continues: false }]);
      backend.stream.ack(0, 1, { admitted: 2 });
      await settle();
      const next = { continues: true, slot: undefined, codec: undefined, prior: 0 };
      expect(backend.stream.batches[1]).toMatchObject(next);
      const { sealed } = rangedEntryOf(EPOCH, 2);
      expect(backend.stream.batches[1]?.block.length).toBeLessThan(sealed.block.length);
    });

    it("goes back and sends the same batch whole when the state is gone", async () => {
      const backlog = chained(3);
      const { backend, eventsNamed } = await connect(backlog);
      backend.stream.welcome();
      await settle();
      backend.stream.ack(0, 1, { admitted: 2 });
      await settle();
      backend.stream.answer({ $case: "control", value: reset });
      await settle();
      const [, , again] = backend.stream.batches;
      const { sealed } = backlog.waiting[0] ?? rangedEntryOf(EPOCH, 2);
      expect(again).toMatchObject({ sequence: 2n, continues: false });
      expect(again?.block.equals(sealed.block)).toBe(true);
      backend.stream.ack(0, 2, { admitted: 2 });
      await settle();
      expect(backend.stream.batches[3]).toMatchObject({ sequence: 3n, continues: true });
      backend.stream.ack(0, 3, { admitted: 2 });
      await settle();
      expect(backlog.status()).toMatchObject({ admitted: 6, duplicate: 0, unaccounted: 0 });
      expect(eventsNamed("uplink.count-mismatch")).toEqual([]);
    });

    it("sends what waited whole and beside the chain", async () => {
      const backlog = createListedBacklog();
      const old = END_MS - 86_400_000;
      for (const sequence of [1, 2]) backlog.put(rangedEntryOf(EPOCH, sequence, { endMs: old }));
      const { backend } = await connect(backlog);
      backend.stream.welcome();
      await settle();
      const whole = { continues: false, backlog: true };
      expect(backend.stream.batches).toMatchObject([whole, whole]);
    });

    it("carries no state where the backend keeps none, and codes anew what it cannot read", async () => {
      const stateless = await connect(chained(3));
      stateless.backend.stream.welcome({ keepsState: false });
      await settle();
      const alone = { continues: false, codec: undefined };
      expect(stateless.backend.stream.batches).toMatchObject([alone, alone, alone]);
      const older = await connect(chained(1));
      older.backend.stream.welcome({ codecs: [0, 1] });
      await settle();
      const [batch] = older.backend.stream.batches;
      const { sealed } = rangedEntryOf(EPOCH, 1, { first: 301 });
      const check = Buffer.from(sealed.digest).readUInt32LE(0);
      expect(batch).toMatchObject({ codec: 1, prior: 0, check, rows: 2 });
    });
  });

  it("holds batches while paused, and goes on afterwards", async () => {
    const { backend, clock } = await connect(filled(5));
    backend.stream.welcome();
    const control = {
      pauseMs: 60_000,
      limits: undefined,
      resetState: false,
      reason: "busy",
      renewIdentity: false,
    };
    backend.stream.answer({ $case: "control", value: control });
    await settle();
    const before = backend.stream.batches.length;
    backend.stream.ack(0, before, { admitted: 10 * before });
    await clock.advance(59_000);
    expect(backend.stream.batches).toHaveLength(before);
    await clock.advance(14_000);
    expect(backend.stream.batches.length).toBeGreaterThan(before);
  });

  it("drains backlog at the rate the backend set", async () => {
    const old = Date.UTC(2026, 9, 1);
    const { backend, clock } = await connect(filled(3, { bytes: 1000, endMs: old }));
    backend.stream.welcome({ limits: { backlogBytesPerSecond: 1000 } });
    await settle();
    expect(sequencesOf(backend.stream.batches)).toEqual([1]);
    expect(backend.stream.batches[0]?.backlog).toBe(true);
    await clock.advance(1_000);
    expect(sequencesOf(backend.stream.batches)).toEqual([1, 2]);
  });

  it("sends the current epoch first and the older ones beside it, oldest first", async () => {
    const backlog = createListedBacklog();
    backlog.put(entryOf(OLD_EPOCH, 1));
    backlog.put(entryOf(OLD_EPOCH, 2));
    backlog.put(entryOf(EPOCH, 1));
    const { backend } = await connect(backlog);
    backend.stream.welcome({ ackedThrough: [0, 0] });
    await settle();
    expect(backend.stream.batches.map(({ epoch, sequence }) => [epoch, Number(sequence)])).toEqual([
      [0, 1],
      [1, 1],
      [1, 2],
    ]);
  });
});

describe("a long queue", () => {
  it("drains under its epoch while fresh batches pass it under a new one", async () => {
    const backlog = filled(10, { endMs: Date.UTC(2026, 9, 1) });
    const { backend, clock } = await connect(backlog);
    backend.stream.welcome();
    await clock.advance(100);
    expect(backend.streams).toHaveLength(2);
    backlog.put(entryOf(NEXT_EPOCH, 1, { endMs: clock.nowMs() }));
    backend.stream.welcome({ ackedThrough: [0, 0] });
    await settle();
    expect(backend.stream.batches.map(({ epoch, sequence }) => [epoch, Number(sequence)])).toEqual([
      [0, 1],
      [1, 1],
      [1, 2],
    ]);
  });
});

describe("acks", () => {
  it("heal at the welcome when they were lost: nothing is sent twice", async () => {
    const backlog = filled(3);
    const { backend } = await connect(backlog);
    backend.stream.welcome({ ackedThrough: [2] });
    await settle();
    expect(sequencesOf(backend.stream.batches)).toEqual([3]);
    expect(backlog.receipts).toEqual([
      { epochId: EPOCH, ackedThrough: 2, admitted: 0, duplicate: 0, rejected: 0 },
    ]);
    expect(backlog.status()).toMatchObject({ duplicate: 20 });
    expect(backlog.status().unaccounted).toBe(0);
  });

  it("are cumulative and harmless when they come twice", async () => {
    const backlog = filled(3);
    const { backend } = await connect(backlog);
    backend.stream.welcome();
    await settle();
    backend.stream.ack(0, 2, { admitted: 20 });
    backend.stream.ack(0, 2, { admitted: 20 });
    backend.stream.ack(0, 1, { admitted: 10 });
    backend.stream.ack(0, 3, { duplicate: 10 });
    await settle();
    expect(backlog.status()).toMatchObject({ admitted: 20, duplicate: 10, unaccounted: 0 });
    expect(backlog.waiting).toEqual([]);
  });

  it("with fewer snapshots than were sent are told, and explained in the ledger", async () => {
    const backlog = filled(1);
    const { backend, eventsNamed } = await connect(backlog);
    backend.stream.welcome();
    await settle();
    backend.stream.ack(0, 1, { admitted: 7 });
    await settle();
    expect(eventsNamed("uplink.count-mismatch")).toMatchObject([
      { facts: { sent: 10, decided: 7 } },
    ]);
    expect(backlog.status()).toMatchObject({ admitted: 7, lost: 3, unaccounted: 0 });
    expect(await backlog.losses(0, 10)).toMatchObject([{ reason: "count-mismatch", snapshots: 3 }]);
  });

  it("with more snapshots than were sent never count more than were sent", async () => {
    const backlog = filled(1);
    const { backend } = await connect(backlog);
    backend.stream.welcome();
    await settle();
    backend.stream.ack(0, 1, { admitted: 7, rejected: 9 });
    await settle();
    expect(backlog.status()).toMatchObject({ admitted: 7, rejected: 3, unaccounted: 0 });
  });

  it("for what was never sent are not believed", async () => {
    const backlog = filled(6);
    const { backend } = await connect(backlog);
    backend.stream.welcome();
    await settle();
    backend.stream.ack(0, 6, { admitted: 60 });
    await settle();
    expect(backend.stream.isCancelled).toBe(true);
    expect(backlog.waiting).toHaveLength(6);
  });

  it("of a restored disk image begin another epoch instead of mixing two lives", async () => {
    const backlog = filled(2);
    const { backend, clock, eventsNamed } = await connect(backlog);
    backend.stream.welcome({ ackedThrough: [9] });
    await clock.advance(2_000);
    expect(eventsNamed("uplink.epoch-conflict")).toHaveLength(1);
    expect(backend.streams).toHaveLength(2);
    backlog.put(entryOf(NEXT_EPOCH, 1));
    backend.stream.welcome({ ackedThrough: [0, 9] });
    await settle();
    expect(backend.stream.batches.map(({ epoch, sequence }) => [epoch, Number(sequence)])).toEqual([
      [0, 1],
    ]);
    expect(backlog.waiting).toHaveLength(3);
  });

  it("missing for 30 s make the stream dead; what was unacked goes out again, unchanged", async () => {
    const backlog = filled(2);
    const { backend, clock } = await connect(backlog);
    const first = backend.stream;
    first.welcome();
    await settle();
    await clock.advance(30_000);
    expect(first.isCancelled).toBe(true);
    await clock.advance(60_000);
    expect(backend.streams).toHaveLength(2);
    backend.stream.welcome();
    await settle();
    expect(backend.stream.batches).toEqual(first.batches);
  });
});

describe("a live stream", () => {
  it("asks for a sign of life when nothing happens, and calls again when none comes", async () => {
    const { backend, clock } = await connect(filled(0));
    backend.stream.welcome();
    await clock.advance(600_000);
    expect(backend.streams).toHaveLength(1);
    backend.isDeaf = true;
    await clock.advance(60_000);
    expect(backend.streams[0]?.isCancelled).toBe(true);
  });
});

describe("losses", () => {
  it("are reported before the batch behind the hole, which waits for their receipt", async () => {
    const backlog = filled(4);
    backlog.evict(2);
    const { backend } = await connect(backlog);
    backend.stream.welcome();
    await settle();
    expect(backend.stream.sent.map(({ body }) => body?.$case)).toEqual(["hello", "loss", "batch"]);
    const report = backend.stream.sent[1]?.body;
    if (report?.$case !== "loss") throw new Error("no report");
    expect(report.value.losses).toMatchObject([
      { number: 1n, reason: "evicted-limit", sequenceFrom: 2n, sequenceTo: 2n, snapshots: 10n },
    ]);
    backend.stream.answer({ $case: "lossAck", value: { ackedThrough: 1n } });
    await settle();
    expect(sequencesOf(backend.stream.batches)).toEqual([1, 3, 4]);
    expect(backlog.ledger).toEqual([]);
    backend.stream.ack(0, 4, { admitted: 30 });
    await settle();
    expect(backlog.status()).toMatchObject({ admitted: 30, lost: 10, unaccounted: 0 });
  });

  it("name the numbers that a backend forgot and we no longer have, so that it can go on", async () => {
    const backlog = createListedBacklog();
    backlog.put(entryOf(EPOCH, 11));
    const { backend } = await connect(backlog);
    backend.stream.welcome({ ackedThrough: [5] });
    await settle();
    const report = backend.stream.sent[1]?.body;
    if (report?.$case !== "loss") throw new Error("no report");
    expect(report.value.losses).toMatchObject([{ sequenceFrom: 6n, sequenceTo: 10n }]);
    backend.stream.answer({ $case: "lossAck", value: { ackedThrough: 1n } });
    await settle();
    expect(sequencesOf(backend.stream.batches)).toEqual([11]);
  });
});

describe("sealing", () => {
  it("follows the backend's interval when live and connected", async () => {
    const backlog = createListedBacklog();
    const { backend, clock } = await connect(backlog);
    backend.stream.welcome();
    await clock.advance(300_000);
    const before = backlog.seals;
    backlog.toSeal.push(entryOf(EPOCH, 1));
    for (let step = 0; step < 90; step++) {
      await clock.advance(10_000);
      if (backend.stream.batches.length === 1) backend.stream.ack(0, 1, { admitted: 10 });
    }
    expect(backlog.seals - before).toBe(3);
    expect(sequencesOf(backend.stream.batches)).toEqual([1]);
  });

  it("is hourly in the profile economy, which sends no ping", async () => {
    const backlog = createListedBacklog();
    const { backend, clock } = await connect(backlog, { profile: "economy" });
    backend.stream.welcome();
    await clock.advance(3_600_000);
    const before = backlog.seals;
    await clock.advance(4 * 3_600_000);
    expect(backlog.seals - before).toBe(4);
    expect(backend.stream.sent.map(({ body }) => body?.$case)).toEqual(["hello"]);
    expect(backend.streams).toHaveLength(1);
  });

  it("goes on hourly while the backend is away", async () => {
    const backlog = createListedBacklog();
    const { backend, clock } = start(backlog);
    for (let minute = 0; minute < 180; minute++) {
      await clock.advance(60_000);
      for (const stream of backend.streams) stream.die("UNAVAILABLE");
    }
    expect(backlog.seals).toBeGreaterThanOrEqual(2);
    expect(backlog.seals).toBeLessThanOrEqual(4);
  });
});

describe("an end", () => {
  it("that was announced is followed by a call at the offset the backend gave", async () => {
    const { backend, clock } = await connect(filled(0));
    backend.stream.welcome();
    const value = { reason: "shutdown", reconnectAfterMs: 17_000 };
    backend.stream.answer({ $case: "goodbye", value });
    await settle();
    const endedAtMs = clock.monotonicMs();
    expect(backend.stream.isEnded).toBe(true);
    await clock.advance(16_999);
    expect(backend.streams).toHaveLength(1);
    await clock.advance(1_001);
    expect(backend.stream.openedAtMs - endedAtMs).toBe(17_000);
  });

  it("at a shutdown says goodbye and waits for the last ack", async () => {
    const backlog = filled(1);
    const { backend, end, stop } = await connect(backlog);
    backend.stream.welcome();
    await settle();
    stop.abort();
    await settle();
    expect(backend.stream.sent.at(-1)?.body?.$case).toBe("goodbye");
    expect(backend.stream.isEnded).toBe(false);
    backend.stream.ack(0, 1, { admitted: 10 });
    await settle();
    expect(backend.stream.isEnded).toBe(true);
    await end();
    expect(backlog.status()).toMatchObject({ admitted: 10, snapshots: 0 });
  });

  it("by withdrawn consent throws the connection away in the same tick, mid-batch", async () => {
    const { backend, withdrawal, clock } = await connect(filled(3));
    backend.isStuck = true;
    backend.stream.welcome();
    await settle();
    const sent = backend.stream.sent.length;
    withdrawal.abort();
    expect(backend.stream.isCancelled).toBe(true);
    await clock.advance(7_200_000);
    expect(backend.stream.sent).toHaveLength(sent);
    expect(backend.streams).toHaveLength(1);
  });

  it("comes with a new hello when the backlog began another epoch", async () => {
    const backlog = filled(0);
    const { backend, clock } = await connect(backlog, { intervalSeconds: 10 });
    backend.stream.welcome();
    await settle();
    await backlog.beginEpoch(OLD_EPOCH);
    await clock.advance(10_000);
    expect(backend.streams).toHaveLength(2);
    const hello = backend.stream.sent[0]?.body;
    if (hello?.$case !== "hello") throw new Error("no hello");
    expect(hello.value.epochs[0]?.epochId.toString("hex")).toBe(OLD_EPOCH.replaceAll("-", ""));
  });
});

describe("an attempt", () => {
  it("that fails on our side is followed by others", async () => {
    const { backend, clock, eventsNamed } = start(filled(1), {
      transport: {
        open() {
          throw new HeatpoolError("CONFIG_INVALID", "claim token cannot be read");
        },
      },
    });
    await clock.advance(600_000);
    expect(backend.streams).toEqual([]);
    expect(eventsNamed("uplink.disconnected").length).toBeGreaterThan(2);
  });
});

describe("limits", () => {
  it("are clamped and remembered", async () => {
    const { backend, keptLimits } = await connect(filled(0));
    backend.stream.welcome({
      limits: { uploadIntervalSeconds: 1, windowBytes: 2 ** 31, reconnectSpreadSeconds: 1e6 },
    });
    await settle();
    expect(JSON.parse(keptLimits() ?? "{}")).toMatchObject({
      uploadIntervalSeconds: 60,
      windowBytes: 4 * 1024 * 1024,
      reconnectSpreadSeconds: 3600,
    });
  });
});
