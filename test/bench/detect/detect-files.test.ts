/** `npm run -s detect`: files of anybody in, scores and the owner's alarms out, or a clear refusal. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { CELLS_PER_DAY, CHANNEL_COUNT, channelIndex, findChannel } from "#core/anomaly/channel.js";
import type { CellGrid } from "#core/anomaly/grid.js";
import { type DetectFiles, detectFiles } from "../../../bench/detect/detect-files.js";
import { COLUMNS } from "../../../bench/detect/plan-file.js";
import { temporaryFolder } from "../../support/folder.js";
import { MADE_UP, madeUpCells } from "../../support/heat-pump-cells.js";

const folder = temporaryFolder();
const columns = Object.entries(COLUMNS).filter(([, channel]) =>
  MADE_UP.some((id) => id === channel),
);

/** Writes cells as such files are written; `label` says what a test must never find out. */
function writeCsv(
  name: string,
  grid: CellGrid,
  more: { label?: string; rename?: boolean } = {},
): string {
  const names = columns.map(([column]) => (more.rename ? `x ${column}` : column));
  const lines = Array.from({ length: grid.length }, (_, cell) => {
    const time = new Date((grid.firstCell + cell) * 300_000).toISOString();
    const values = columns.map(([, channel]) => {
      const value = grid.values[cell * CHANNEL_COUNT + (findChannel(channel) ?? 0)] ?? Number.NaN;
      return Number.isNaN(value) ? "" : String(value);
    });
    return [time, ...values, grid.modes[cell], more.label ?? ""].join(",");
  });
  const text = [["timestamp", ...names, "mode", "label"].join(","), ...lines, ""].join("\n");
  const path = join(folder, name);
  writeFileSync(path, name.endsWith(".gz") ? gzipSync(text) : text);
  return path;
}

const learn = [1, 2, 3].map((seed) => writeCsv(`${seed}.csv.gz`, madeUpCells({ seed, days: 40 })));
const sickCells = madeUpCells({ seed: 9, days: 30 });
for (let cell = 20 * CELLS_PER_DAY; cell < sickCells.length; cell++) {
  const at = cell * CHANNEL_COUNT + channelIndex("low");
  sickCells.values[at] = (sickCells.values[at] ?? Number.NaN) - 0.9;
}
const score = writeCsv("sick.csv", sickCells);

function detect(wanted: Partial<DetectFiles>): string[][] {
  const out = join(folder, "out.csv");
  detectFiles({
    learn: [],
    calibrate: [],
    score,
    out,
    plan: undefined,
    isGeneric: false,
    localDays: undefined,
    modelOut: undefined,
    modelIn: undefined,
    modelName: undefined,
    ...wanted,
  });
  const [, ...lines] = readFileSync(out, "utf8").trimEnd().split("\n");
  return lines.map((line) => line.split(","));
}

const isoAt = (atMs: number) => new Date(atMs).toISOString().slice(0, 19);

/** A model learnt once for all that only read. */
function modelFile(): string {
  const path = join(folder, "once.json");
  if (!existsSync(path)) detect({ learn, modelOut: path });
  return path;
}

