/**
 * SIGKILL at random moments: real daemon, real backend, killed and started again in a loop.
 *
 * A seed is one house with a number of kills. After each death of a daemon a copy of its backlog is
 * opened and read; at the end everything must drain, and what the backend stored is compared with
 * what was served, committed and counted: nothing lost, nothing twice, nothing invented.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createRandom } from "../test/support/chance.js";
import { backlogFolderOf, buildHouse, type House, MACHINE_CLOCK, type Role } from "./house.js";
import { examine, type Served } from "./oracle.js";
import { addFigure, addTally, createTally, inParallel, type Request, type Tally } from "./suite.js";
import { inspectCopy } from "./waiting.js";

/** Kills that one house goes through. */
export const KILLS_PER_HOUSE = 10;
const KILLS_USUAL = 50;
const HOUSES_AT_ONCE = 3;
const UNITS = 12;
/** A kill comes at most so long after the last. */
const CALM_MS_MAX = 1_600;
/** After what a kill waits for, it comes within so many milliseconds. */
const AIM_MS_MAX = 25;
const EVENT_MS_MAX = 2_000;
/** Looks at what waits, and the time between two; without progress for so many it is stuck. */
const LOOK_MS = 200;
const LOOKS_MAX = 450;

/** Runs as many kills as were asked for. */
export async function run(request: Request): Promise<Tally> {
  const all = createTally();
  const untilMs = performance.now() + (request.seconds ?? Number.POSITIVE_INFINITY) * 1000;
  const isTimed = request.seconds !== undefined && request.seeds === undefined;
  const kills = request.seeds ?? (isTimed ? Number.POSITIVE_INFINITY : KILLS_USUAL);
  function* houses(): Generator<{ seed: number; kills: number }> {
    for (let done = 0; done < kills && performance.now() < untilMs; done += KILLS_PER_HOUSE) {
      const seed = request.seed + done / KILLS_PER_HOUSE;
      yield { seed, kills: Math.min(KILLS_PER_HOUSE, kills - done) };
    }
  }
  await inParallel(houses(), HOUSES_AT_ONCE, async (plan) => {
    const one = await runHouse(plan);
    addTally(all, one);
    request.note(`seed ${plan.seed}: ${one.runs} kills, ${one.acked} acked, ${all.runs} in all`);
  });
  return all;
}

/** One house from its building to the count. */
export async function runHouse(plan: { seed: number; kills: number }): Promise<Tally> {
  const folder = await mkdtemp(join(tmpdir(), "heatpool-kill-"));
  const tally = createTally();
  const house = await buildHouse({ folder, units: UNITS, commitIntervalSeconds: 0 });
  const fail = (what: string): void => {
    const repeat = `npm run -s faults -- kill --seed ${plan.seed} --seeds ${plan.kills}`;
    tally.failures.push(`seed ${plan.seed}: ${what}; repeat: ${repeat}`);
  };
  try {
    await killInTurn(house, plan, tally, fail);
    await drainAndCount(house, tally, fail);
  } catch (fault) {
    tally.unexplained++;
    fail(fault instanceof Error ? (fault.stack ?? fault.message) : String(fault));
  } finally {
    await house.close();
    await rm(folder, { recursive: true, force: true });
  }
  for (const crash of house.crashes) fail(crash);
  tally.crashes += house.crashes.length;
  return tally;
}

type Fail = (what: string) => void;

async function killInTurn(
  house: House,
  plan: { seed: number; kills: number },
  tally: Tally,
  fail: Fail,
): Promise<void> {
  const random = createRandom(plan.seed);
  house.start("backend");
  house.start("daemon");
  for (let kill = 0; kill < plan.kills; kill++) {
    const victims = chooseVictims(random());
    await aim(house, random);
    await Promise.all(victims.map((role) => house.kill(role)));
    tally.runs++;
    for (const role of victims) addFigure(tally, `${role}Kills`);
    if (victims.includes("daemon")) await lookInto(house, tally, fail);
    // Now and then the two meet a moment in which the other is away.
    for (const role of random() < 0.5 ? victims : [...victims].reverse()) house.start(role);
    await settleIn(house, victims, random);
  }
}

function chooseVictims(chance: number): Role[] {
  if (chance < 0.45) return ["daemon"];
  return chance < 0.8 ? ["backend"] : ["daemon", "backend"];
}

