/**
 * Looks at each channel by itself, cell by cell in the order of time, before anything is learnt or
 * scored, and takes away what cannot be a measurement. Only the past is looked at, so a daemon and
 * a year of data at once see the same.
 */
import { CELLS_PER_DAY, CELLS_PER_HOUR, CHANNEL_COUNT, CHANNELS, channelIndex } from "./channel.js";
import type { Finding, FindingKind } from "./finding.js";
import type { CellGrid } from "./grid.js";
import { MODES } from "./operating-row.js";
import { isOfScale, isThousandfold, otherUnit } from "./other-unit.js";

/** Checks cells one after another. */
export interface QualityWatch {
  /**
   * Takes away what is wrong from `values[at…]`.
   *
   * @param outside bits of the channels that had a value which cannot have been measured
   */
  check(cell: number, mode: number, values: Float64Array, at: number, outside?: number): void;
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
  /** Left out: it takes the channel away. What is only shown has lost its wrong values already. */
  readonly isShownOnly?: boolean;
}

/** A grid without what is wrong, and everything that was. */
export interface CheckedGrid {
  readonly grid: CellGrid;
  readonly findings: readonly Finding[];
}

/** Bit-equal for so long while running in one mode, or at all: stuck. */
const STUCK_RUNNING_CELLS = 3 * CELLS_PER_HOUR;
const STUCK_CELLS = CELLS_PER_DAY;
/** A channel that moves in fewer of its cells than this may well rest. */
const MOVING_SHARE = 0.5;
/** Steps before it is known how a channel moves. */
const STEPS_MIN = 100;
/** A jump that lasts this long is a new level, not a spike. */
const LEVEL_CELLS = 3;
/** Of a day's cells. */
const IMPLAUSIBLE_SHARE = 0.01;
const ABSENT_SHARE = 0.5;
const SWAPPED_SHARE = 0.8;
/** Cells of a day before a share of it is worth naming. */
const DAY_CELLS_MIN = 36;
/** Thermal power read as electric gives a COP of 1. */
const COP_ONE = 0.01;

const HEATING = MODES.indexOf("heating");
const FLOW = channelIndex("flow");
const RETURN = channelIndex("return");
const COP = channelIndex("cop");
const POWER = channelIndex("power");
const THERMAL = channelIndex("thermal");
const COP_IS_ONE = "COP is 1: thermal power read as electric";
/** Not there while the machine rests. */
const RATIOS = new Set((["cop", "thermal", "superheat"] as const).map(channelIndex));
/** Derived channels come later. */
const MEASURED = channelIndex("to24");
const RUNS = new Set(
  (["heating", "hot_water", "cooling", "running"] as const).map((mode) => MODES.indexOf(mode)),
);