describe("detect", () => {
  it("writes a line per row and raises the alarm where the fault is, and nowhere else", () => {
    const lines = detect({ learn });
    expect(lines).toHaveLength(sickCells.length);
    const first = lines.findIndex(([, , alarm]) => alarm === "1");
    expect(first).toBeGreaterThan(20 * CELLS_PER_DAY);
    expect(first).toBeLessThan(22 * CELLS_PER_DAY);
    expect(lines[first]?.slice(3).join(" ")).toContain("low");
  });

  it("gives the same scores from a model that was written and read", () => {
    const modelOut = join(folder, "model.json");
    const lines = detect({ learn, modelOut, modelName: "made/up" });
    expect(detect({ modelIn: modelOut, modelName: "made/up" })).toEqual(lines);
    expect(() => detect({ modelIn: modelOut, modelName: "other/pump" })).toThrow(
      /wanted for other/,
    );
    writeFileSync(modelOut, readFileSync(modelOut).subarray(0, 3_000));
    expect(() => detect({ modelIn: modelOut })).toThrow(/damaged or cut off/);
  });

  it("never reads a label", () => {
    const labelled = writeCsv("labelled.csv", sickCells, { label: "low_flow" });
    expect(detect({ learn, score: labelled })).toEqual(detect({ learn }));
  });

  it("learns a machine from its own first days and is silent in them", () => {
    const lines = detect({ localDays: 15 });
    const first = lines.findIndex(([, , alarm]) => alarm === "1");
    expect(first).toBeGreaterThan(20 * CELLS_PER_DAY);
    expect(lines.slice(0, 15 * CELLS_PER_DAY).every(([, value]) => value === "0")).toBe(true);
  });

  it("takes other columns by a plan, and any columns without roles", () => {
    const renamed = writeCsv("renamed.csv", sickCells, { rename: true });
    const others = [1, 2, 3].map((seed) =>
      writeCsv(`x${seed}.csv`, madeUpCells({ seed, days: 40 }), { rename: true }),
    );
    const plan = join(folder, "plan.yaml");
    const map = columns.map(([column, channel]) => `  x ${column}: ${channel}`).join("\n");
    const modes = "mode: { column: mode, values: { '0': off, '1': heating, '2': hot_water } }";
    writeFileSync(plan, `channels:\n${map}\n${modes}\n`);
    expect(detect({ learn: others, score: renamed, plan })).toEqual(detect({ learn }));
    const generic = detect({ learn: others, score: renamed, isGeneric: true });
    expect(generic).toHaveLength(sickCells.length);
    expect(generic.every(([, value]) => Number.isFinite(Number(value)))).toBe(true);
  });

  it.each<[string, Partial<DetectFiles>, RegExp]>([
    ["a file that is not there", { learn: ["nowhere.csv"] }, /no such file/],
    ["nothing to learn from", {}, /nothing to learn/],
    ["no number of days", { localDays: Number.NaN }, /number of days/],
  ])("refuses %s", (_, wanted, why) => {
    expect(() => detect(wanted)).toThrow(why);
  });

  it("reads files as others write them: separators, marks, line ends, quotes, order, twice the same", () => {
    const modelIn = modelFile();
    const plain = detect({ modelIn });
    const text = readFileSync(score, "utf8");
    const [header = "", ...lines] = text.trimEnd().split("\n");
    const variants: Record<string, string> = {
      "bom.csv": `\uFEFF${text}`,
      "crlf.csv": text.replaceAll("\n", "\r\n"),
      "semicolons.csv": text.replaceAll(",", ";"),
      "quoted.csv": text.replaceAll(/[^,\n]+/g, '"$&"'),
      "tabs.csv": text.replaceAll(",", "\t"),
      "gzip-by-another-name.csv": text,
    };
    for (const [name, content] of Object.entries(variants)) {
      const path = join(folder, name);
      writeFileSync(path, name.startsWith("gzip") ? gzipSync(content) : content);
      expect(detect({ modelIn, score: path }), name).toEqual(plain);
    }
    const mixed = join(folder, "mixed.csv");
    writeFileSync(mixed, [header, ...lines.slice(500), ...lines.slice(0, 700), ""].join("\n"));
    const scored = detect({ modelIn, score: mixed });
    expect(scored.slice(0, 100)).toEqual(plain.slice(500, 600));
    expect(scored.slice(-100)).toEqual(plain.slice(600, 700));
  });

  it.each<[string, (atMs: number) => string]>([
    ["seconds since 1970", (atMs) => String(atMs / 1_000)],
    ["milliseconds since 1970", String],
    ["a zone of whole hours", (atMs) => `${isoAt(atMs + 7_200_000)}+02`],
    ["a blank before the zone", (atMs) => `${isoAt(atMs).replace("T", " ")} +00:00`],
    ["UTC by name", (atMs) => `${isoAt(atMs).replace("T", " ")} UTC`],
    ["no zone", (atMs) => isoAt(atMs)],
  ])("reads times as %s", (_, write) => {
    const [header = "", ...lines] = readFileSync(score, "utf8").trimEnd().split("\n");
    const path = join(folder, "times.csv");
    const other = lines.map((line) => {
      const [time = "", ...rest] = line.split(",");
      return [write(Date.parse(time)), ...rest].join(",");
    });
    writeFileSync(path, [header, ...other, ""].join("\n"));
    const withoutTime = (rows: string[][]) => rows.map(([, ...rest]) => rest);
    const modelIn = modelFile();
    expect(withoutTime(detect({ modelIn, score: path }))).toEqual(withoutTime(detect({ modelIn })));
  });

  it("guesses the mode where no column tells it, and reads its name or its code", () => {
    const text = readFileSync(score, "utf8");
    const modelIn = modelFile();
    const at = text.split("\n", 1)[0]?.split(",").indexOf("mode") ?? -1;
    const write = (name: string, change: (cells: string[]) => string[]) => {
      const path = join(folder, name);
      const lines = text.trimEnd().split("\n");
      writeFileSync(path, `${lines.map((line) => change(line.split(",")).join(",")).join("\n")}\n`);
      return path;
    };
    const names = ["off", "heating", "hot_water", "cooling", "defrost"];
    const named = write("named.csv", (cells) => cells.with(at, names[Number(cells[at])] ?? "mode"));
    expect(detect({ modelIn, score: named })).toEqual(detect({ modelIn }));
    const without = write("without.csv", (cells) => cells.toSpliced(at, 1));
    const guessed = detect({ modelIn, score: without });
    expect(guessed.some(([, , alarm]) => alarm === "1")).toBe(true);
  });

  it.each<[string, string, RegExp]>([
    [
      "no time",
      "timestamp,temp_flow\n2025-01-01 00:00,31\nyesterday,32\n",
      /odd\.csv:3: .*yesterday/,
    ],
    ["nothing in it", "", /odd\.csv: is empty/],
    ["another column for the time", "when,temp_flow\n2025-01-01,3\n", /no column timestamp/],
    ["a quote that never ends", 'timestamp,temp_flow\n"2025-01-01,3\n', /odd\.csv: .*quote/i],
    [
      "its units in the names",
      "timestamp,temp_flow [C]\n2025-01-01,3\n",
      /no column that is known/,
    ],
  ])("refuses a file with %s and names it", (_, text, why) => {
    const path = join(folder, "odd.csv");
    writeFileSync(path, text);
    expect(() => detect({ learn: [path] })).toThrow(why);
  });

  it("refuses what cannot be unpacked", () => {
    const path = join(folder, "cut.csv.gz");
    writeFileSync(path, gzipSync("timestamp,temp_flow\n").subarray(0, 12));
    expect(() => detect({ learn: [path] })).toThrow(/cut\.csv\.gz: cannot be read/);
  });

  it("refuses columns it does not know, and too few of them", () => {
    const renamed = writeCsv("renamed.csv", sickCells, { rename: true });
    expect(() => detect({ learn: [renamed] })).toThrow(/no column that is known/);
    const path = join(folder, "few.csv");
    writeFileSync(path, "timestamp,temp_flow\n2025-01-01 00:00:00,31\n2025-01-01 00:05:00,32\n");
    expect(() => detect({ learn: [path] })).toThrow(/too few channels: flow/);
  });
});
