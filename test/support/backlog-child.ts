/**
 * A process to be killed: records numbered snapshots as fast as they are committed, and prints each
 * number when its commit returned. Arguments: directory, first number, seed.
 */
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "#core/clock.js";
import { openLevelBacklog } from "../../daemon/backlog/level-backlog.js";
import { optionsOf, snapshotOf } from "./backlog-material.js";
import { createRandom } from "./chance.js";

const [directory = "", first = "0", seed = "1"] = process.argv.slice(2);
const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  isSynced: () => true,
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
};

const random = createRandom(Number(seed));
const backlog = await openLevelBacklog({ ...optionsOf(clock, Number(seed)), directory });
backlog.onCommit((snapshots) => {
  const numbers = snapshots.map((one) => Math.round((one.readings[0]?.value ?? 0) * 10));
  writeSync(1, numbers.map((number) => `${number}\n`).join(""));
});
for (let k = Number(first); ; k++) {
  backlog.record(snapshotOf(k));
  const turn = random();
  if (turn < 0.1) await backlog.seal();
  else if (turn < 0.9) await backlog.flush();
}
