/**
 * Machines that do not know the time: boots in 1970, a year behind, days ahead or beyond 2038, no
 * time server for hours or at all, steps and slews, reboots in between. The real poll loop and the
 * real backlog on a clock of straw, delivered to real ingest. Nothing is deleted because of a clock;
 * a time is right to a second, or the snapshot is in the ledger as one whose time nobody knows.
 */
import { openSealed, readRows } from "#core/batch/batch-reader.js";
import { createMemorySnapshotStore } from "../backend/store/memory-snapshot-store.js";
import type { SnapshotStore } from "../backend/store/snapshot-store.js";
import { createMemoryBacklog } from "../daemon/backlog/memory-backlog.js";
import { MemoryRecordStore } from "../daemon/backlog/memory-record-store.js";
import type { Change, RecordStore } from "../daemon/backlog/record-store.js";
import { runPoller } from "../daemon/poll/poller.js";
import { createChance, createRandom } from "../test/support/chance.js";
import { createFakeClock, type FakeClock } from "../test/support/fake-clock.js";
import { openBed } from "../test/support/pool-bed.js";
import { createLink } from "./link.js";
import { NUMBER_METRIC } from "./oracle.js";
import {
  addFigure,
  addTally,
  createTally,
  describeFault,
  inParallel,
  type Request,
  seedsOf,
  type Tally,
} from "./suite.js";
import { STEP_MS, snapshotOf, WORLD_TABLE, worldStream } from "./world.js";
import { bootOf } from "./world-life.js";

const SEEDS_USUAL = 100;
const AT_ONCE = 4;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const BOOTS_MAX = 5;
const BOOT_MINUTES_MIN = 10;
const BOOT_MINUTES_MAX = 240;
/** A trusted clock may be corrected by this much at a time. */
const SLEW_MS = 200;
/** Sealing stamps what is this near to its slot with the slot. */
const TIME_TOLERANCE_MS = 1_000;
/** A time is right to this. */
const RIGHT_WITHIN_MS = 1_000 + SLEW_MS + TIME_TOLERANCE_MS;
/** Greatest doubt with which a snapshot of a boot that never knew the time is sent. */
const DOUBT_MS = 60_000;
/** The second in which signed 32-bit seconds end. */
const Y2038_MS = 2 ** 31 * 1000;

export async function run(request: Request): Promise<Tally> {
  const all = createTally();
  await inParallel(seedsOf(request, SEEDS_USUAL), AT_ONCE, async (seed) => {
    addTally(all, await runOne(seed));
    request.note(`${all.runs} boots, ${all.acked} snapshots, ${all.failures.length} failures`);
  });
  return all;
}

/** What is true about a snapshot. */
interface Truth {
  readonly atMs: number;
  /** The boot in which it was taken came to know the time. */
  isKnowable: boolean;
}

/** A machine over several boots. */
interface Machine {
  readonly seed: number;
  readonly random: () => number;
  readonly truths: Map<number, Truth>;
  /** The world's time. */
  nowMs: number;
  store: MemoryRecordStore;
}

async function runOne(seed: number): Promise<Tally> {
  const tally = createTally();
  const random = createRandom(seed);
  const startMs = random() < 0.3 ? Y2038_MS - random() * 2 * HOUR_MS : Date.UTC(2026, 10, 1);
  const machine: Machine = {
    seed,
    random,
    truths: new Map(),
    nowMs: Math.round(startMs),
    store: new MemoryRecordStore(),
  };
  const fail = (what: string): void => {
    const repeat = `npm run -s faults -- clock --seed ${seed} --seeds 1`;
    tally.failures.push(`seed ${seed}: ${what}; repeat: ${repeat}`);
  };
  const shelf = createMemorySnapshotStore();
  try {
    const boots = 1 + Math.floor(random() * BOOTS_MAX);
    for (let boot = 1; boot <= boots; boot++) {
      tally.runs++;
      await liveOneBoot(machine, { boot, isLast: boot === boots }, shelf, { tally, fail });
      machine.nowMs += Math.round(5_000 + random() ** 4 * 3 * DAY_MS);
    }
  } catch (fault) {
    tally.crashes++;
    fail(describeFault(fault));
  }
  return tally;
}

