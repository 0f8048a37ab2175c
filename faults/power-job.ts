/**
 * One history of a world and many ends of it: the power goes at either end, or at both, after any
 * change of a file. Then both start again, everything is delivered, and what is stored is counted.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { createRandom } from "../test/support/chance.js";
import { createFakeClock } from "../test/support/fake-clock.js";
import type { DiskJob } from "./disk-job.js";
import { type DiskState, ModelledDisk } from "./disk-model.js";
import { type DiskChange, readTrace } from "./disk-trace.js";
import { createTally, describeFault, type Tally } from "./suite.js";
import { openWorld, type World } from "./world.js";
import { bootOf, MARKS, WorldLife } from "./world-life.js";

const STEPS = 110;
const CUTS = 25;
/** The next boot comes so long after the history began. */
const NEXT_BOOT_MS = Date.UTC(2026, 10, 3);
/** Snapshots of the life after the cut. */
const FRESH = 3;

/** Which end loses its power. */
type Victim = "pi" | "server" | "both";

export const work: DiskJob = async (seed, { folder, disk, traceFile }) => {
  const tally = createTally();
  const live = join(folder, "live");
  mkdirSync(live);
  disk.trace(traceFile);
  const life = new WorldLife(live, seed);
  await life.open();
  for (let step = 0; step < STEPS; step++) await life.step();
  disk.endTrace();
  await life.world.close();
  const changes = readTrace(readFileSync(traceFile));
  rmSync(traceFile);
  rmSync(live, { recursive: true });
  await cutOften(
    { suite: "power", changes, prefix: `${basename(folder)}/live/`, folder, seed },
    tally,
  );
  return tally;
};

/** What is to be cut. */
export interface CutPlan {
  readonly suite: string;
  readonly changes: readonly DiskChange[];
  /** Of the world's files in the trace. */
  readonly prefix: string;
  /** Where the remains are laid out. */
  readonly folder: string;
  readonly seed: number;
}

/** Follows the trace and cuts it at random places. */
export async function cutOften(of: CutPlan, tally: Tally, cuts = CUTS): Promise<void> {
  const random = createRandom(of.seed ^ 0x5eed);
  const points = new Map<number, number>();
  for (let k = 0; k < cuts; k++) {
    const at = Math.floor(random() * of.changes.length);
    points.set(at, (points.get(at) ?? 0) + 1);
  }
  const disk = new ModelledDisk();
  const marks: Marks = { taken: new Set(), committed: new Set() };
  for (const [at, change] of of.changes.entries()) {
    disk.apply(change);
    if (change.kind === "write" && change.path === of.prefix + MARKS) readMarks(change, marks);
    for (let k = 0; k < (points.get(at) ?? 0); k++) {
      const victim = (["pi", "server", "both"] as const)[Math.floor(random() * 3)] ?? "both";
      const folder = join(of.folder, "cut");
      layOut(disk, { folder, prefix: of.prefix, victim, random });
      const what = `seed ${of.seed}, ${victim} cut after change ${at} (${change.kind} ${change.path})`;
      await liveOn(folder, { marks, seed: of.seed, what, suite: of.suite }, tally);
      rmSync(folder, { recursive: true });
    }
  }
}

/** Numbers of snapshots. */
interface Marks {
  /** Recorded, whether they reached the disk or not. */
  readonly taken: Set<number>;
  readonly committed: Set<number>;
}

function readMarks({ data }: { data: Buffer }, { taken, committed }: Marks): void {
  for (const line of data
    .toString()
    .split("\n")
    .filter((one) => one !== "")) {
    (line.startsWith("+") ? taken : committed).add(Number(line));
  }
}

/** Writes both ends as they are left: the victim's as the model says, the other's as it was seen. */
function layOut(
  disk: ModelledDisk,
  {
    folder,
    prefix,
    victim,
    random,
  }: Record<"folder" | "prefix", string> & {
    victim: Victim;
    random: () => number;
  },
): void {
  const cut = disk.cut(random);
  const seen = disk.live();
  mkdirSync(folder);
  for (const end of ["pi", "server"] as const) {
    const state = victim === end || victim === "both" ? cut : seen;
    mkdirSync(join(folder, end));
    writeState(state, `${prefix}${end}/`, join(folder, end));
  }
}

function writeState({ folders, files }: DiskState, prefix: string, to: string): void {
  const inside = (path: string): string => join(to, path.slice(prefix.length));
  for (const path of folders) {
    if (path.startsWith(prefix)) mkdirSync(inside(path), { recursive: true });
  }
  for (const [path, bytes] of files) {
    // The reserve holds nothing, LOCK and LOG say nothing.
    if (!path.startsWith(prefix) || /\/(reserve|LOCK|LOG|LOG\.old)$/.test(path)) continue;
    mkdirSync(join(inside(path), ".."), { recursive: true });
    writeFileSync(inside(path), bytes);
  }
}

interface Aftermath {
  readonly marks: Marks;
  readonly seed: number;
  readonly what: string;
  readonly suite: string;
}

/** The life after: nothing that was committed is missing in the end, and nothing is there twice. */
async function liveOn(
  folder: string,
  { marks: { taken, committed }, seed, what, suite }: Aftermath,
  tally: Tally,
): Promise<void> {
  const clock = createFakeClock(NEXT_BOOT_MS);
  const first = 1_000_000;
  tally.runs++;
  tally.acked += committed.size;
  const fail = (why: string): void => {
    const repeat = `npm run -s faults -- ${suite} --seed ${seed} --seeds 1`;
    tally.failures.push(`${what}: ${why}; repeat: ${repeat}`);
  };
  let world: World | undefined;
  try {
    world = await openWorld({ folder, clock, bootId: bootOf(seed + 1), seed: seed + 7 });
    for (let k = 0; k < FRESH; k++) {
      world.record(first + k);
      await clock.advance(60_000);
    }
    await world.drain();
    const found = await world.stored();
    const stored = new Set(found);
    const lost = [...committed, first, first + 1, first + 2].filter((n) => !stored.has(n)).length;
    const doubled = found.length - stored.size;
    const missing = [...taken].filter((n) => !stored.has(n)).length;
    const { unaccounted, lost: told, rejected, snapshots, unsealed } = world.backlog.status();
    const account = {
      invented: found.filter((n) => n === undefined).length,
      unaccounted: Math.abs(unaccounted),
      // A commit that failed may leave its counters and not its snapshots, where a table that was
      // being made of it is cut between two blocks. What only memory held is then told as lost, and
      // it is; more must not be.
      told: Math.max(0, told - missing),
      rejected,
      waiting: snapshots + unsealed,
      miscounted: Math.abs(world.store.totals().snapshotsStored - found.length),
    };
    tally.lost += lost;
    tally.doubled += doubled;
    const unexplained = Object.values(account).reduce((sum, n) => sum + n, 0);
    tally.unexplained += unexplained;
    if (lost + doubled + unexplained > 0) fail(JSON.stringify({ lost, doubled, ...account }));
  } catch (fault) {
    tally.crashes++;
    fail(describeFault(fault));
  } finally {
    await world?.close();
  }
}
