/**
 * Bytes that change on the medium: one bit flipped, a file cut, a file gone, in what a backlog left
 * behind. It must start unattended, hand out nothing that was not recorded, use no number for
 * other bytes, and tell what is missing.
 */
import {
  cpSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Clock } from "#core/clock.js";
import type { Backlog } from "../daemon/backlog/backlog.js";
import { openLevelBacklog } from "../daemon/backlog/level-backlog.js";
import { createChance, createRandom } from "../test/support/chance.js";
import { createFakeClock } from "../test/support/fake-clock.js";
import { numbersOf } from "./oracle.js";
import { openWithSmallBuffer } from "./small-buffer.js";
import { addFigure, describeFault, type Tally } from "./suite.js";
import { STEP_MS, snapshotOf, WORLD_TABLE, worldStream } from "./world.js";
import { bootOf } from "./world-life.js";

const SNAPSHOTS = 90;
const ACKED_BATCHES = 3;
const ROWS_MAX = 7;
/** Polls that nobody made between the two lives. */
const DOWNTIME_SLOTS = 30;
/** The first snapshot of the second. */
const NEXT_NUMBER = 1_000_000;

/** Numbers of batches by `epoch/sequence`. */
type Batches = ReadonlyMap<string, readonly (number | undefined)[]>;

/** What waited before anything was damaged. */
interface Sound {
  /** Sealed: these numbers stand for these snapshots for ever. */
  readonly sealed: Batches;
  /** Every snapshot that waits, sealed or not. */
  readonly numbers: ReadonlySet<number | undefined>;
}

function open(directory: string, seed: number, clock: Clock = createFakeClock()): Promise<Backlog> {
  return openLevelBacklog({
    directory,
    streams: [worldStream()],
    bootId: bootOf(seed),
    clock,
    chance: createChance(seed),
    commitIntervalMs: 0,
    rowsMax: ROWS_MAX,
    limitBytes: 4 * 2 ** 20,
    openDatabase: openWithSmallBuffer,
  });
}

/** Makes a backlog and damages copies of it. */
export async function damageOften(
  { folder, seed, damages }: { folder: string; seed: number; damages: number },
  tally: Tally,
): Promise<void> {
  const random = createRandom(seed ^ 0xdead);
  const isClean = random() < 0.5;
  const sound = join(folder, "sound");
  const before = await makeSound(sound, seed, isClean);
  for (let k = 0; k < damages; k++) {
    const copy = join(folder, `damaged-${k}`);
    cpSync(sound, copy, { recursive: true, filter: (path) => !path.endsWith("/reserve") });
    const what = damage(copy, random);
    const fail = (why: string): void => {
      const repeat = `npm run -s faults -- storage --seed ${seed} --seeds 1`;
      tally.failures.push(`seed ${seed}: ${what} (clean: ${isClean}): ${why}; repeat: ${repeat}`);
    };
    tally.runs++;
    try {
      await survive(copy, { seed: seed * 1000 + k, before }, tally, fail);
    } catch (fault) {
      tally.crashes++;
      fail(describeFault(fault));
    }
    rmSync(copy, { recursive: true });
  }
}

/** A backlog with tables, a log, batches, a journal and acks; closed, or left as a kill leaves it. */
async function makeSound(directory: string, seed: number, isClean: boolean): Promise<Sound> {
  const clock = createFakeClock();
  let backlog = await open(directory, seed);
  for (let number = 1; number <= SNAPSHOTS; number++) {
    await clock.advance(STEP_MS);
    backlog.record(snapshotOf(number, clock));
    await backlog.flush();
    if (number === SNAPSHOTS / 3) {
      await backlog.seal();
      const { epochId } = backlog.status();
      const counts = { admitted: ACKED_BATCHES * ROWS_MAX, duplicate: 0, rejected: 0 };
      await backlog.acknowledge({ epochId, ackedThrough: ACKED_BATCHES, ...counts });
    }
    if (number === SNAPSHOTS / 2) {
      await backlog.close();
      backlog = await open(directory, seed + 1);
    }
    if (number === SNAPSHOTS - 10) await backlog.seal();
  }
  if (isClean) {
    await backlog.close();
  } else {
    const copy = `${directory}-copy`;
    cpSync(directory, copy, { recursive: true });
    await backlog.close();
    rmSync(directory, { recursive: true });
    cpSync(copy, directory, { recursive: true });
    rmSync(copy, { recursive: true });
  }
  // What is there is learnt from another copy, so that this one stays as it was left.
  const looked = `${directory}-looked`;
  cpSync(directory, looked, { recursive: true });
  const again = await open(looked, seed + 2);
  const sealed = await batchesOf(again);
  await again.seal();
  const numbers = new Set([...(await batchesOf(again)).values()].flat());
  await again.close();
  rmSync(looked, { recursive: true });
  return { sealed, numbers };
}

