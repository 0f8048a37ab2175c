/**
 * The conversation with a daemon: what is acknowledged may be deleted there, so nothing may be
 * acknowledged too early, and nothing may hang, leak or end the process.
 */
import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import { RejectReason, VoidResult } from "#proto/heatpool/telemetry/v1/telemetry.js";
import type { DoorParts } from "../../../backend/rpc/server.js";
import {
  batch,
  hello,
  type OpenDoor,
  openDoor,
  RULES,
  type Talk,
  talk,
} from "../../support/door.js";
import { admitted } from "../../support/fake-behind.js";
import { settle } from "../../support/fake-clock.js";

let door: OpenDoor;
let talks: Talk[] = [];

async function start(changes: Partial<DoorParts> = {}): Promise<OpenDoor> {
  door = await openDoor(changes);
  return door;
}

function open(): Talk {
  const one = talk(door.ports.main);
  talks.push(one);
  return one;
}

async function greeted(...args: Parameters<typeof hello>): Promise<Talk> {
  const one = open();
  one.say(hello(...args));
  expect(await one.hear()).toMatchObject({ $case: "welcome" });
  return one;
}

/** Lets messages cross the loopback until `isTrue`. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await settle();
}

afterEach(async () => {
  for (const one of talks) one.close();
  talks = [];
  await door.close();
  expect(door.bugs).toEqual([]);
});

describe("hello", () => {
  it("is answered with the limits, what is acked, and the tables that are missing", async () => {
    await start();
    const one = open();
    one.say(hello());
    const answer = await one.hear();
    expect(answer?.value).toMatchObject({
      serverTimeMs: BigInt(door.clock.nowMs()),
      limits: { requestBytesMax: 524_288, windowBatches: 4, snapshotsMax: 2_000 },
      ackedThrough: [0n, 0n],
      codecs: [0, 1],
      unknownTables: [Buffer.alloc(8, 7)],
    });
    expect(door.behind.opened[0]).toMatchObject({
      installationId: "12345678-1234-4234-9234-567812340001",
      devices: [{ deviceId: "heatpump", stepMs: 60_000 }],
      epochs: [{ epochId: "12345678-1234-4234-9234-5678123400e0" }, { lastSealed: 9 }],
    });
  });

  it("says how far a row may be from its slot, at most half a step", async () => {
    const device = {
      deviceId: "heatpump",
      profile: "idm/navigator-2.0",
      profileVersion: 1,
      heatpumpModel: "idm/navigator-2.0",
      tableId: Buffer.alloc(8, 7),
      stepMs: 60_000,
    };
    await start();
    await greeted(1, { devices: [{ ...device, timeToleranceMs: 1_000 }] });
    expect(door.behind.opened[0]?.devices[0]).toMatchObject({ timeToleranceMs: 1_000 });
    const wrong = open();
    wrong.say(hello(2, { devices: [{ ...device, timeToleranceMs: 30_001 }] }));
    expect(await wrong.ended).toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it("has to come within 10 s", async () => {
    await start();
    const one = open();
    await until(() => door.clock.waiting > 0);
    await door.clock.advance(10_000);
    expect(await one.ended).toMatchObject({ code: status.UNAVAILABLE });
  });

  it("has to come first, once, and in a revision that is spoken", async () => {
    await start();
    const early = open();
    early.say(batch(1));
    expect(await early.ended).toMatchObject({ code: status.FAILED_PRECONDITION });
    const twice = await greeted();
    twice.say(hello());
    expect(await twice.ended).toMatchObject({ code: status.FAILED_PRECONDITION });
    const other = open();
    other.say(hello(1, { protocolRevision: 2 }));
    expect(await other.ended).toMatchObject({ code: status.FAILED_PRECONDITION });
    expect(door.behind.batches).toEqual([]);
  });

  it.each([
    ["an id of 15 bytes", { installationId: Buffer.alloc(15) }],
    ["an id that is not a UUIDv4", { installationId: Buffer.alloc(16) }],
    ["65 codecs", { codecs: Array<number>(65).fill(0) }],
    ["a long version", { daemonVersion: "x".repeat(65) }],
    [
      "an epoch of 4 bytes",
      { epochs: [{ epochId: Buffer.alloc(4), firstUnacked: 0n, lastSealed: 0n }] },
    ],
    [
      "a number above 2^53",
      { epochs: [{ epochId: Buffer.alloc(16, 1), firstUnacked: 2n ** 60n, lastSealed: 0n }] },
    ],
  ])("is refused with %s", async (_, changes) => {
    await start();
    const one = open();
    one.say(hello(1, changes));
    expect(await one.ended).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(door.behind.opened).toEqual([]);
  });

  it("without consent is FAILED_PRECONDITION", async () => {
    await start();
    const one = open();
    one.say(hello(1, { consentVersion: 0 }));
    const end = await one.ended;
    expect(end.code).toBe(status.FAILED_PRECONDITION);
    expect(end.metadata.get("heatpool-code")).toEqual(["CONSENT_MISSING"]);
  });
});

describe("batches", () => {
  it("are acknowledged with their counts once they are decided, not before", async () => {
    await start();
    let decide = () => {};
    door.behind.decide = (one) =>
      new Promise((resolve) => {
        decide = () => resolve(admitted(one));
      });
    const one = await greeted();
    one.say(batch(1));
    one.say({ $case: "ping", value: { nonce: 5n } });
    expect(await one.hear()).toMatchObject({ $case: "pong", value: { nonce: 5n } });
    decide();
    expect(await one.hear()).toMatchObject({
      $case: "ack",
      value: { epoch: 0, ackedThrough: 1n, admitted: 10n, outcomes: [] },
    });
    expect(door.behind.batches[0]).toMatchObject({ sequence: 1, codec: 1, slot: 29_800_000 });
  });

  it("that are decided together leave as one ack per epoch", async () => {
    await start();
    const waiting: (() => void)[] = [];
    door.behind.decide = (one) =>
      new Promise((resolve) => {
        const outcomes = [{ reason: "OUT_OF_RANGE" as const, snapshots: 2, detail: "hot" }];
        const half = { admitted: 6, duplicate: 2, rejected: 2, outcomes };
        waiting.push(() => resolve({ ...admitted(one), ...half }));
      });
    const one = await greeted();
    for (const sequence of [1, 2]) one.say(batch(sequence));
    one.say(batch(1, { epoch: 1 }));
    await until(() => waiting.length === 3);
    for (const decide of waiting) decide();
    expect(await one.hear()).toMatchObject({
      value: { epoch: 0, ackedThrough: 2n, admitted: 12n, duplicate: 4n, rejected: 4n },
    });
    const second = await one.hear();
    expect(second).toMatchObject({
      value: {
        epoch: 1,
        ackedThrough: 1n,
        outcomes: [
          {
            sequence: 1n,
            reason: RejectReason.REJECT_REASON_OUT_OF_RANGE,
            snapshots: 2,
            detail: "hot",
          },
        ],
      },
    });
  });

  it("are not read beyond the window", async () => {
    await start();
    const waiting: (() => void)[] = [];
    door.behind.decide = (one) =>
      new Promise((resolve) => {
        waiting.push(() => resolve(admitted(one)));
      });
    const one = await greeted();
    for (let sequence = 1; sequence <= 8; sequence++) one.say(batch(sequence));
    await until(() => waiting.length >= 4);
    for (let round = 0; round < 20; round++) await settle();
    expect(door.behind.batches).toHaveLength(4);
    waiting.shift()?.();
    await until(() => door.behind.batches.length === 5);
    expect(await one.hear()).toMatchObject({ value: { ackedThrough: 1n } });
    while (waiting.length > 0 || door.behind.batches.length < 8) {
      waiting.shift()?.();
      await settle();
    }
  });

  it("behind a gap end the stream with the number that is expected, after earlier acks", async () => {
    await start();
    const one = await greeted();
    one.say(batch(1));
    one.say(batch(3));
    expect(await one.hear()).toMatchObject({ $case: "ack", value: { ackedThrough: 1n } });
    const end = await one.ended;
    expect(end).toMatchObject({ code: status.ABORTED, details: "3 came, 2 is next" });
    expect(end.metadata.get("heatpool-code")).toEqual(["BATCH_GAP"]);
    await until(() => door.behind.closed === 1);
  });

  it("of a known number with other content end the stream as forked", async () => {
    await start();
    door.behind.decide = async () => {
      throw new HeatpoolError("BATCH_FORKED", "epoch 0: 1 was another batch");
    };
    const one = await greeted();
    one.say(batch(1));
    const end = await one.ended;
    expect(end.code).toBe(status.ABORTED);
    expect(end.metadata.get("heatpool-code")).toEqual(["BATCH_FORKED"]);
  });

  it("that the store cannot take wait on their stream, unread beyond what is in hand", async () => {
    await start();
    const { behind, clock } = door;
    behind.isStoreFull = true;
    behind.decide = async () => {
      throw new HeatpoolError("STORE_FAILED", "no space left");
    };
    const one = await greeted();
    one.say(batch(1));
    const pause = { $case: "control", value: { pauseMs: 20_000, limits: undefined } };
    expect(await one.hear()).toMatchObject(pause);
    for (let sequence = 2; sequence <= 20; sequence++) one.say(batch(sequence));
    await clock.advance(10_000);
    // Told again before the first pause is over.
    expect(await one.hear()).toMatchObject(pause);
    expect(behind.batches.length).toBeLessThan(4);
    behind.isStoreFull = false;
    behind.decide = undefined;
    await clock.advance(20_000);
    let through = 0n;
    let admitted = 0n;
    let lastPauseMs: number | undefined;
    while (through < 20n) {
      const answer = await one.hear();
      if (answer?.$case === "control") lastPauseMs = answer.value.pauseMs;
      if (answer?.$case !== "ack") continue;
      expect(lastPauseMs).toBe(0);
      through = answer.value.ackedThrough;
      admitted += answer.value.admitted;
    }
    expect([through, admitted]).toEqual([20n, BigInt(20 * 10)]);
  });

  it("in hand when the store refused are the last of a stream whose installation left", async () => {
    await start();
    const { behind, clock } = door;
    behind.decide = async () => {
      throw new HeatpoolError("STORE_FAILED", "no space left");
    };
    const one = await greeted();
    one.say(batch(1));
    expect(await one.hear()).toMatchObject({ $case: "control" });
    behind.refusal = new HeatpoolError("PERMISSION_DENIED", "this installation was erased");
    await clock.advance(20_000);
    expect(await one.ended).toMatchObject({ code: status.PERMISSION_DENIED });
  });

  it("of an epoch that was not declared end the stream", async () => {
    await start();
    const one = await greeted();
    one.say(batch(1, { epoch: 2 }));
    expect(await one.ended).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(door.behind.batches).toEqual([]);
  });

  it("that build on carried state are asked for whole", async () => {
    await start();
    const one = await greeted();
    let next = 1;
    door.behind.decide = async (incoming) => {
      if (incoming.sequence !== next) throw new HeatpoolError("BATCH_GAP", `${next} is next`);
      if (incoming.continues) throw new HeatpoolError("CHAIN_LOST", "no state");
      next += 1;
      return admitted(incoming);
    };
    one.say(batch(1));
    one.say(batch(2, { continues: true, slot: undefined, codec: 2 }));
    one.say(batch(3));
    expect(await one.hear()).toMatchObject({ $case: "ack", value: { ackedThrough: 1n } });
    expect(await one.hear()).toMatchObject({ $case: "control", value: { resetState: true } });
    one.say(batch(2));
    one.say(batch(3));
    let acked = 1n;
    while (acked < 3n) {
      const ack = await one.hear();
      if (ack?.$case !== "ack") throw new Error(`${ack?.$case} instead of an ack`);
      acked = ack.value.ackedThrough;
    }
  });

  it("that continue another again after they were asked for whole end the stream", async () => {
    await start();
    door.behind.decide = async () => {
      throw new HeatpoolError("CHAIN_LOST", "no state");
    };
    const one = await greeted();
    one.say(batch(1, { continues: true, codec: 2 }));
    expect(await one.hear()).toMatchObject({ $case: "control", value: { resetState: true } });
    one.say(batch(1, { continues: true, codec: 2 }));
    expect(await one.ended).toMatchObject({ code: status.ABORTED });
  });

  it("keep being decided after the daemon said goodbye", async () => {
    await start();
    let decide = () => {};
    door.behind.decide = (one) =>
      new Promise((resolve) => {
        decide = () => resolve(admitted(one));
      });
    const one = await greeted();
    one.say(batch(1));
    one.say({ $case: "goodbye", value: { reason: "shutdown", reconnectAfterMs: 0 } });
    await until(() => door.behind.batches.length === 1);
    decide();
    expect(await one.hear()).toMatchObject({ $case: "ack", value: { ackedThrough: 1n } });
    expect(await one.ended).toMatchObject({ code: status.OK });
  });
});

describe("a quota", () => {
  /** Refuses until the clock shows `untilMs`, with gaps behind the refused batch. */
  function refuseUntil(untilMs: number): void {
    let next = 1;
    door.behind.decide = async (one) => {
      if (one.sequence !== next) throw new HeatpoolError("BATCH_GAP", `${next} is next`);
      const retryAfterMs = untilMs - door.clock.monotonicMs();
      if (retryAfterMs > 0) {
        throw new HeatpoolError("RATE_LIMITED", "too fast", { cause: { retryAfterMs } });
      }
      next += 1;
      return admitted(one);
    };
  }

  it("pauses the daemon and takes what is in hand when the pause is over", async () => {
    await start();
    refuseUntil(5_000);
    const one = await greeted();
    for (const sequence of [1, 2, 3]) one.say(batch(sequence));
    expect(await one.hear()).toMatchObject({ $case: "control", value: { pauseMs: 5_000 } });
    await until(() => door.behind.batches.length === 3);
    await door.clock.advance(5_000);
    expect(await one.hear()).toMatchObject({ $case: "ack", value: { ackedThrough: 3n } });
  });

  it("that lasts ends the stream and says when to come back", async () => {
    await start();
    refuseUntil(3_600_000);
    const one = await greeted();
    one.say(batch(1));
    const end = await one.ended;
    expect(end.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(end.metadata.get("retry-after-ms")).toEqual(["3600000"]);
  });

  it("does not hide a gap that the daemon made", async () => {
    await start();
    refuseUntil(1_000);
    const one = await greeted();
    one.say(batch(1));
    one.say(batch(5));
    expect(await one.hear()).toMatchObject({ $case: "control" });
    await until(() => door.behind.batches.length === 2);
    await door.clock.advance(1_000);
    expect(await one.hear()).toMatchObject({ $case: "ack", value: { ackedThrough: 1n } });
    expect(await one.ended).toMatchObject({ code: status.ABORTED });
  });
});

