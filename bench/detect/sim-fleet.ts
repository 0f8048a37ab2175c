/** `sim-fleet`: learn on healthy machines of a model, watch two others with known faults. */
import { CELLS_PER_DAY, type ChannelId } from "#core/anomaly/channel.js";
import { planFor } from "#core/anomaly/feature-plan.js";
import { learnFleet } from "#core/anomaly/learn-fleet.js";
import { checkGrid } from "#core/anomaly/quality.js";
import { isRightPart } from "#core/anomaly/right-parts.js";
import { makeRows } from "#core/anomaly/row-maker.js";
import {
  countEpisodes,
  type EpisodeCounts,
  type FaultEvent,
  figuresOf,
  isNormal,
  noEpisodes,
} from "./episodes.js";
import { cpuSeconds, judgeScores, type ScoredRows, type SetFigures } from "./figures.js";
import { readManifest, readSim } from "./sim-files.js";
import { type Watched, watchRows } from "./watched.js";

/** The first days of a test file are not judged. */
const IGNORED_CELLS = 2 * CELLS_PER_DAY;
/** A freshly installed daemon raises nothing for a fortnight. */
const QUIET_CELLS = 14 * CELLS_PER_DAY;
/** VUS-PR looks at every sixth row. */
const EVERY = 6;
const WIDTH_MAX = 24;
const CELL_MS = 300_000;

/** Runs the set with these channels. */
export function runSimFleet(data: string, keep: readonly ChannelId[]): SetFigures {
  const { train, test } = readManifest(data);
  const machines = train.map((file) => ({
    installationId: file,
    rows: makeRows(checkGrid(readSim(data, file, keep)).grid),
  }));
  const startedAt = cpuSeconds();
  const model = learnFleet(planFor(new Set(keep)), machines);
  const learnSeconds = cpuSeconds() - startedAt;
  const counts = noEpisodes();
  const stretches: ScoredRows[] = [];
  let hints = 0;
  let seconds = 0;
  let rowCount = 0;
  for (const { file, events } of test) {
    const { grid, findings } = checkGrid(readSim(data, file, keep));
    const rows = makeRows(grid);
    const quietUntil = grid.firstCell + QUIET_CELLS;
    const watched = watchRows(model, rows, { quietUntil, findings });
    seconds += watched.seconds;
    rowCount += rows.length;
    count(counts, watched, events);
    hints += watched.hints.length;
    stretches.push(pick(watched, events));
  }
  const judged = judgeScores([joined(stretches)], WIDTH_MAX);
  return {
    ...judged,
    ...figuresOf(counts, CELL_MS),
    learnSeconds,
    scoreMicroseconds: (seconds / rowCount) * 1e6,
    factor: model.factor,
    hints,
    perFault: Object.fromEntries(
      counts.perEvent.map(({ fault, found, hours, named }, index) => [
        `${index + 1} ${fault}`,
        found ? [`${hours?.toFixed(1)} h`, ...named] : ["missed"],
      ]),
    ),
  };
}

function count(counts: EpisodeCounts, watched: Watched, events: readonly FaultEvent[]): void {
  const judged = {
    atMs: watched.atMs.subarray(IGNORED_CELLS),
    alarm: watched.alarm.subarray(IGNORED_CELLS),
    named: (row: number) => watched.named(row + IGNORED_CELLS),
  };
  countEpisodes(counts, judged, events, isRightPart);
}

/** Every sixth row; what lies in the aftermath of an event counts neither way. */
function pick(watched: Watched, events: readonly FaultEvent[]): ScoredRows {
  const score: number[] = [];
  const isEvent: number[] = [];
  for (let row = IGNORED_CELLS; row < watched.score.length; row += EVERY) {
    const atMs = watched.atMs[row] ?? 0;
    const isInside = events.some(({ startMs, endMs }) => atMs >= startMs && atMs < endMs);
    if (!isInside && !isNormal(atMs, events)) continue;
    score.push(watched.score[row] ?? 0);
    isEvent.push(isInside ? 1 : 0);
  }
  return { score: Float64Array.from(score), isEvent: Uint8Array.from(isEvent) };
}

function joined(stretches: readonly ScoredRows[]): ScoredRows {
  return {
    score: Float64Array.from(stretches.flatMap(({ score }) => [...score])),
    isEvent: Uint8Array.from(stretches.flatMap(({ isEvent }) => [...isEvent])),
  };
}
