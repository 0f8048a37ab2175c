/** What was read must come out of a sealed batch unchanged: every cell and every millisecond. */
import { describe, expect, it } from "vitest";
import { sealSnapshots } from "#core/batch/batch-builder.js";
import { openSealed, readRows } from "#core/batch/batch-reader.js";
import { type Channel, createChannelTable } from "#core/batch/channel-table.js";
import { KIND_PRIOR } from "#core/batch/priors/released.js";
import type { SealedBatch } from "#core/batch/sealed-batch.js";
import { HeatpoolError } from "#core/errors.js";
import type { Snapshot } from "#core/measurement/snapshot.js";

const tenths = (metric: string): Channel => ({
  metric,
  encoding: "int",
  multiplier: 1,
  decimals: 1,
  kind: "fastTemperature",
});
const table = createChannelTable([tenths("temp_flow"), tenths("temp_return"), tenths("temp_room")]);
const stream = { deviceId: "heatpump", table, stepMs: 60_000 };
const MINUTE = 60_000;
const BASE = 1_735_689_600_000;

function snapshot(takenAtMs: number, values: Record<string, number | undefined>): Snapshot {
  const readings = Object.entries(values).map(([metric, value]) => ({
    metric,
    value,
    quality: value === undefined ? ("read-error" as const) : ("good" as const),
  }));
  return { deviceId: "heatpump", takenAtMs, monotonicMs: 0, clockSynced: true, readings };
}

function rowsOf(batches: readonly SealedBatch[]) {
  return batches.flatMap((sealed) =>
    Array.from(readRows(openSealed(sealed, table), table), ({ atMs, values }) => ({
      atMs,
      ...Object.fromEntries(values),
    })),
  );
}

describe("sealSnapshots", () => {
  it.each([0, 1])("gives back every value, absence and millisecond in codec %i", (codec) => {
    const sealed = sealSnapshots(
      [
        snapshot(BASE + 12, { temp_flow: 35.1, temp_return: 30, not_in_table: 7 }),
        snapshot(BASE + MINUTE - 400, { temp_flow: undefined, temp_return: 30.2 }),
        snapshot(BASE + 4 * MINUTE, { temp_flow: -0.04, temp_return: Number.NaN }),
      ],
      stream,
      codec,
    );
    expect(sealed).toMatchObject([{ rows: 3, readings: 4, codec, slot: BASE / MINUTE }]);
    const rows = rowsOf(sealed);
    expect(rows).toEqual([
      { atMs: BASE + 12, temp_flow: 35.1, temp_return: 30 },
      { atMs: BASE + MINUTE - 400, temp_return: 30.2 },
      { atMs: BASE + 4 * MINUTE, temp_flow: 0 },
    ]);
    expect(Object.is((rows[2] as { temp_flow?: number }).temp_flow, 0)).toBe(true);
  });

  it("seals nothing from nothing", () => {
    expect(sealSnapshots([], stream, 1)).toEqual([]);
  });

  it("seals a snapshot in which every reading failed", () => {
    const sealed = sealSnapshots([snapshot(BASE, { temp_flow: undefined })], stream, 1);
    expect(sealed).toMatchObject([{ rows: 1, readings: 0 }]);
    expect(rowsOf(sealed)).toEqual([{ atMs: BASE }]);
  });

  it("keeps two rows that fall into one slot", () => {
    const times = [BASE - 20_000, BASE, BASE + 20_000, BASE + 30_000, BASE + 30_001];
    const sealed = sealSnapshots(
      times.map((at) => snapshot(at, { temp_flow: 1 })),
      stream,
      0,
    );
    expect(sealed.length).toBe(1);
    expect(rowsOf(sealed).map((row) => row.atMs)).toEqual(times);
  });

  it("begins another batch where time does not rise", () => {
    const times = [BASE, BASE + MINUTE, BASE + MINUTE, BASE - MINUTE, BASE + 5];
    const sealed = sealSnapshots(
      times.map((at) => snapshot(at, { temp_flow: 1 })),
      stream,
      0,
    );
    expect(sealed.map((one) => one.rows)).toEqual([2, 1, 2]);
    expect(rowsOf(sealed).map((row) => row.atMs)).toEqual(times);
  });

  it("stamps a row within the tolerance with its slot, and no two rows with the same", () => {
    const times = [
      BASE + 900,
      BASE + MINUTE + 1_001,
      BASE + 2 * MINUTE - 900,
      BASE + 2 * MINUTE + 5,
    ];
    const sealed = sealSnapshots(
      times.map((at) => snapshot(at, { temp_flow: 1 })),
      stream,
      0,
      { timeToleranceMs: 1_000 },
    );
    expect(rowsOf(sealed).map((row) => row.atMs - BASE)).toEqual([
      0,
      MINUTE + 1_001,
      2 * MINUTE,
      2 * MINUTE + 5,
    ]);
  });

  it("cuts at the greatest number of rows, of cells and of slots", () => {
    const many = Array.from({ length: 4_500 }, (_, k) =>
      snapshot(BASE + k * MINUTE, { temp_flow: k / 10 }),
    );
    expect(sealSnapshots(many, stream, 1).map((one) => one.rows)).toEqual([2_000, 2_000, 500]);
    expect(sealSnapshots(many, stream, 1, { rowsMax: 1_440 }).map((one) => one.rows)).toEqual([
      1_440, 1_440, 1_440, 180,
    ]);
    const wide = createChannelTable(
      Array.from({ length: 250 }, (_, c) => ({ ...tenths(`m_${c}`), encoding: "f64" as const })),
    );
    const cut = sealSnapshots(many.slice(0, 600), { ...stream, table: wide }, 1);
    expect(cut.map((one) => one.rows)).toEqual([512, 88]);
    const far = [BASE, BASE + 2 ** 20 * MINUTE].map((at) => snapshot(at, { temp_flow: 1 }));
    expect(sealSnapshots(far, stream, 0).map((one) => one.rows)).toEqual([1, 1]);
    const near = [BASE, BASE + (2 ** 20 - 1) * MINUTE].map((at) => snapshot(at, { temp_flow: 1 }));
    expect(sealSnapshots(near, stream, 0).map((one) => one.rows)).toEqual([2]);
  });

  it("halves a batch whose block is too large, losing nothing", () => {
    const many = Array.from({ length: 100 }, (_, k) =>
      snapshot(BASE + k * MINUTE, { temp_flow: (k * 7919) % 1_000, temp_return: (k * 31) % 97 }),
    );
    const sealed = sealSnapshots(many, stream, 0, { blockBytesMax: 60 });
    expect(sealed.length).toBeGreaterThan(1);
    for (const one of sealed) expect(one.block.length).toBeLessThanOrEqual(60);
    expect(rowsOf(sealed)).toEqual(
      many.map(({ takenAtMs, readings }) => ({
        atMs: takenAtMs,
        temp_flow: readings[0]?.value,
        temp_return: readings[1]?.value,
      })),
    );
  });

  it("says when a single snapshot does not fit", () => {
    const seal = () =>
      sealSnapshots([snapshot(BASE, { temp_flow: 1 })], stream, 0, { blockBytesMax: 4 });
    expect(seal).toThrow(HeatpoolError);
    expect(seal).toThrow(/one snapshot takes \d+ bytes, at most 4/);
  });
});

