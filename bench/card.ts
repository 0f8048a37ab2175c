/**
 * Bytes that reach a memory card in a day of polls each 10 s, for the time that may be lost at a
 * power cut: 30 s as it comes, 60 s, 300 s and an hour. The baseline is a row of JSON per poll, synced, on
 * a card of the same kind. Then the power is cut where it hurts most, and what is gone is counted.
 *
 * A day takes seconds here, so the file system's own timers hardly run; both sides gain from that.
 * Without loop devices the syncs are counted, and each is taken for what one costs on ext4.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  countOurs,
  countPlainly,
  type Day,
  makeDay,
  openOurs,
  openPlainly,
  POLL_SECONDS,
  type Recorder,
} from "./card-day.js";
import { makeCard, missingForCard } from "./card-image.js";
import { type BenchLine, type BenchOptions, type Facts, measure } from "./harness.js";

/** Greatest time at risk, in seconds: `backlog.commitIntervalSeconds`. */
const WINDOWS = [30, 60, 300];
/** The longest that can be set. What it comes to stands in every line, beside the shorter ones. */
const HOUR_SECONDS = 3_600;
const HOURS = 24;
const HOURS_SHORT = 2;
/** What a sync of a file that grew costs on ext4 with 4-KiB blocks. */
const BYTES_PER_SYNC = 17_000;

/** A way to record a day, and to count what is left of it. */
interface Way {
  open(folder: string): Promise<Recorder>;
  count(folder: string): Promise<number>;
}

/** What one round has shown. */
interface Outcome {
  readonly bytes: number;
  readonly syncs: number;
  readonly lost: number;
}

/** See `Bench` in the harness. */
export async function run(options: BenchOptions): Promise<void> {
  const hours = options.short ? HOURS_SHORT : HOURS;
  const missing = missingForCard();
  const wear = missing === undefined ? wearOf : estimateWear;
  if (missing !== undefined) console.error(`card: estimated from syncs; missing: ${missing}`);
  const card: Card = { hours, wear, isEstimated: missing !== undefined };
  const hour = await compare(card, HOUR_SECONDS, {}, options);
  const facts: Facts = {
    hourAtRiskMBPerDay: hour.ours,
    hourAtRiskRatio: hour.ratio,
    hourAtRiskSyncs: hour.also?.syncs ?? Number.NaN,
    hourAtRiskLostSeconds: hour.also?.lostSecondsAtPowerCut ?? Number.NaN,
  };
  for (const windowSeconds of WINDOWS) await compare(card, windowSeconds, facts, options);
}

interface Card {
  readonly hours: number;
  readonly wear: (way: Way, day: Day) => Promise<Outcome>;
  readonly isEstimated: boolean;
}

/** One time at risk beside the baseline. @param facts what else is to stand in its line */
async function compare(
  { hours, wear, isEstimated }: Card,
  windowSeconds: number,
  facts: Facts,
  options: BenchOptions,
): Promise<BenchLine> {
  // The cut comes when all but the last poll before a commit are at risk.
  const day = makeDay(hours, windowSeconds / POLL_SECONDS - 1);
  const perDay = (HOURS * 3_600) / (day.snapshots.length * POLL_SECONDS) / 1e6;
  const plain: Way = { open: openPlainly, count: countPlainly };
  const backlog: Way = {
    open: (folder) => openOurs(folder, day, windowSeconds),
    count: (folder) => countOurs(folder, day),
  };
  let last: Outcome = { bytes: 0, syncs: 0, lost: 0 };
  return await measure(
    {
      bench: "card",
      case: `${POLL_SECONDS}-s polls, ${windowSeconds} s at risk`,
      unit: "MB/day",
      better: "less",
      baseline: {
        name: "LevelDB, row of JSON, synced each poll",
        estimated: isEstimated,
        round: async () => (await wear(plain, day)).bytes * perDay,
      },
      ours: async () => {
        last = await wear(backlog, day);
        const lostSeconds = last.lost * POLL_SECONDS;
        assert.ok(lostSeconds <= windowSeconds, `${lostSeconds} s lost of ${windowSeconds} s`);
        return last.bytes * perDay;
      },
      also: () => ({
        syncs: last.syncs,
        lostSecondsAtPowerCut: last.lost * POLL_SECONDS,
        ...facts,
      }),
    },
    options,
  );
}

/** Records a day on a fresh card, cuts the power, and measures what was written since the opening. */
async function wearOf(way: Way, day: Day): Promise<Outcome> {
  const card = makeCard();
  try {
    const recorder = await way.open(card.folder);
    const before = card.writtenBytes();
    const syncs = await recorder.record(day);
    const left = card.cutPower();
    const bytes = card.writtenBytes() - before;
    await recorder.close();
    try {
      return { bytes, syncs, lost: day.snapshots.length - (await way.count(left.folder)) };
    } finally {
      left.remove();
    }
  } finally {
    card.remove();
  }
}

/** Counts syncs where there is no card to be had; what a cut costs is not known then. */
async function estimateWear(way: Way, day: Day): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "heatpool-card-"));
  try {
    const recorder = await way.open(folder);
    const syncs = await recorder.record(day);
    await recorder.close();
    return { bytes: syncs * BYTES_PER_SYNC, syncs, lost: 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