interface Verdict {
  readonly tally: Tally;
  readonly fail: (what: string) => void;
}

/** From power on to power off, or to the count. */
async function liveOneBoot(
  machine: Machine,
  { boot, isLast }: { boot: number; isLast: boolean },
  shelf: SnapshotStore,
  verdict: Verdict,
): Promise<void> {
  const { random, truths, seed } = machine;
  const minutes = BOOT_MINUTES_MIN + Math.floor(random() * (BOOT_MINUTES_MAX - BOOT_MINUTES_MIN));
  const syncAfter = pickSync(random, isLast, minutes);
  const clock = createFakeClock(pickWall(machine.nowMs, random));
  clock.setSynced(false);
  const power = new PowerSwitch(machine.store);
  const { createBacklog } = backlogOn(power, clock, machine, boot);
  const backlog = await createBacklog();
  const mine: Truth[] = [];
  const ending = new AbortController();
  const bootedAtMs = machine.nowMs;
  const truthMs = (): number => bootedAtMs + clock.monotonicMs();
  const polled: number[] = [];
  const poller = runPoller(
    {
      source: {
        deviceId: "unit-1",
        take: async () => {
          polled.push(clock.monotonicMs());
          const truth = { atMs: truthMs(), isKnowable: clock.isSynced() };
          mine.push(truth);
          truths.set(truths.size + 1, truth);
          return snapshotOf(truths.size, clock);
        },
        close: async () => undefined,
      },
      clock,
      chance: createChance(seed + boot),
      intervalMs: STEP_MS,
      minIntervalMs: STEP_MS,
      onSnapshot: (snapshot) => backlog.record(snapshot),
      onLoss: (loss) => backlog.recordLoss(loss),
      onState: () => undefined,
      onPollFinished: () => undefined,
    },
    ending.signal,
  );
  for (let minute = 0; minute < minutes; minute++) {
    if (minute === syncAfter) {
      clock.stepWall(truthMs());
      clock.setSynced(true);
    } else if (minute > syncAfter) {
      if (random() < 0.05) clock.stepWall(truthMs() + (random() - 0.5) * SLEW_MS);
    } else if (random() < 0.02) {
      clock.stepWall(pickWall(truthMs(), random));
    }
    await clock.advance(MINUTE_MS);
    if (random() < 0.1) await backlog.seal();
  }
  ending.abort();
  await poller;
  checkPolls(polled, clock.monotonicMs(), verdict);
  machine.nowMs = Math.round(truthMs());
  const isKnown = mine.some(({ isKnowable }) => isKnowable);
  for (const truth of mine) truth.isKnowable = isKnown;
  if (isLast) {
    clock.stepWall(truthMs());
    await count(machine, { backlog, clock, shelf }, verdict);
  } else if (random() < 0.5) {
    await backlog.close();
  } else {
    // What waited for a commit in memory goes with the power.
    await backlog.flush();
  }
  power.isOff = true;
}

function backlogOn(store: RecordStore, clock: FakeClock, machine: Machine, boot: number) {
  const { seed, random } = machine;
  const options = {
    streams: [worldStream()],
    bootId: bootOf(seed * 100 + boot),
    clock,
    chance: createChance(seed * 100 + boot),
    commitIntervalMs: random() < 0.5 ? 0 : 5 * MINUTE_MS,
  };
  // The backlog calls the store's methods only; memory behind a switch is a store like any other.
  return { createBacklog: () => createMemoryBacklog(options, store as MemoryRecordStore) };
}

/** A store that a life can no longer reach once the power is off. */
class PowerSwitch implements RecordStore {
  isOff: boolean = false;
  readonly #store: MemoryRecordStore;

  constructor(store: MemoryRecordStore) {
    this.#store = store;
  }