describe("sealing in codec 2", () => {
  const raw = (metric: string): Channel => ({ ...tenths(metric), encoding: "f32" });
  /** Hundred minutes of restless sensors, seeded. */
  function noise(metrics: readonly string[]): Snapshot[] {
    let seed = 1;
    return Array.from({ length: 100 }, (_, k) => {
      const values = metrics.map((metric) => {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
        return [metric, 20 + seed / 2 ** 32];
      });
      return snapshot(BASE + k * MINUTE, Object.fromEntries(values));
    });
  }

  it("names the prior that the blocks start from", () => {
    const snapshots = noise(["temp_flow", "temp_return"]);
    const [sealed] = sealSnapshots(snapshots, stream, 2, { prior: KIND_PRIOR });
    expect(sealed).toMatchObject({ codec: 2, prior: KIND_PRIOR });
    expect(sealSnapshots(snapshots, stream, 2)[0]?.prior).toBeUndefined();
  });

  it("falls back to codec 1 where raw floats make that smaller, and only there", () => {
    const names = ["temp_flow", "temp_return", "temp_room"];
    const floats = { ...stream, table: createChannelTable(names.map(raw)) };
    const noisy = sealSnapshots(noise(names), floats, 2, { prior: KIND_PRIOR })[0];
    const deflated = sealSnapshots(noise(names), floats, 1)[0];
    expect(noisy).toMatchObject({ codec: 1, block: deflated?.block });
    expect(noisy?.prior).toBeUndefined();
    const still = Array.from({ length: 100 }, (_, k) =>
      snapshot(BASE + k * MINUTE, { temp_flow: 1 }),
    );
    expect(sealSnapshots(still, floats, 2)[0]?.codec).toBe(2);
  });
});

describe("openSealed", () => {
  const [sealed] = sealSnapshots([snapshot(BASE, { temp_flow: 35.1 })], stream, 0);

  it("refuses other content than was sealed", () => {
    if (sealed === undefined) throw new Error("nothing was sealed");
    const other = { ...sealed, slot: sealed.slot + 1 };
    expect(() => openSealed(other, table)).toThrow(/content has another digest/);
    const foreign = createChannelTable([tenths("temp_flow")]);
    expect(() => openSealed(sealed, foreign)).toThrow(/another channel table/);
  });
});
