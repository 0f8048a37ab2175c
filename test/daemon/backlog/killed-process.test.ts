/** SIGKILL at any moment: what a commit had returned for is there afterwards, and only once. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { openLevelBacklog } from "../../../daemon/backlog/level-backlog.js";
import { drainNumbers, optionsOf } from "../../support/backlog-material.js";
import { createRandom } from "../../support/chance.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";

const ROUNDS = 15;
const CHILD = fileURLToPath(new URL("../../support/backlog-child.ts", import.meta.url));

/** Runs the child until it has printed `lines` lines and some time has passed, then kills it. */
async function runAndKill(
  args: readonly string[],
  lines: number,
  afterMs: number,
): Promise<number[]> {
  const child = spawn(
    process.execPath,
    ["--conditions=source", "--import", "tsx", CHILD, ...args],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let printed = "";
  let complaint = "";
  child.stderr.on("data", (text) => {
    complaint += String(text);
  });
  const gone = once(child, "close");
  let isDue = false;
  child.stdout.on("data", (text) => {
    printed += String(text);
    if (isDue || printed.split("\n").length <= lines) return;
    isDue = true;
    setTimeout(() => child.kill("SIGKILL"), afterMs);
  });
  const [, signal] = await gone;
  expect(signal, complaint).toBe("SIGKILL");
  // The last line may be cut; a number counts when it was printed whole.
  return printed.split("\n").slice(0, -1).map(Number);
}

describe("a process that is killed", () => {
  it(`loses nothing that was committed and doubles nothing, ${ROUNDS} times in a row`, async () => {
    const directory = temporaryFolder();
    const random = createRandom(42);
    const committed: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const args = [directory, String(round * 100_000), String(round + 1)];
      const lines = 1 + Math.floor(random() * 200);
      committed.push(...(await runAndKill(args, lines, random() * 20)));
    }
    const backlog = await openLevelBacklog({ ...optionsOf(createFakeClock(), 99), directory });
    const kept = await drainNumbers(backlog);
    const unique = new Set(kept);
    expect(unique.size).toBe(kept.length);
    expect(committed.length).toBeGreaterThan(ROUNDS);
    expect(committed.filter((k) => !unique.has(k))).toEqual([]);
    expect(backlog.status()).toMatchObject({ lost: 0, unaccounted: 0 });
    await backlog.close();
  }, 60_000);
});
