/** Records outlive the program that wrote them: they come back as they were or are refused. */
import { describe, expect, it } from "vitest";
import { sealSnapshots } from "#core/batch/batch-builder.js";
import { type Channel, createChannelTable } from "#core/batch/channel-table.js";
import {
  decodeChannelTable,
  decodeJournalBlock,
  decodeLossEntry,
  decodeSealedBatch,
  decodeStoredBatch,
  encodeChannelTable,
  encodeJournalBlock,
  encodeLossEntry,
  encodeSealedBatch,
  type LossEntry,
} from "#core/batch/records.js";
import { fromWireBatch, fromWireTable, toWireBatch, toWireTable } from "#core/batch/wire-batch.js";
import { Batch } from "#proto/heatpool/telemetry/v1/telemetry.js";

const channel: Channel = {
  metric: "temp_flow",
  encoding: "int",
  multiplier: 1,
  decimals: 1,
  kind: "fastTemperature",
};
const table = createChannelTable([channel, { ...channel, metric: "temp_return" }]);

const sealed = (() => {
  const [one] = sealSnapshots(
    [
      {
        deviceId: "heatpump",
        takenAtMs: 1_735_689_600_123,
        monotonicMs: 5,
        clockSynced: true,
        readings: [{ metric: "temp_flow", value: 35.1, quality: "good" }],
      },
    ],
    { deviceId: "heatpump", table, stepMs: 60_000 },
    1,
  );
  if (one === undefined) throw new Error("nothing was sealed");
  return one;
})();

const loss: LossEntry = {
  number: 7,
  class: "lost",
  reason: "evicted-limit",
  deviceId: "heatpump",
  fromMs: 1_735_689_600_000,
  toMs: 1_735_689_660_000,
  snapshots: 60,
  readings: 3_600,
  batches: { epochId: "0b1f7f9e-6f43-4c51-9d3c-0d7a0c1f2a3b", sequenceFrom: 3, sequenceTo: 9 },
};

describe("records", () => {
  it("keep a sealed batch, with and without the time of its receipt", () => {
    expect(decodeSealedBatch(encodeSealedBatch(sealed))).toEqual(sealed);
    expect(decodeStoredBatch(encodeSealedBatch(sealed, 1_735_700_000_000))).toEqual({
      sealed,
      receivedAtMs: 1_735_700_000_000,
    });
  });

  it("keep a journal block", () => {
    const bootId = Uint8Array.from({ length: 16 }, (_, k) => k);
    const block = { bootId, firstMonotonicMs: 123_456, clockSynced: false, rows: sealed };
    expect(decodeJournalBlock(encodeJournalBlock(block))).toEqual(block);
    expect(() =>
      decodeJournalBlock(encodeJournalBlock({ ...block, bootId: bootId.subarray(1) })),
    ).toThrow(/boot id of 15 bytes/);
  });

  it("keep a loss entry, of one device or of all", () => {
    expect(decodeLossEntry(encodeLossEntry(loss))).toEqual(loss);
    const all = {
      ...loss,
      deviceId: undefined,
      batches: undefined,
      class: "not-collected" as const,
    };
    expect(decodeLossEntry(encodeLossEntry(all))).toEqual(all);
  });

  it("refuse what is no loss entry", () => {
    expect(() => decodeLossEntry(new Uint8Array())).toThrow(/class ""/);
    expect(() => decodeLossEntry(encodeLossEntry({ ...loss, reason: "" }))).toThrow(
      /no.* reason|without reason/,
    );
    const batches = { epochId: "nonsense", sequenceFrom: 1, sequenceTo: 1 };
    expect(() => encodeLossEntry({ ...loss, batches })).toThrow(/no UUID/);
  });

  it("keep a channel table and recompute its name", () => {
    expect(decodeChannelTable(encodeChannelTable(table))).toEqual(table);
    const renamed = { ...table, id: Uint8Array.from(table.id, (byte) => byte ^ 1) };
    expect(() => decodeChannelTable(encodeChannelTable(renamed))).toThrow(
      /is not of these channels/,
    );
  });

  it.each([
    [{ metric: "Temp" }, /is no name/],
    [{ metric: "a,int,1,0,state\nb" }, /is no name/],
    [{ encoding: "float" }, /encoding "float"/],
    [{ kind: "mystery" }, /kind "mystery"/],
    [{ multiplier: 0 }, /multiplier 0/],
    [{ decimals: 10 }, /10 decimals/],
  ])("refuse a channel with %j", (wrong, message) => {
    const bad = createChannelTable([{ ...channel, ...wrong } as Channel]);
    expect(() => decodeChannelTable(encodeChannelTable(bad))).toThrow(message);
  });

  it("refuse tables that are empty, too long, double or outside the catalogue", () => {
    const make = (count: number, name: (k: number) => string) =>
      encodeChannelTable(
        createChannelTable(
          Array.from({ length: count }, (_, k) => ({ ...channel, metric: name(k) })),
        ),
      );
    expect(() => decodeChannelTable(make(0, String))).toThrow(/0 channels/);
    expect(() => decodeChannelTable(make(257, (k) => `m_${k}`))).toThrow(/257 channels/);
    expect(() => decodeChannelTable(make(2, () => "same"))).toThrow(/twice/);
    expect(() =>
      decodeChannelTable(
        make(1, () => "temp_flow"),
        () => false,
      ),
    ).toThrow(/catalogue/);
  });

  it.each([
    ["nothing", new Uint8Array(), /block format 0/],
    ["bytes that are no message", Uint8Array.of(0xff, 0xff), /cannot be read/],
    ["a short digest", encodeSealedBatch({ ...sealed, digest: Uint8Array.of(1) }), /digest of 1/],
    ["a short table id", encodeSealedBatch({ ...sealed, tableId: Uint8Array.of(1) }), /table id/],
    ["no rows", encodeSealedBatch({ ...sealed, rows: 0 }), /0 rows/],
    ["too many rows", encodeSealedBatch({ ...sealed, rows: 2_001 }), /2001 rows/],
    ["an endless slot", encodeSealedBatch({ ...sealed, slot: 2 ** 60 }), /slot .* too large/],
  ])("refuse a sealed batch of %s", (_, bytes, message) => {
    expect(() => decodeSealedBatch(bytes)).toThrow(message);
  });
});

