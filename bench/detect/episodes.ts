/**
 * What the owner would have lived through: alarm episodes against what really happened.
 *
 * An episode that starts in normal time is a false alarm; an event is found when an episode starts
 * in it or up to 6 h after. An alarm that is already on finds nothing. The 36 h after an event
 * count neither way.
 */

/** What one file's rows say, one value per row of equal step. */
export interface Timeline {
  readonly atMs: Float64Array;
  readonly alarm: Uint8Array;
  /** Up to two names per row, best first; only read where an alarm starts. */
  readonly named: (row: number) => readonly string[];
}

/** Something that really happened. */
export interface FaultEvent {
  readonly fault: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** Sums over files; `figuresOf` makes figures of them. */
export interface EpisodeCounts {
  falseAlarms: number;
  normalRows: number;
  alarmRows: number;
  events: number;
  found: number;
  topTwo: number;
  readonly delaysHours: number[];
  readonly perEvent: { fault: string; found: boolean; hours?: number; named: readonly string[] }[];
}

const HOUR_MS = 3_600_000;
/** Crossings closer together than this are one episode. */
const EPISODE_GAP_MS = 24 * HOUR_MS;
/** An episode this long after an event still finds it. */
export const LATE_MS = 6 * HOUR_MS;
const AFTERMATH_MS = 36 * HOUR_MS;
/** A month of 30.4 days. */
export const MONTH_MS = 30.4 * 24 * HOUR_MS;

/** Nothing counted yet. */
export function noEpisodes(): EpisodeCounts {
  return {
    falseAlarms: 0,
    normalRows: 0,
    alarmRows: 0,
    events: 0,
    found: 0,
    topTwo: 0,
    delaysHours: [],
    perEvent: [],
  };
}

/** First rows of episodes. */
export function episodeStarts(timeline: Timeline): number[] {
  const starts: number[] = [];
  let lastOnMs = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < timeline.alarm.length; row++) {
    if (timeline.alarm[row] !== 1) continue;
    const atMs = timeline.atMs[row] ?? 0;
    const wasOn = row > 0 && timeline.alarm[row - 1] === 1;
    if (!wasOn && atMs - lastOnMs >= EPISODE_GAP_MS) starts.push(row);
    lastOnMs = atMs;
  }
  return starts;
}

/** Whether the row counts as normal time: no event, no aftermath. */
export function isNormal(atMs: number, events: readonly FaultEvent[]): boolean {
  return !events.some(({ startMs, endMs }) => atMs >= startMs && atMs < endMs + AFTERMATH_MS);
}

/** Adds a file to the counts; rows before `fromMs` are left out. */
export function countEpisodes(
  counts: EpisodeCounts,
  timeline: Timeline,
  events: readonly FaultEvent[],
  isRight: (fault: string, named: readonly string[]) => boolean,
): void {
  const starts = episodeStarts(timeline);
  for (let row = 0; row < timeline.alarm.length; row++) {
    if (!isNormal(timeline.atMs[row] ?? 0, events)) continue;
    counts.normalRows++;
    counts.alarmRows += timeline.alarm[row] ?? 0;
  }
  counts.falseAlarms += starts.filter((row) => isNormal(timeline.atMs[row] ?? 0, events)).length;
  for (const { fault, startMs, endMs } of events) {
    counts.events++;
    const start = starts.find((row) => {
      const atMs = timeline.atMs[row] ?? 0;
      return atMs >= startMs && atMs < endMs + LATE_MS;
    });
    if (start === undefined) {
      counts.perEvent.push({ fault, found: false, named: [] });
      continue;
    }
    const named = timeline.named(start);
    const hours = ((timeline.atMs[start] ?? 0) - startMs) / HOUR_MS;
    counts.found++;
    counts.delaysHours.push(hours);
    if (isRight(fault, named)) counts.topTwo++;
    counts.perEvent.push({ fault, found: true, hours, named });
  }
}

/** Figures by name, from counts over rows of `stepMs`. */
export function figuresOf(counts: EpisodeCounts, stepMs: number) {
  const months = (counts.normalRows * stepMs) / MONTH_MS;
  return {
    falseAlarmsPerMonth: counts.falseAlarms / months,
    recall: counts.events === 0 ? 0 : counts.found / counts.events,
    share: counts.alarmRows / counts.normalRows,
    delayHours: middle(counts.delaysHours),
    topTwo: counts.found === 0 ? 0 : counts.topTwo / counts.found,
    events: counts.events,
    machineMonths: months,
  };
}

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? 0) + (sorted[Math.floor(half)] ?? 0)) / 2;
}
