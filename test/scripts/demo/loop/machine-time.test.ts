/** The time of a staged machine, in a program that knows nothing of it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, it, onTestFinished } from "vitest";
import { createMachineTime } from "../../../../scripts/demo/loop/machine-time.js";
import { temporaryFolder } from "../../../support/folder.js";

const HOUR_MS = 3_600_000;
/** Sleeps an hour, and says by all its clocks when that was over. */
const PROGRAM = `
import { setTimeout as pause } from "node:timers/promises";
const look = () => [Date.now(), new Date().getTime(), performance.now(), Number(process.hrtime.bigint()) / 1e6];
const before = look();
const sleeping = pause(${HOUR_MS});
console.log("ready");
await sleeping;
console.log(JSON.stringify(look().map((now, at) => now - before[at])));
`;

it("leaps in all clocks of a program at once, and wakes who is due", async () => {
  const time = createMachineTime(join(temporaryFolder(), "time"));
  const startMs = time.nowMs();
  const program = spawn(
    process.execPath,
    [...time.flags, "--input-type=module", "--eval", PROGRAM],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  onTestFinished(() => void program.kill("SIGKILL"));
  const gone = once(program, "exit");
  const said = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
  expect((await said.next()).value).toBe("ready");
  time.wake(program);
  // Half of it wakes nobody; what has passed is left out.
  time.leapTo(startMs + HOUR_MS / 2);
  time.leapTo(startMs);
  expect(time.nowMs()).toBeGreaterThanOrEqual(startMs + HOUR_MS / 2);
  time.leapTo(startMs + HOUR_MS + 60_000);
  const passed = JSON.parse((await said.next()).value as string) as number[];
  expect(passed).toHaveLength(4);
  for (const ms of passed) expect(ms).toBeGreaterThanOrEqual(HOUR_MS);
  // All of them tell the same.
  expect(Math.max(...passed) - Math.min(...passed)).toBeLessThan(HOUR_MS / 2);
  expect(await gone).toEqual([0, null]);
  // Who has ended is sent no more signals.
  time.leapTo(time.nowMs() + HOUR_MS);
  time.close();
});
