/** Rows of the house on disk: at stake are weeks of learning, and a start that fails over them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CELLS_PER_DAY, CHANNEL_COUNT } from "#core/anomaly/channel.js";
import { createRowBlock, type RowBlock } from "#core/anomaly/operating-row.js";
import { openLevelRows } from "../../../daemon/model/level-rows.js";
import { createMemoryRows } from "../../../daemon/model/memory-rows.js";
import { packRows, unpackRows } from "../../../daemon/model/packed-rows.js";
import { DAYS_KEPT_MAX } from "../../../daemon/model/row-store.js";
import { temporaryFolder } from "../../support/folder.js";

function someRows(day: number, count: number): RowBlock {
  const rows = createRowBlock(count);
  for (let row = 0; row < count; row++) {
    rows.cells[row] = day * CELLS_PER_DAY + row;
    rows.modes[row] = row % 5;
    rows.steady[row] = row % 2;
    rows.values[row * CHANNEL_COUNT + 3] = Math.fround(40 + Math.sin(row));
    rows.values[row * CHANNEL_COUNT + 27] = row;
  }
  return rows;
}

const factsOf = (day: number) => ({
  ...{ day, rows: 10, steadyRows: 4, scoreMax: 0.5, outdoorMean: -2.5 },
});

describe("a day of rows as bytes", () => {
  it("comes back as it was", () => {
    const rows = someRows(20_000, CELLS_PER_DAY);
    expect(unpackRows(20_000, packRows(rows))).toEqual(rows);
  });

  it("is not there when a bit of it fell over, or its end is missing", () => {
    const bytes = packRows(someRows(20_000, 20));
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt8(damaged.readUInt8(at) ^ 4, at);
      expect(unpackRows(20_000, damaged), `byte ${at}`).toBeUndefined();
      expect(unpackRows(20_000, bytes.subarray(0, at)), `cut at ${at}`).toBeUndefined();
    }
  });
});

describe.each([
  ["LevelDB", () => openLevelRows(join(temporaryFolder(), "rows"), () => undefined)],
  ["memory", async () => createMemoryRows()],
])("rows on %s", (_, open) => {
  it("are kept by day and device, and replaced by newer ones of the same day", async () => {
    const store = await open();
    await store.put("a", factsOf(20_001), someRows(20_001, 10));
    await store.put("a", factsOf(20_000), someRows(20_000, 10));
    await store.put("a-b", factsOf(20_002), someRows(20_002, 10));
    await store.put("a", factsOf(20_000), someRows(20_000, 12));
    expect(await store.days("a")).toEqual([factsOf(20_000), factsOf(20_001)]);
    expect((await store.read("a", 20_000))?.length).toBe(12);
    await store.forget("a");
    expect(await store.days("a")).toEqual([]);
    expect((await store.days("a-b")).length).toBe(1);
    await store.close();
  });

  it("lose their oldest days above the limit", async () => {
    const store = await open();
    for (let day = 0; day < DAYS_KEPT_MAX + 3; day++)
      await store.put("a", factsOf(10_000 + day), someRows(10_000 + day, 1));
    const days = await store.days("a");
    expect(days.length).toBe(DAYS_KEPT_MAX);
    expect(days[0]?.day).toBe(10_003);
    expect(await store.read("a", 10_000)).toBeUndefined();
    await store.close();
  });
});

describe("a store of rows that is damaged", () => {
  it("is thrown away and told, and a new one works", async () => {
    const folder = join(temporaryFolder(), "rows");
    const store = await openLevelRows(folder, () => undefined);
    await store.put("a", factsOf(20_000), someRows(20_000, 3));
    await store.close();
    writeFileSync(join(folder, "CURRENT"), "nonsense\n");
    const lost: unknown[] = [];
    const again = await openLevelRows(folder, (cause) => lost.push(cause));
    expect(lost.length).toBe(1);
    expect(await again.days("a")).toEqual([]);
    await again.close();
  });

  it("is refused while another holds it", async () => {
    const folder = join(temporaryFolder(), "rows");
    const store = await openLevelRows(folder, () => undefined);
    await expect(openLevelRows(folder, () => undefined)).rejects.toMatchObject({
      code: "STORE_LOCKED",
    });
    await store.close();
  });
});
