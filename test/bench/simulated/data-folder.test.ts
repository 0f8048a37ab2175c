/** A folder of made-up machines is read like the given ones, however free its form. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FULL, readManifest, readSim } from "../../../bench/detect/sim-files.js";
import { runSimLocal } from "../../../bench/detect/sim-local.js";
import { type FolderForm, writeDataFolder } from "../../../bench/simulated/data-folder.js";
import { temporaryFolder } from "../../support/folder.js";

const FORM: FolderForm = {
  seed: 3,
  train: { machines: 2, from: "2025-01-10T00:00:00Z", days: 2 },
  test: { machines: 1, from: "2026-01-10T00:00:00Z", days: 60 },
};

function write(more: Partial<FolderForm> = {}): string {
  const data = temporaryFolder();
  writeDataFolder(data, { ...FORM, ...more });
  return data;
}

const plain = write();

describe("a folder of made-up machines", () => {
  it("says the same plain, in another order of columns and with one more", () => {
    const odd = write({ isPlain: true, isReordered: true, hasMore: true });
    const [first, other] = [readManifest(plain), readManifest(odd)];
    expect(first.train).toEqual(["train-1.csv.gz", "train-2.csv.gz"]);
    expect(other.train).toEqual(["train-1.csv", "train-2.csv"]);
    expect(other.test[0]?.events).toEqual(first.test[0]?.events);
    expect(readSim(odd, "train-1.csv", FULL)).toEqual(readSim(plain, "train-1.csv.gz", FULL));
  });

  it("has faults one after another in an order of chance, each with normal time before it", () => {
    const { test } = readManifest(plain);
    const { test: another } = readManifest(write({ seed: 4 }));
    const events = test[0]?.events ?? [];
    expect(events.length).toBeGreaterThan(1);
    expect(events.map(({ fault }) => fault)).not.toEqual(another[0]?.events.map((e) => e.fault));
    events.forEach(({ startMs }, index) => {
      const before = events[index - 1]?.endMs ?? Date.parse(FORM.test.from);
      expect(startMs - before).toBeGreaterThanOrEqual(9 * 86_400_000);
    });
  });

  it("lacks the rows and columns that it is to lack", () => {
    const gaps = write({
      test: { ...FORM.test, days: 1 },
      gapShare: 0.3,
      without: ["pressure_low"],
    });
    const { seen } = readSim(gaps, "train-1.csv.gz", FULL);
    const there = seen.reduce((sum, one) => sum + one, 0) / seen.length;
    expect(there).toBeGreaterThan(0.6);
    expect(there).toBeLessThan(0.8);
    expect(readFileSync(join(gaps, "hp-sim-dev/manifest.json"), "utf8")).not.toContain("_low");
  });

  it("is refused by name where a file is missing, its manifest is wrong or it is too short", () => {
    const data = write({ test: { ...FORM.test, days: 1 } });
    expect(() => runSimLocal(data)).toThrow(/no recording of a machine is long enough/);
    rmSync(join(data, "hp-sim-dev/train-1.csv.gz"));
    expect(() => runSimLocal(data)).toThrow(/train-1\.csv\.gz: cannot be read/);
    writeFileSync(join(data, "hp-sim-dev/manifest.json"), '{"train": []}');
    expect(() => readManifest(data)).toThrow(/manifest\.json: .*test/s);
  });
});