describe("tables and losses", () => {
  it("are handed on and answered", async () => {
    await start();
    const one = await greeted();
    const channels = [
      { metric: "temp_flow", encoding: "int", multiplier: 1, decimals: 1, kind: "fastTemperature" },
    ];
    const { createChannelTable } = await import("#core/batch/channel-table.js");
    const { id } = createChannelTable(channels as never);
    one.say({ $case: "table", value: { tableId: Buffer.from(id), channels } });
    const loss = {
      number: 4n,
      reason: "evicted-limit",
      device: 1,
      fromMs: 1n,
      toMs: 2n,
      snapshots: 3n,
      epochId: Buffer.alloc(0),
      sequenceFrom: 0n,
      sequenceTo: 0n,
    };
    one.say({ $case: "loss", value: { losses: [loss] } });
    expect(await one.hear()).toMatchObject({ $case: "lossAck", value: { ackedThrough: 4n } });
    expect(door.behind.tables).toEqual([Buffer.from(id).toString("hex")]);
    expect(door.behind.losses).toMatchObject([{ deviceId: "heatpump", snapshots: 3 }]);
    expect(door.behind.losses[0]?.batches).toBeUndefined();
  });

  it("under a wrong name do not stop the other devices", async () => {
    await start();
    const one = await greeted();
    one.say({ $case: "table", value: { tableId: Buffer.alloc(8), channels: [] } });
    one.say(batch(1));
    expect(await one.hear()).toMatchObject({ $case: "ack" });
    expect(door.behind.tables).toEqual([]);
    expect(door.events).toContain("rpc.table-refused");
  });

  it("of a device that was not declared end the stream", async () => {
    await start();
    const one = await greeted();
    const empty = { number: 1n, reason: "", fromMs: 0n, toMs: 0n, snapshots: 0n };
    const none = { epochId: Buffer.alloc(0), sequenceFrom: 0n, sequenceTo: 0n };
    one.say({ $case: "loss", value: { losses: [{ ...empty, ...none, device: 2 }] } });
    expect(await one.ended).toMatchObject({ code: status.INVALID_ARGUMENT });
  });
});

