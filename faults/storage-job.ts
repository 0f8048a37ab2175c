/**
 * One history of a world whose disk fails now and then, what is left of it when the power goes, and
 * what becomes of its backlog when bytes of it change.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { HeatpoolError } from "#core/errors.js";
import { createRandom } from "../test/support/chance.js";
import { damageOften } from "./damage.js";
import type { DiskJob } from "./disk-job.js";
import type { Disk, FailingKind } from "./disk-shim.js";
import { readTrace } from "./disk-trace.js";
import { cutOften } from "./power-job.js";
import { addFigure, createTally, describeFault, type Tally } from "./suite.js";
import { WorldLife } from "./world-life.js";

const STEPS = 110;
const CUTS = 8;
const DAMAGES = 20;
const KINDS: readonly FailingKind[] = ["create", "write", "sync", "rename", "remove"];
const ERRORS = ["ENOSPC", "EIO", "EROFS"] as const;
/** A fault begins within so many changes. */
const AFTER_MAX = 12;
const FOR_EVER = 1_000_000;

export const work: DiskJob = async (seed, { folder, disk, traceFile }) => {
  const tally = createTally();
  const live = join(folder, "live");
  const fail = (what: string): void => {
    const repeat = `npm run -s faults -- storage --seed ${seed} --seeds 1`;
    tally.failures.push(`seed ${seed}: ${what}; repeat: ${repeat}`);
  };
  mkdirSync(live);
  disk.trace(traceFile);
  const life = new WorldLife(live, seed);
  await life.open();
  try {
    addFigure(tally, "failedCalls", await liveBadly(life, disk, seed));
    disk.endTrace();
    await settleAccount(life, tally, fail);
  } catch (fault) {
    tally.crashes++;
    fail(describeFault(fault));
  } finally {
    disk.mend();
    disk.endTrace();
    await life.world.close();
  }
  const changes = readTrace(readFileSync(traceFile));
  const prefix = `${basename(folder)}/live/`;
  await cutOften({ suite: "storage", changes, prefix, folder, seed }, tally, CUTS);
  rmSync(live, { recursive: true });
  rmSync(traceFile);
  await damageOften({ folder, seed, damages: DAMAGES }, tally);
  return tally;
};

/** Lives while the disk fails and is mended again. Returns how many calls failed. */
async function liveBadly(life: WorldLife, disk: Disk, seed: number): Promise<number> {
  const random = createRandom(seed ^ 0xbad);
  let failed = 0;
  let isBad = false;
  for (let step = 0; step < STEPS; step++) {
    if (random() < 0.1) {
      if (isBad) failed += disk.countFailed();
      disk.fail({
        kinds: KINDS.filter(() => random() < 0.5),
        after: Math.floor(random() * AFTER_MAX),
        count: random() < 0.5 ? 1 + Math.floor(random() * 4) : FOR_EVER,
        error: ERRORS[Math.floor(random() * ERRORS.length)] ?? "EIO",
        isTorn: random() < 0.5,
      });
      isBad = true;
    } else if (isBad && random() < 0.15) {
      failed += disk.countFailed();
      disk.mend();
      isBad = false;
    }
    // What only memory holds does not outlive a shutdown; a disk that is well gets it before.
    if (!isBad && random() < 0.04) await restart(life, disk, random);
    await life.step(false);
    const { unaccounted } = life.world.backlog.status();
    if (unaccounted !== 0) throw new Error(`unaccounted ${unaccounted} after step ${step}`);
  }
  if (isBad) failed += disk.countFailed();
  disk.mend();
  return failed;
}

/** A restart that finds a disk that refuses for a while. */
async function restart(life: WorldLife, disk: Disk, random: () => number): Promise<void> {
  await life.recover();
  await life.world.close();
  const after = Math.floor(random() * AFTER_MAX);
  const count = 1 + Math.floor(random() * AFTER_MAX);
  disk.fail({ kinds: KINDS, after, count, error: "EIO", isTorn: random() < 0.5 });
  for (let tries = 0; ; tries++) {
    try {
      await life.open();
      break;
    } catch (fault) {
      // The backend says that it cannot start; whoever watches it starts it again.
      if (!(fault instanceof HeatpoolError) || tries > count) throw fault;
    }
  }
  disk.mend();
}

/** The disk is well again: everything that was ever recorded is stored, once. */
async function settleAccount(
  life: WorldLife,
  tally: Tally,
  fail: (what: string) => void,
): Promise<void> {
  await life.recover();
  await life.world.drain();
  const found = await life.world.stored();
  const stored = new Set(found);
  let lost = 0;
  for (let number = 1; number <= life.recorded; number++) if (!stored.has(number)) lost++;
  const {
    unaccounted,
    lost: told,
    rejected,
    snapshots,
    unsealed,
    mode,
  } = life.world.backlog.status();
  const doubled = found.length - stored.size;
  const account = {
    invented: found.filter((number) => number === undefined).length,
    unaccounted: Math.abs(unaccounted),
    told,
    rejected,
    waiting: snapshots + unsealed,
    notDurable: mode === "durable" ? 0 : 1,
    miscounted: Math.abs(life.world.store.totals().snapshotsStored - found.length),
  };
  const unexplained = Object.values(account).reduce((sum, one) => sum + one, 0);
  tally.runs++;
  tally.acked += stored.size;
  tally.lost += lost;
  tally.doubled += doubled;
  tally.unexplained += unexplained;
  if (lost + doubled + unexplained > 0) fail(JSON.stringify({ lost, doubled, ...account }));
}