/** Most kills are aimed at work: just after a poll was answered, or while bytes are on the wire. */
async function aim(house: House, random: () => number): Promise<void> {
  await pause(random() * CALM_MS_MAX);
  const kind = random();
  if (kind < 0.4) await house.oracle.nextAnswer(EVENT_MS_MAX);
  else if (kind < 0.8) await house.wire.nextBytes(EVENT_MS_MAX);
  await pause(random() * AIM_MS_MAX);
}

/** Most kills meet programs that are at work; one in five meets one that is still starting. */
async function settleIn(house: House, started: readonly Role[], random: () => number) {
  if (random() < 0.2) return;
  const event = { daemon: "poll.finished", backend: "backend.listening" } as const;
  await Promise.all(started.map((role) => house.waitFor(role, event[role]).catch(() => undefined)));
}

/** What the next life of the daemon will find on disk. */
async function lookInto(house: House, tally: Tally, fail: Fail): Promise<void> {
  const seen = await inspectCopy(backlogFolderOf(house), { units: UNITS, clock: MACHINE_CLOCK });
  if (seen === undefined) return;
  const { doubled, invented } = examine(seen.numbers, house.oracle.served);
  const { lost, unaccounted } = seen.status;
  tally.doubled += doubled;
  tally.lost += lost;
  tally.unexplained += invented + Math.abs(unaccounted);
  if (doubled + invented + lost + Math.abs(unaccounted) === 0) return;
  fail(`on disk: ${JSON.stringify({ doubled, invented, lost, unaccounted })}`);
}

async function drainAndCount(house: House, tally: Tally, fail: Fail): Promise<void> {
  // A daemon that was just started has not learnt to wait.
  await house.kill("daemon");
  await lookInto(house, tally, fail);
  house.start("daemon");
  await house.waitFor("daemon", "poll.finished");
  house.restDevice();
  let status = await house.status();
  const waiting = (): number => (status?.unsealed ?? 1) + (status?.snapshots ?? 1);
  // However slow the machine: looks are counted, no time is measured.
  let least = waiting();
  for (let looks = 0; waiting() > 0 && looks < LOOKS_MAX; looks++) {
    await pause(LOOK_MS);
    status = await house.status();
    if (waiting() < least) [least, looks] = [waiting(), 0];
  }
  const codes = [await house.stop("daemon"), await house.stop("backend")];
  const stored = await house.readStore();
  const { numbers, doubled, invented } = examine(stored.numbers, house.oracle.served);
  const holes = findHoles(house, numbers);
  const account = {
    waiting: status === undefined ? -1 : status.unsealed + status.snapshots,
    unaccounted: status?.unaccounted ?? -1,
    lostInLedger: status?.lost ?? -1,
    recordedNotStored: (status?.recorded ?? 0) - numbers.size,
    countedNotStored: stored.snapshotsStored - numbers.size,
    rejected: status?.rejected ?? -1,
    deadLetters: stored.deadLetters,
    badExits: codes.filter((code) => code !== 0).length,
  };
  tally.acked += (status?.admitted ?? 0) + (status?.duplicate ?? 0);
  tally.lost += holes;
  tally.doubled += doubled;
  tally.unexplained += invented + Object.values(account).reduce((sum, n) => sum + Math.abs(n), 0);
  addFigure(tally, "served", house.oracle.served.length);
  addFigure(tally, "sentTwice", status?.duplicate ?? 0);
  const isRight = holes + doubled + invented === 0 && Object.values(account).every((n) => n === 0);
  if (!isRight) fail(JSON.stringify({ holes, doubled, invented, ...account }));
}

/**
 * Snapshots that were taken before another one that is stored, and are not stored themselves; and
 * those that a life said it had committed and are missing beyond that.
 */
function findHoles(house: House, stored: ReadonlySet<number>): number {
  let holes = 0;
  for (const [life, { committed, failedPolls }] of house.lives.entries()) {
    const served = house.oracle.served.filter((one) => one.life === life);
    const inside = countInside(served, stored);
    const kept = served.filter(({ number }) => stored.has(number)).length;
    // An answer that came too late was served and is no snapshot; the daemon says so.
    holes += Math.max(0, inside - failedPolls, committed - kept);
  }
  return holes;
}

function countInside(served: readonly Served[], stored: ReadonlySet<number>): number {
  const lastStored = new Map<number, number>();
  for (const { number, unitId } of served) if (stored.has(number)) lastStored.set(unitId, number);
  return served.filter(
    ({ number, unitId }) => !stored.has(number) && number < (lastStored.get(unitId) ?? 0),
  ).length;
}