describe("a number taken back", () => {
  it("is answered after the ack of what was sent before it", async () => {
    await start();
    const one = await greeted();
    one.say(batch(1));
    one.say({ $case: "void", value: { epoch: 0, sequence: 1n, check: 0xdeadbeef } });
    one.say({ $case: "void", value: { epoch: 0, sequence: 2n, check: 1 } });
    expect(await one.hear()).toMatchObject({ $case: "ack", value: { ackedThrough: 1n } });
    expect(await one.hear()).toMatchObject({
      $case: "voided",
      value: { epoch: 0, sequence: 1n, result: VoidResult.VOID_RESULT_STORED },
    });
    expect(await one.hear()).toMatchObject({
      $case: "voided",
      value: { epoch: 0, sequence: 2n, result: VoidResult.VOID_RESULT_VOIDED },
    });
  });

  it("of an epoch that was not declared ends the stream", async () => {
    await start();
    const one = await greeted();
    one.say({ $case: "void", value: { epoch: 2, sequence: 1n, check: 0 } });
    expect(await one.ended).toMatchObject({ code: status.INVALID_ARGUMENT });
  });
});

describe("a second stream of one installation", () => {
  it("takes the place of the first when both are of one boot", async () => {
    await start();
    const first = await greeted();
    const second = await greeted();
    expect(await first.ended).toMatchObject({ code: status.ABORTED, details: /superseded/ });
    second.say(batch(1));
    expect(await second.hear()).toMatchObject({ $case: "ack" });
  });

  it("of another boot is refused while the first answers", async () => {
    await start();
    const first = await greeted();
    const second = open();
    second.say(hello(1, { bootId: Buffer.alloc(16, 9) }));
    const end = await second.ended;
    expect(end.code).toBe(status.ABORTED);
    expect(end.metadata.get("heatpool-code")).toEqual(["SUPERSEDED"]);
    expect(door.events).toContain("rpc.clone-suspected");
    first.say(batch(1));
    expect(await first.hear()).toMatchObject({ $case: "ack" });
  });

  it("does not touch streams of other installations", async () => {
    await start();
    const [first, second] = [await greeted(1), await greeted(2)];
    for (const one of [first, second]) {
      one.say({ $case: "ping", value: { nonce: 1n } });
      expect(await one.hear()).toMatchObject({ $case: "pong" });
    }
  });
});

