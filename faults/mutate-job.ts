/** One seed of `mutate`: a share of the cases for every victim, and the bounds of each case. */

import { blockVictims } from "./mutate-blocks.js";
import { recordVictims } from "./mutate-records.js";
import type { Verdict, Victim } from "./mutate-victim.js";
import { wireVictims } from "./mutate-wire.js";
import { applyEdits, sampleChanges } from "./mutation.js";
import { addFigure, createTally, describeFault, type Tally } from "./suite.js";

/** Cases of a seed. */
export const CASES_PER_SEED = 1_000;
/** The slowest legal message, 480 KiB of escapes, takes an eighth of it. */
const CPU_MAX_US = 1_000_000;
/** A block of 8 MiB in codec 0, inflated, decoded and copied once, with what garbage waits. */
const MEMORY_MAX_KIB = 128 * 1024;

/** How a verdict is counted. */
const FIGURES: Readonly<Record<Verdict, string>> = {
  rejected: "rejected",
  same: "sameMeaning",
  claim: "claims",
  wrong: "accepted",
};

/** @param folder for files that are read */
export async function mutateSeed(seed: number, cases: number, folder: string): Promise<Tally> {
  const tally = createTally();
  const victims = [
    ...blockVictims(seed),
    ...recordVictims(seed, folder),
    ...(await wireVictims(seed)),
  ];
  for (const name of Object.values(FIGURES)) addFigure(tally, name, 0);
  for (const [k, changes] of sampleChanges(seed, cases).entries()) {
    const victim = victims[k % victims.length] as Victim;
    const why = await tryOne(victim, (sound) => applyEdits(sound, changes), tally);
    if (why === undefined) continue;
    const repeat = `npm run -s faults -- mutate --seed ${seed} --cases ${cases}`;
    const what = `seed ${seed} case ${k}, ${victim.name}: ${JSON.stringify(changes)}`;
    tally.failures.push(`${what}: ${why}; repeat: ${repeat}`);
  }
  return tally;
}

/** Makes one case and counts it. Returns what is wrong with it. */
async function tryOne(
  victim: Victim,
  change: (sound: Uint8Array) => Uint8Array,
  tally: Tally,
): Promise<string | undefined> {
  await victim.ready?.();
  const sound = victim.sound();
  const mutated = change(sound);
  tally.runs++;
  addFigure(tally, "cases");
  const before = process.resourceUsage();
  try {
    const verdict = await victim.judge(mutated);
    const isUnchanged = Buffer.compare(sound, mutated) === 0;
    addFigure(tally, isUnchanged ? "unchanged" : FIGURES[verdict]);
    if (isUnchanged) return verdict === "same" ? undefined : blame(tally, "sound bytes refused");
    if (verdict === "wrong") return blame(tally, "taken with another meaning");
  } catch (fault) {
    tally.crashes++;
    return describeFault(fault);
  }
  const after = process.resourceUsage();
  const cpuUs = after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime;
  const memoryKib = after.maxRSS - before.maxRSS;
  if (cpuUs > CPU_MAX_US) return blame(tally, `took ${cpuUs / 1000} ms of processor time`);
  if (memoryKib > MEMORY_MAX_KIB) return blame(tally, `took ${memoryKib} KiB of memory`);
  return undefined;
}

function blame(tally: Tally, why: string): string {
  tally.unexplained++;
  return why;
}