  open = () => this.#store.open();
  scan = () => this.#store.scan();
  commit = async (changes: readonly Change[]) => !this.isOff && (await this.#store.commit(changes));
  read = (key: Buffer) => this.#store.read(key);
  compact = () => this.#store.compact();
  space = () => this.#store.space();
  wipe = (lossNumberMin: number) => this.#store.wipe(lossNumberMin);
  close: RecordStore["close"] = (mark) => this.#store.close(mark);
}

/** Minutes until the time is known; beyond the boot's end: never. */
function pickSync(random: () => number, isLast: boolean, minutes: number): number {
  const turn = random();
  if (turn < 0.3) return 0;
  if (turn < 0.7 || isLast) return Math.floor(random() * minutes);
  return Number.POSITIVE_INFINITY;
}

/** What a machine without a clock may believe. */
function pickWall(truthMs: number, random: () => number): number {
  const choices = [
    truthMs,
    0,
    truthMs - 365 * DAY_MS,
    truthMs + 3 * DAY_MS,
    Y2038_MS - HOUR_MS,
    truthMs - random() * HOUR_MS,
  ];
  return Math.round(choices[Math.floor(random() * choices.length)] ?? truthMs);
}

/** Polls keep their distance and none is left out, whatever the wall clock says. */
function checkPolls(polled: readonly number[], untilMs: number, { tally, fail }: Verdict): void {
  const gaps = polled.slice(1).map((atMs, k) => atMs - (polled[k] ?? 0));
  const tooSoon = gaps.filter((gapMs) => gapMs < STEP_MS * 0.9).length;
  // A step moves the grid once: at most a slot each time, never a silence.
  const tooLate = gaps.filter((gapMs) => gapMs > STEP_MS * 2).length;
  const isSilent = untilMs - (polled.at(-1) ?? 0) > STEP_MS * 2;
  if (tooSoon + tooLate === 0 && !isSilent) return;
  tally.unexplained += tooSoon + tooLate + (isSilent ? 1 : 0);
  fail(`polls: ${tooSoon} too soon, ${tooLate} too late, silent at the end: ${isSilent}`);
}

/** Everything is delivered; each snapshot is stored at its time, or its loss is told. */
async function count(
  { truths }: Machine,
  of: {
    backlog: Awaited<ReturnType<typeof createMemoryBacklog>>;
    clock: FakeClock;
    shelf: SnapshotStore;
  },
  { tally, fail }: Verdict,
): Promise<void> {
  const { backlog, clock, shelf } = of;
  const bed = await openBed(shelf, clock);
  await createLink(backlog, bed.ingest).drain();
  const times = new Map<number, number>();
  let doubled = 0;
  for await (const { batch } of shelf.blocks()) {
    for (const { atMs, values } of readRows(openSealed(batch, WORLD_TABLE), WORLD_TABLE)) {
      const number = values.get(NUMBER_METRIC) ?? 0;
      if (times.has(number)) doubled++;
      times.set(number, atMs);
    }
  }
  let [lost, wrong, doubtful, missing] = [0, 0, 0, 0];
  for (const [number, { atMs, isKnowable }] of truths) {
    const storedAtMs = times.get(number);
    if (storedAtMs === undefined) {
      missing++;
      if (isKnowable) lost++;
      continue;
    }
    const errorMs = Math.abs(storedAtMs - atMs);
    if (errorMs <= RIGHT_WITHIN_MS) continue;
    if (!isKnowable && errorMs <= DOUBT_MS) doubtful++;
    else wrong++;
  }
  const { unaccounted, lost: told, rejected, snapshots, unsealed } = backlog.status();
  const account = {
    wrong,
    untold: Math.abs(missing - told),
    unaccounted: Math.abs(unaccounted),
    rejected,
    waiting: snapshots + unsealed,
  };
  const unexplained = Object.values(account).reduce((sum, one) => sum + one, 0);
  tally.acked += times.size;
  tally.lost += lost;
  tally.doubled += doubled;
  tally.unexplained += unexplained;
  addFigure(tally, "timeUnknown", missing);
  addFigure(tally, "timeDoubtful", doubtful);
  if (lost + doubled + unexplained > 0) fail(JSON.stringify({ lost, doubled, ...account }));
}