/** One bit, one cut, or one file. Says what it did. */
function damage(directory: string, random: () => number): string {
  const path = pickFile(directory, random);
  const { size } = statSync(path);
  const name = path.slice(directory.length + 1);
  const turn = random();
  if (turn < 0.06) {
    rmSync(path);
    return `${name} removed`;
  }
  const at = Math.floor(random() * size);
  if (turn < 0.3) {
    truncateSync(path, at);
    return `${name} cut to ${at} of ${size}`;
  }
  const bytes = readFileSync(path);
  const bit = 1 << Math.floor(random() * 8);
  bytes[at] = (bytes[at] ?? 0) ^ bit;
  writeFileSync(path, bytes);
  return `${name} byte ${at} of ${size} bit ${bit}`;
}

function pickFile(directory: string, random: () => number): string {
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile() && statSync(path).size > 0)
    .filter((path) => !/\/(LOG|LOG\.old|LOCK)$/.test(path))
    .sort();
  const path = files[Math.floor(random() * files.length)];
  if (path === undefined) throw new Error(`${directory} has no files`);
  return path;
}

async function batchesOf(backlog: Backlog): Promise<Batches> {
  const waiting = new Map<string, (number | undefined)[]>();
  for (const { epochId } of backlog.epochs()) {
    for (const { sequence, sealed } of await backlog.after(epochId, 0, SNAPSHOTS)) {
      waiting.set(`${epochId}/${sequence}`, numbersOf(sealed, WORLD_TABLE));
    }
  }
  return waiting;
}

async function survive(
  directory: string,
  { seed, before }: { seed: number; before: Sound },
  tally: Tally,
  fail: (why: string) => void,
): Promise<void> {
  const clock = createFakeClock();
  await clock.advance((SNAPSHOTS + DOWNTIME_SLOTS + 1) * STEP_MS);
  const backlog = await open(directory, seed, clock);
  try {
    backlog.record(snapshotOf(NEXT_NUMBER, clock));
    await backlog.seal();
    const after = await batchesOf(backlog);
    const found = [...after.values()].flat();
    const losses = await backlog.losses(0, SNAPSHOTS);
    const told = losses.reduce((sum, { snapshots }) => sum + snapshots, 0) - DOWNTIME_SLOTS;
    const forked = [...after].filter(
      ([name, numbers]) => (before.sealed.get(name) ?? numbers).join() !== numbers.join(),
    );
    const isReal = (number: number | undefined) =>
      number === NEXT_NUMBER || (number !== undefined && number >= 1 && number <= SNAPSHOTS);
    const { unaccounted } = backlog.status();
    const missing = [...before.numbers].filter((number) => !found.includes(number)).length;
    const faults = {
      changed: found.filter((number) => !isReal(number)).length,
      forked: forked.length,
      unaccounted: Math.abs(unaccounted),
      // What the counters knew of is lost; a tail that went with its counters is a gap.
      untold: Math.max(0, missing - told),
    };
    const doubled = found.length - new Set(found).size;
    const unexplained = Object.values(faults).reduce((sum, one) => sum + one, 0);
    tally.doubled += doubled;
    tally.unexplained += unexplained;
    addFigure(tally, "damaged");
    addFigure(tally, "gone", missing);
    if (doubled + unexplained > 0) fail(JSON.stringify({ doubled, missing, told, ...faults }));
  } finally {
    await backlog.close();
  }
}