/** What is remembered of one channel. */
interface Memory {
  value: number;
  /** Cells since it last changed: all, and running ones of the present mode. */
  equal: number;
  equalRunning: number;
  runMode: number;
  /** Steps seen and how many moved, per mode. */
  readonly steps: Uint32Array;
  readonly moves: Uint32Array;
  /** Last value per mode: a jump is compared with what this mode had. */
  readonly levels: Float64Array;
  /** A level beyond a jump that may be a spike. */
  jump: number;
  jumpCells: number;
  /** Why it is masked, and since when. */
  wrong: { kind: FindingKind; since: number; detail: string } | undefined;
  dayCells: number;
  dayWrong: number;
  dayPresent: number;
  /** Cells of the day with a value that cannot have been measured; left out: none. */
  dayOutside?: number;
  /** Cells of a running machine in a row with no other value; left out: none. */
  never?: number;
  /** Cells since its last value; left out: it has had none. */
  silent?: number;
}

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
    check(cell, mode, values, at, outside = 0) {
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
        const isOutside = (outside & (1 << channel)) !== 0;
        if (isOutside) memory.dayOutside = (memory.dayOutside ?? 0) + 1;
        const value = values[at + channel] ?? Number.NaN;
        if (isScaled(channel, mode)) noteNever(memory, isOutside, Number.isNaN(value), cell);
        noteSilence(memory, channel, Number.isNaN(value), cell);
        if (Number.isNaN(value)) continue;
        memory.dayPresent++;
        const isFine = checkValue(memory, channel, mode, value, cell);
        if (!isFine) memory.dayWrong++;
        if (!isFine || isMasking(marks.get(channel))) values[at + channel] = Number.NaN;
      }
    },
    active() {
      return memories.flatMap((memory, channel) => {
        const mark = marks.get(channel);
        const wrong = isElsewise(memory) ? memory.wrong : (mark ?? memory.wrong);
        if (wrong === undefined) return [];
        const { kind, since, detail } = wrong;
        return [{ kind, channel, since, last: now, detail }];
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
    const [mode, outside] = [grid.modes[index] ?? 0, grid.outside[index] ?? 0];
    watch.check(grid.firstCell + index, mode, values, index * CHANNEL_COUNT, outside);
    for (const finding of watch.active())
      found.set(`${finding.channel} ${finding.kind} ${finding.since}`, finding);
  }
  return { grid: { ...grid, values }, findings: [...found.values()] };
}

function emptyMemory(): Memory {
  return {
    value: Number.NaN,
    equal: 0,
    equalRunning: 0,
    runMode: -1,
    steps: new Uint32Array(MODES.length),
    moves: new Uint32Array(MODES.length),
    levels: new Float64Array(MODES.length).fill(Number.NaN),
    jump: Number.NaN,
    jumpCells: 0,
    wrong: undefined,
    dayCells: 0,
    dayWrong: 0,
    dayPresent: 0,
  };
}

function isMasking(mark: Mark | undefined): boolean {
  return mark !== undefined && mark.isShownOnly !== true;
}

/** Whether something else than silence is wrong with it. */
function isElsewise({ wrong }: Memory): boolean {
  return wrong !== undefined && wrong.kind !== "stale";
}

/**
 * A running machine that for a quarter of an hour says nothing but what cannot be. A sensor that is
 * not connected reads anything; kilowatts and bar are computed.
 */
function noteNever(memory: Memory, isOutside: boolean, isSilent: boolean, cell: number): void {
  memory.never = isOutside && isSilent ? (memory.never ?? 0) + 1 : 0;
  if (memory.never < LEVEL_CELLS || isElsewise(memory)) return;
  const detail = "is never possible: another unit, or words swapped";
  memory.wrong = { kind: "mapping", since: cell, detail };
}

/** A channel that had values and has none for longer than it may rest. What is derived may be away. */
function noteSilence(memory: Memory, channel: number, isSilent: boolean, cell: number): void {
  if (!isSilent) {
    memory.silent = 0;
    if (memory.wrong?.kind === "stale") memory.wrong = undefined;
    return;
  }
  if (memory.silent === undefined || RATIOS.has(channel)) return;
  memory.silent++;
  if (memory.silent > (CHANNELS[channel]?.holdCells ?? 0))
    memory.wrong ??= { kind: "stale", since: cell - memory.silent + 1, detail: "has no values" };
}

/** Whether the value may be used. */
function checkValue(
  memory: Memory,
  channel: number,
  mode: number,
  value: number,
  cell: number,
): boolean {
  const stepMax = CHANNELS[channel]?.stepMax ?? Number.POSITIVE_INFINITY;
  // On the way between two units a step may be small; it is over when the value fits the old one.
  if (memory.wrong?.kind === "mapping" && otherUnit(levelOf(memory, mode), value) !== undefined)
    return false;
  const isJump =
    Math.abs(value - memory.value) > stepMax ||
    (isScaled(channel, mode) && isThousandfold(levelOf(memory, mode), value));
  if (!Number.isNaN(memory.value) && isJump) {
    if (!isNewLevel(memory, mode, value, cell, stepMax)) return false;
  } else if (memory.wrong?.kind === "mapping") {
    const isDegrees = CHANNELS[channel]?.unit === "°C";
    if (!isDegrees && !(RUNS.has(mode) && isOfScale(levelOf(memory, mode), value))) return false;
    memory.wrong = undefined;
  }
  memory.jumpCells = 0;
  noteMove(memory, mode, value);
  if (CHANNELS[channel]?.isAnalogue !== true) return true;
  const isStuck =
    (memory.equalRunning >= STUCK_RUNNING_CELLS && moves(memory, memory.runMode)) ||
    (memory.equal >= STUCK_CELLS && moves(memory, mode));
  if (!isStuck) {
    if (memory.wrong?.kind === "stuck") memory.wrong = undefined;
    return true;
  }
  memory.wrong ??= { kind: "stuck", since: cell, detail: `stands at ${value}` };
  return false;
}

/** After a jump: a spike is dropped, another unit is named, anything else becomes the new level. */
function isNewLevel(
  memory: Memory,
  mode: number,
  value: number,
  cell: number,
  stepMax: number,
): boolean {
  const isSame = Math.abs(value - memory.jump) <= stepMax;
  memory.jumpCells = isSame ? memory.jumpCells + 1 : 1;
  memory.jump = value;
  if (memory.jumpCells < LEVEL_CELLS || memory.wrong?.kind === "mapping") return false;
  const unit = otherUnit(levelOf(memory, mode), value);
  if (unit === undefined) return true;
  memory.wrong ??= { kind: "mapping", since: cell, detail: unit };
  return false;
}

/** A running machine's kilowatts or bar: a thousandth of them may be smaller than a step. */
function isScaled(channel: number, mode: number): boolean {
  return RUNS.has(mode) && CHANNELS[channel]?.unit !== "°C";
}

/** What the channel last was in this mode. */
function levelOf({ levels, value }: Memory, mode: number): number {
  const level = levels[mode] ?? Number.NaN;
  return Number.isNaN(level) ? value : level;
}

function noteMove(memory: Memory, mode: number, value: number): void {
  const isEqual = value === memory.value;
  if (memory.equal < STUCK_RUNNING_CELLS / 3 || !isEqual) {
    memory.steps[mode] = (memory.steps[mode] ?? 0) + 1;
    if (!isEqual) memory.moves[mode] = (memory.moves[mode] ?? 0) + 1;
  }
  memory.value = value;
  memory.levels[mode] = value;
  memory.equal = isEqual ? memory.equal + 1 : 0;
  if (!isEqual || (RUNS.has(mode) && mode !== memory.runMode)) memory.equalRunning = 0;
  if (isEqual && RUNS.has(mode)) memory.equalRunning++;
  if (RUNS.has(mode)) memory.runMode = mode;
}

/** Whether the channel usually moves from cell to cell in this mode. */
function moves(memory: Memory, mode: number): boolean {
  const steps = memory.steps[mode] ?? 0;
  return steps >= STEPS_MIN && (memory.moves[mode] ?? 0) > MOVING_SHARE * steps;
}

function countDay(counts: DayCounts, mode: number, values: Float64Array, at: number): void {
  const spread = (values[at + FLOW] ?? Number.NaN) - (values[at + RETURN] ?? Number.NaN);
  if (mode === HEATING && !Number.isNaN(spread)) {
    counts.heating++;
    if (spread < 0) counts.swapped++;
  }
  const given = values[at + COP] ?? Number.NaN;
  const ratio = (values[at + THERMAL] ?? Number.NaN) / (values[at + POWER] ?? Number.NaN);
  const cop = Number.isNaN(given) ? ratio : given;
  if (!RUNS.has(mode) || Number.isNaN(cop)) return;
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
  const mark = (
    channel: number,
    kind: FindingKind,
    isWrong: boolean,
    detail: string,
    isShownOnly = false,
  ) => {
    const known = marks.get(channel);
    if (!isWrong && known?.kind === kind) marks.delete(channel);
    else if (isWrong && (!isMasking(known) || !marks.has(channel)))
      marks.set(channel, { kind, since: known?.since ?? cell, detail, isShownOnly });
  };
  for (const [channel, memory] of memories.entries()) {
    const { dayCells, dayWrong, dayPresent } = memory;
    const dayOutside = memory.dayOutside ?? 0;
    if (dayCells >= DAY_CELLS_MIN && !isElsewise(memory)) {
      const isJumpy = memory.steps.some((n) => n > 0) && dayWrong > IMPLAUSIBLE_SHARE * dayCells;
      const isOutside = dayOutside > IMPLAUSIBLE_SHARE * dayCells;
      const detail = isOutside
        ? `${dayOutside} of ${dayCells} cells beyond what can be`
        : `${dayWrong} jumps in a day`;
      mark(channel, "implausible", isJumpy || isOutside, detail, !isJumpy);
    }
    if (dayCells >= DAY_CELLS_MIN && channel !== COP) {
      const missing = dayCells - dayPresent;
      const isWrong = dayPresent > 0 && missing > ABSENT_SHARE * dayCells;
      mark(channel, "absent", isWrong, `${missing} of ${dayCells} cells without a value`);
    }
    memory.dayCells = 0;
    memory.dayOutside = 0;
    memory.dayWrong = 0;
    memory.dayPresent = 0;
  }
  if (counts.heating >= DAY_CELLS_MIN) {
    const isSwapped = counts.swapped > SWAPPED_SHARE * counts.heating;
    for (const channel of [FLOW, RETURN])
      mark(channel, "mapping", isSwapped, "flow and return look swapped");
  }
  if (counts.cops >= DAY_CELLS_MIN)
    for (const channel of [COP, POWER])
      mark(channel, "mapping", counts.ones === counts.cops, COP_IS_ONE);
}
