/** What every time series engine must keep: each reading once, gone when erased, whole after settling. */

import { describe, expect, it } from "vitest";
import { decodeBlock } from "#core/batch/block.js";
import { type ChannelTable, createChannelTable } from "#core/batch/channel-table.js";
import { createColumns } from "#core/batch/columns.js";
import type { DecodedBlock, SeriesEngine } from "../../backend/store/series-engine.js";
import { installationId, MODEL, makeBatch, type Row, STEP_MS, TABLE } from "../support/pool-bed.js";

const MINE = installationId(1);
const THEIRS = installationId(2);

/** Recent, so that no engine finds it too old. */
export const FROM_MS = Math.floor(Date.now() / STEP_MS) * STEP_MS - 6 * 3_600_000;

/** A decoded block of `rows` rows of the n-th hour. */
export function decodedBlock(
  id: string,
  hour: number,
  rows: readonly Row[],
  more: { model?: string; table?: ChannelTable; deviceId?: string } = {},
): DecodedBlock {
  const { table = TABLE, model = MODEL, deviceId = "heatpump" } = more;
  const batch = makeBatch(1, FROM_MS + hour * 3_600_000, rows, { table });
  const columns = createColumns(table, rows.length);
  const { slot = 0, codec, prior, plainBytes, block } = batch;
  const priorPart = prior === undefined ? {} : { prior };
  decodeBlock(
    { stepMs: STEP_MS, slot, rows: rows.length, codec, ...priorPart, plainBytes, block },
    table,
    columns,
  );
  return {
    block: { installationId: id, heatpumpModel: model, batch: { deviceId } },
    table,
    columns,
  };
}

/** `count` rows of three values. */
export function rowsOf(count: number): Row[] {
  return Array.from({ length: count }, (_, k) => [-12 + k, 300 + (k % 7), 1_234 + k]);
}

/** Runs the promise. `crash` ends the engine as a crash does, and starts it again. */
export function seriesEngineContract(
  name: string,
  open: () => Promise<SeriesEngine>,
  crash: () => Promise<void>,
): void {
  const write = async (engine: SeriesEngine, ...blocks: DecodedBlock[]) => {
    const writer = engine.begin();
    for (const one of blocks) writer.add(one);
    await writer.send();
  };
  describe(`${name} keeps the series engine's promise`, () => {
    it("holds every reading once, however often it was written", async () => {
      const engine = await open();
      await engine.erase([MINE, THEIRS]);
      for (let k = 0; k < 3; k++) {
        await write(engine, decodedBlock(MINE, 0, rowsOf(30)), decodedBlock(THEIRS, 0, rowsOf(10)));
      }
      expect(await engine.count(MINE)).toEqual({ series: 3, samples: 90 });
      expect(await engine.count(THEIRS)).toEqual({ series: 3, samples: 30 });
      expect((await engine.life()).rowsRefused).toBe(0);
    });

    it("leaves absent cells out, and nothing else", async () => {
      const engine = await open();
      await engine.erase([MINE]);
      const rows: Row[] = [
        [1, undefined, 3],
        [undefined, undefined, 4],
        [2, undefined, undefined],
      ];
      await write(engine, decodedBlock(MINE, 1, rows));
      expect(await engine.count(MINE)).toEqual({ series: 2, samples: 4 });
    });

    it("keeps what was settled through a crash, and tells that it was started anew", async () => {
      const engine = await open();
      await engine.erase([MINE]);
      const before = await engine.life();
      await write(engine, decodedBlock(MINE, 2, rowsOf(20)));
      await engine.settle();
      await crash();
      expect((await engine.life()).name).not.toBe(before.name);
      expect(await engine.count(MINE)).toEqual({ series: 3, samples: 60 });
    });

    it("erases one installation and nobody else, through a crash, and takes new data of it", async () => {
      const engine = await open();
      await write(engine, decodedBlock(MINE, 3, rowsOf(20)), decodedBlock(THEIRS, 3, rowsOf(20)));
      const theirs = await engine.count(THEIRS);
      await engine.erase([MINE]);
      expect(await engine.count(MINE)).toEqual({ series: 0, samples: 0 });
      await engine.settle();
      await crash();
      expect(await engine.count(MINE)).toEqual({ series: 0, samples: 0 });
      expect(await engine.count(THEIRS)).toEqual(theirs);
      await write(engine, decodedBlock(MINE, 4, rowsOf(5)));
      expect(await engine.count(MINE)).toEqual({ series: 3, samples: 15 });
      await engine.compact();
    });

    it("takes names whatever they hold for names", async () => {
      const engine = await open();
      await engine.erase([MINE, THEIRS]);
      const model = 'IDM Wärmepumpe "x"}\n\\ {a="b"} \u2028 1';
      await write(engine, decodedBlock(MINE, 5, rowsOf(4), { model }));
      expect(await engine.count(MINE)).toEqual({ series: 3, samples: 12 });
      expect(await engine.count(THEIRS)).toEqual({ series: 0, samples: 0 });
      expect((await engine.life()).rowsRefused).toBe(0);
    });

    it("holds floats, counters and large numbers as they are", async () => {
      const engine = await open();
      await engine.erase([MINE]);
      const table = createChannelTable([
        {
          metric: "temp_flow",
          encoding: "f32",
          multiplier: 1,
          decimals: 0,
          kind: "fastTemperature",
        },
        { metric: "power_current", encoding: "uint", multiplier: 5, decimals: 2, kind: "power" },
      ]);
      const rows: Row[] = [
        [0x41ac0000, -1],
        [0x41ac0000, 0],
      ];
      await write(engine, decodedBlock(MINE, 5, rows, { table }));
      expect(await engine.count(MINE)).toEqual({ series: 2, samples: 4 });
    });
  });
}
