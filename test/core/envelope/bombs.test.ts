/**
 * Files that lie about their size. What a file costs is decided by what the signed catalogue says
 * and by the bytes that are there, never by what the file claims: measured is the greatest memory
 * of a process of its own that opens the bomb and nothing else.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../../..");
const MIB = 1024 * 1024;

interface Cost {
  readonly step: string;
  readonly grownBytes: number;
}

function open(bomb: string): Cost {
  const child = join(root, "test/support/bomb-child.ts");
  const run = spawnSync(process.execPath, ["--import", "tsx", "--conditions=source", child, bomb], {
    cwd: root,
    encoding: "utf8",
  });
  expect(run.stderr).toBe("");
  return JSON.parse(run.stdout) as Cost;
}

describe("bombs in model files", () => {
  it.each([
    // Inflates to 200 MiB, declares a thousand bytes.
    ["declared-small", "plain"],
    // Declares the greatest plaintext, holds a few bytes of gzip.
    ["declared-huge", "plain"],
    // Declares the greatest plaintext, body not packed: refused before anything is reserved.
    ["declared-huge-raw", "decrypt"],
    // The catalogue itself declares more than any file may have.
    ["catalogue-huge", "file"],
    // A header of 4 GiB.
    ["header-huge", "decrypt"],
  ])("%s is refused at %s, for less than 32 MiB", { timeout: 120_000 }, (bomb, step) => {
    const cost = open(bomb);
    expect(cost.step).toBe(step);
    expect(cost.grownBytes).toBeLessThan(32 * MIB);
  });

  it("would be seen if they were not refused", { timeout: 120_000 }, () => {
    const cost = open("honest");
    expect(cost.step).toBe("opened");
    expect(cost.grownBytes).toBeGreaterThan(48 * MIB);
  });
});