describe("batches on the wire", () => {
  const place = { device: 1, epoch: 2, sequence: 300, backlog: true };

  it("say again what was sealed", () => {
    const bytes = Batch.encode(toWireBatch(sealed, place)).finish();
    const { rows, slot, codec, plainBytes, block } = sealed;
    const check = Buffer.from(sealed.digest).readUInt32LE(0);
    expect(fromWireBatch(Batch.decode(bytes), { codec: 0 })).toEqual({
      ...place,
      ...{ rows, slot, codec, plainBytes, block, check, prior: 0, continues: false },
    });
  });

  it("leave out a codec that the hello has named", () => {
    const message = toWireBatch(sealed, { ...place, defaultCodec: 1 });
    expect(message.codec).toBeUndefined();
    expect(fromWireBatch(message, { codec: 1 }).codec).toBe(1);
  });

  it("name their prior by its place in the hello, and leave out what a chain knows", () => {
    const ranged = { ...sealed, codec: 2, prior: 0xabcd };
    const priors = [1, 0xabcd];
    const hello = { codec: 2, priors };
    const alone = toWireBatch(ranged, { ...place, defaultCodec: 2, priors });
    expect(alone).toMatchObject({ prior: 1, codec: undefined, plainBytes: 0 });
    expect(fromWireBatch(alone, hello)).toMatchObject({ prior: 0xabcd, continues: false });
    const link = { continues: true, followsOn: true };
    const next = toWireBatch(ranged, { ...place, defaultCodec: 2, priors }, link);
    expect(next).toMatchObject({ prior: 0, slot: undefined, continues: true });
    expect(fromWireBatch(next, hello)).toMatchObject({ slot: undefined, continues: true });
  });

  it("are refused without a slot, with a prior that nobody declared, or beyond their codec", () => {
    const message = toWireBatch(sealed, place);
    const hello = { codec: 2 };
    const read = (changes: Partial<Batch>) => () =>
      fromWireBatch({ ...message, ...changes }, hello);
    expect(read({ slot: undefined })).toThrow(/without a slot/);
    expect(read({ continues: true })).toThrow(/codec 1 continues/);
    expect(read({ codec: 2, prior: 3 })).toThrow(/prior 3 was not declared/);
    expect(read({ sequence: 2n ** 63n })).toThrow(/sequence/);
  });

  it("bring their table along", () => {
    expect(fromWireTable(toWireTable(table))).toEqual(table);
  });
});
