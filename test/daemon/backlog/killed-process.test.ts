/** SIGKILL at any moment: what a commit had returned for is there afterwards, and only once. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { openLevelBacklog } from "../../../daemon/backlog/level-backlog.js";
import { drainNumbers, optionsOf } from "../../support/backlog-material.js";
import { createRandom } from "../../support/chance.js";
import { bundleChild } from "../../support/child-bundle.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";

const ROUNDS = 15;
/** Each round starts a process, which a busy machine may take long to do. */
const TIME_MAX_MS = 600_000;
let program = "";
beforeAll(async () => {
  program = await bundleChild("backlog-child", temporaryFolder());
});

function startChild(args: readonly string[]) {
  return spawn(process.execPath, [program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Runs the child until it has printed `lines` lines and some time has passed, then kills it. */
async function runAndKill(
  args: readonly string[],
  lines: number,
  afterMs: number,
): Promise<number[]> {
  const child = startChild(args);
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

describe("a process that is killed", { timeout: TIME_MAX_MS }, () => {
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
  });
});

describe("a process that is alive", { timeout: TIME_MAX_MS }, () => {
  it("keeps its backlog to itself, even where that looks damaged", async () => {
    const directory = temporaryFolder();
    const child = startChild([directory, "0", "1"]);
    const gone = once(child, "close");
    await once(child.stdout, "data");
    child.stdout.resume();
    // A table that is half written is no damage while its writer lives.
    await writeFile(join(directory, "db", "999999.ldb"), "half");
    const clock = createFakeClock();
    let isOver = false;
    const second = openLevelBacklog({ ...optionsOf(clock, 2), directory }).finally(() => {
      isOver = true;
    });
    const verdict = expect(second).rejects.toMatchObject({
      code: "BACKLOG_LOCKED",
      hint: "Stop other daemons that use this directory.",
    });
    while (!isOver) await clock.advance(1_000);
    await verdict;
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(30_000);
    child.kill("SIGKILL");
    await gone;
    const third = await openLevelBacklog({ ...optionsOf(clock, 3), directory });
    expect(third.status()).toMatchObject({ mode: "durable", lost: 0, unaccounted: 0 });
    await third.close();
  });
});