describe("the end", () => {
  it("is announced to every stream, at times spread evenly, and no batch in hand is lost", async () => {
    await start();
    const decided: (() => void)[] = [];
    door.behind.decide = (one) =>
      new Promise((resolve) => {
        decided.push(() => resolve(admitted(one)));
      });
    const all = [await greeted(1), await greeted(2), await greeted(3)];
    for (const one of all) one.say(batch(1));
    await until(() => decided.length === 3);
    const closing = door.close();
    const offsets: number[] = [];
    for (const one of all) {
      const said = await one.hear();
      expect(said).toMatchObject({ $case: "goodbye", value: { reason: "shutdown" } });
      if (said?.$case === "goodbye") offsets.push(said.value.reconnectAfterMs);
    }
    for (const decide of decided) decide();
    for (const one of all) {
      expect(await one.hear()).toMatchObject({ $case: "ack", value: { ackedThrough: 1n } });
      expect(await one.ended).toMatchObject({ code: status.OK });
    }
    await closing;
    expect(offsets.map((ms) => Math.round(ms / 1000))).toEqual([0, 37, 14]);
  });

  it("comes after 18 s even when somebody does not let go", async () => {
    await start();
    door.behind.decide = () => new Promise(() => {});
    const one = await greeted();
    one.say(batch(1));
    await until(() => door.behind.batches.length === 1);
    const closing = door.close();
    expect(await one.hear()).toMatchObject({ $case: "goodbye" });
    await door.clock.advance(18_000);
    await closing;
  });

  it("of a stream is announced at its age and after silence", async () => {
    await start({ rules: { ...RULES, silenceMaxMs: 300_000 } });
    const silent = await greeted(1);
    await door.clock.advance(300_000);
    expect(await silent.hear()).toMatchObject({ value: { reason: "idle" } });
    expect(await silent.ended).toMatchObject({ code: status.OK });
    await door.close();
    await start();
    const old = await greeted(2);
    await door.clock.advance(86_400_000 * 1.1);
    expect(await old.hear()).toMatchObject({ value: { reason: "age" } });
    expect(await old.ended).toMatchObject({ code: status.OK });
  });

  it("lets go of everything when the daemon vanishes", async () => {
    await start();
    const one = await greeted();
    // The connection has spoken; it is not waited for any more.
    await door.clock.advance(5_000);
    one.call.cancel();
    await until(() => door.behind.closed === 1);
    expect(door.events).toEqual(["rpc.stream-opened", "rpc.stream-closed"]);
    expect(door.clock.waiting).toBe(0);
  });
});
