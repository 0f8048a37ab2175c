/** Files of earlier loggers: what can be read is taken, what cannot is told with its line. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readCsvHistory } from "../../../daemon/history/csv-history.js";
import type { ImportFault } from "../../../daemon/history/import-rows.js";
import { temporaryFolder } from "../../support/folder.js";

async function readAll(
  text: string,
  names: ReadonlyMap<string, string> = new Map(),
  time?: string,
) {
  const file = join(temporaryFolder(), "old.csv");
  writeFileSync(file, text);
  const rows: (readonly [number, Record<string, number>])[] = [];
  const faults: ImportFault[] = [];
  for await (const part of readCsvHistory(file, { names, timeColumn: time })) {
    rows.push(...part.rows.map(({ atMs, values }) => [atMs, Object.fromEntries(values)] as const));
    faults.push(...part.faults);
  }
  return { rows, faults };
}

const AT_MS = Date.UTC(2024, 9, 1, 12);

describe("a CSV file of an earlier logger", () => {
  it.each([
    "2024-10-01T12:00:00Z",
    "2024-10-01 12:00:00+00:00",
    "1727784000",
    "1727784000.0",
    "1727784000000",
  ])("may write its times like %s", async (time) => {
    expect((await readAll(`timestamp,temp_flow\n${time},35.5\n`)).rows).toEqual([
      [AT_MS, { temp_flow: 35.5 }],
    ]);
  });

  it("is passed over where it is broken, with line and reason, and read to its end", async () => {
    const { rows, faults } = await readAll(
      [
        "timestamp,temp_flow,temp_return,unknown_thing",
        "2024-10-01T12:00:00Z,35.5,30.1,7",
        "yesterday,35.5,30.1,7",
        "2024-10-01T12:01:00Z,hot,30.2,7",
        "2024-10-01T12:02:00Z,999,,7",
        "2024-10-01T12:03:00Z,,30.4,7",
        "",
      ].join("\n"),
    );
    expect(rows).toEqual([
      [AT_MS, { temp_flow: 35.5, temp_return: 30.1 }],
      [AT_MS + 60_000, { temp_return: 30.2 }],
      [AT_MS + 180_000, { temp_return: 30.4 }],
    ]);
    expect(faults).toEqual([
      { place: "line 3", why: "yesterday is no time" },
      { place: "line 4", why: "temp_flow: hot is no number" },
      { place: "line 5", why: "temp_flow: 999 is outside -30 to 120" },
    ]);
  });

  it("may have names of its own, and the names of the earlier server", async () => {
    const names = new Map([["Vorlauf", "temp_flow"]]);
    const text =
      "Zeit,Vorlauf,heatpump_metrics_temp_return,compressor_state\n1727784000,35,30,true\n";
    expect((await readAll(text, names, "Zeit")).rows).toEqual([
      [AT_MS, { temp_flow: 35, temp_return: 30, compressor_state: 1 }],
    ]);
  });

  it.each([
    ["no time", "when,temp_flow\n1,2\n"],
    ["no metric", "time,nothing_known\n1,2\n"],
  ])("is refused as a whole when it has a column of %s", async (_, text) => {
    await expect(readAll(text)).rejects.toMatchObject({ code: "USAGE" });
  });

  it("that is not there is named", async () => {
    const parts = readCsvHistory("/nowhere/old.csv", { names: new Map(), timeColumn: undefined });
    await expect(parts.next()).rejects.toMatchObject({ code: "USAGE" });
  });
});
