/**
 * Looks at each channel by itself, cell by cell in the order of time, before anything is learnt or
 * scored, and takes away what cannot be a measurement. Only the past is looked at, so a daemon and
 * a year of data at once see the same.
 */
import { CELLS_PER_DAY, CHANNEL_COUNT, CHANNELS, channelIndex } from "./channel.js";
import type { Finding, FindingKind } from "./finding.js";
import type { CellGrid } from "./grid.js";
import { MODES } from "./operating-row.js";
import { checkValue, emptyMemory, type Memory } from "./quality-channel.js";

/** Checks cells one after another. */
export interface QualityWatch {
  /** Takes away what is wrong from `values[at…]`. */
  check(cell: number, mode: number, values: Float64Array, at: number): void;
  /** What is wrong at this moment. */
  active(): Finding[];
  /** What it remembers, to go on from later: to be written down, not changed. */
  memory(): QualityMemory;
}

/** What a watch remembers between cells. */
export interface QualityMemory {
  readonly memories: readonly Memory[];
  readonly marks: ReadonlyMap<number, Mark>;
  readonly counts: DayCounts;
  readonly day: number;
  readonly now: number;
}

/** What a whole day said about a channel. */
interface Mark {
  readonly kind: FindingKind;
  readonly since: number;
  readonly detail: string;
}

/** A grid without what is wrong, and everything that was. */
export interface CheckedGrid {
  readonly grid: CellGrid;
  readonly findings: readonly Finding[];
}

/** Of a day's cells. */
const IMPLAUSIBLE_SHARE = 0.01;
const ABSENT_SHARE = 0.5;
const SWAPPED_SHARE = 0.8;
/** Cells of a day before a share of it is worth naming. */
const DAY_CELLS_MIN = 36;
/** Thermal power read as electric gives a COP of 1. */
const COP_ONE = 0.01;
const HEATING = MODES.indexOf("heating");
const DEFROST = MODES.indexOf("defrost");
const FLOW = channelIndex("flow");
const RETURN = channelIndex("return");
const COP = channelIndex("cop");
/** Derived channels come later. */
const MEASURED = channelIndex("to24");

/** What is counted over a day across channels. */
interface DayCounts {
  heating: number;
  swapped: number;
  cops: number;
  ones: number;
}

/** A watch that has seen nothing, or one that goes on from `from`, which it then owns. */
export function createQualityWatch(from?: QualityMemory): QualityWatch {
  const memories = from?.memories ?? CHANNELS.slice(0, MEASURED).map(emptyMemory);
  const marks = new Map<number, Mark>(from?.marks);
  let day = from?.day ?? Number.NaN;
  let counts: DayCounts = from?.counts ?? { heating: 0, swapped: 0, cops: 0, ones: 0 };
  let now = from?.now ?? 0;
  return {
    check(cell, mode, values, at) {
      const today = Math.floor(cell / CELLS_PER_DAY);
      if (today !== day) {
        endDay(memories, marks, counts, cell);
        counts = { heating: 0, swapped: 0, cops: 0, ones: 0 };
      }
      day = today;
      now = cell;
      countDay(counts, mode, values, at);
      for (let channel = 0; channel < MEASURED; channel++) {
        const memory = memories[channel];
        if (memory === undefined) continue;
        memory.dayCells++;
        const value = values[at + channel] ?? Number.NaN;
        if (Number.isNaN(value)) continue;
        memory.dayPresent++;
        const isFine = checkValue(memory, channel, mode, value, cell);
        if (!isFine) memory.dayWrong++;
        if (!isFine || marks.has(channel)) values[at + channel] = Number.NaN;
      }
    },
    active() {
      return memories.flatMap((memory, channel) => {
        const wrong = memory.wrong ?? marks.get(channel);
        return wrong === undefined ? [] : [{ channel, last: now, ...wrong }];
      });
    },
    memory: () => ({ memories, marks, counts, day, now }),
  };
}

/** Checks a whole grid; the original stays as it is. */
export function checkGrid(grid: CellGrid): CheckedGrid {
  const values = grid.values.slice();
  const watch = createQualityWatch();
  const found = new Map<string, Finding>();
  for (let index = 0; index < grid.length; index++) {
    if (grid.seen[index] !== 1) continue;
    watch.check(grid.firstCell + index, grid.modes[index] ?? 0, values, index * CHANNEL_COUNT);
    for (const finding of watch.active())
      found.set(`${finding.channel} ${finding.kind} ${finding.since}`, finding);
  }
  return { grid: { ...grid, values }, findings: [...found.values()] };
}

function countDay(counts: DayCounts, mode: number, values: Float64Array, at: number): void {
  const spread = (values[at + FLOW] ?? Number.NaN) - (values[at + RETURN] ?? Number.NaN);
  if (mode === HEATING && !Number.isNaN(spread)) {
    counts.heating++;
    if (spread < 0) counts.swapped++;
  }
  const cop = values[at + COP] ?? Number.NaN;
  if (mode === DEFROST || Number.isNaN(cop)) return;
  counts.cops++;
  if (Math.abs(cop - 1) <= COP_ONE) counts.ones++;
}

/** What a whole day says holds until a day says otherwise. */
function endDay(
  memories: readonly Memory[],
  marks: Map<number, Mark>,
  counts: DayCounts,
  cell: number,
): void {
  const mark = (channel: number, kind: FindingKind, isWrong: boolean, detail: string) => {
    if (!isWrong && marks.get(channel)?.kind === kind) marks.delete(channel);
    else if (isWrong && !marks.has(channel)) marks.set(channel, { kind, since: cell, detail });
  };
  for (const [channel, memory] of memories.entries()) {
    const { dayCells, dayWrong, dayPresent } = memory;
    if (
      dayCells >= DAY_CELLS_MIN &&
      memory.wrong === undefined &&
      memory.steps.some((n) => n > 0)
    ) {
      const isWrong = dayWrong > IMPLAUSIBLE_SHARE * dayCells;
      mark(channel, "implausible", isWrong, `${dayWrong} jumps in a day`);
    }
    if (dayCells >= DAY_CELLS_MIN && channel !== COP) {
      const missing = dayCells - dayPresent;
      const isWrong = dayPresent > 0 && missing > ABSENT_SHARE * dayCells;
      mark(channel, "absent", isWrong, `${missing} of ${dayCells} cells without a value`);
    }
    memory.dayCells = 0;
    memory.dayWrong = 0;
    memory.dayPresent = 0;
  }
  if (counts.heating >= DAY_CELLS_MIN) {
    const isSwapped = counts.swapped > SWAPPED_SHARE * counts.heating;
    for (const channel of [FLOW, RETURN])
      mark(channel, "mapping", isSwapped, "flow and return look swapped");
  }
  if (counts.cops >= DAY_CELLS_MIN)
    mark(COP, "mapping", counts.ones === counts.cops, "COP is 1: thermal power read as electric");
}
