/**
 * One channel cell by cell: what jumps like a spike, reads like another unit or stands still
 * although it usually moves cannot be a measurement.
 */
import { CELLS_PER_DAY, CELLS_PER_HOUR, CHANNELS } from "./channel.js";
import type { FindingKind } from "./finding.js";
import { MODES } from "./operating-row.js";

/** What is remembered of one channel. */
export interface Memory {
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
/** How near a factor must be to be the unit's. */
const UNIT_NEAR = 0.2;

const RUNS = new Set(
  (["heating", "hot_water", "cooling", "running"] as const).map((mode) => MODES.indexOf(mode)),
);

/** Nothing seen yet. */
export function emptyMemory(): Memory {
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

/** Whether the value may be used. */
export function checkValue(
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
  if (!Number.isNaN(memory.value) && Math.abs(value - memory.value) > stepMax) {
    if (!isNewLevel(memory, mode, value, cell, stepMax)) return false;
  } else if (memory.wrong?.kind === "mapping") memory.wrong = undefined;
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

/** What the channel last was in this mode. */
function levelOf({ levels, value }: Memory, mode: number): number {
  const level = levels[mode] ?? Number.NaN;
  return Number.isNaN(level) ? value : level;
}

function otherUnit(before: number, after: number): string | undefined {
  const isNear = (wanted: number) =>
    Math.abs(after - wanted) <= UNIT_NEAR * Math.max(Math.abs(wanted), 1e-9);
  if (isNear(before * 1.8 + 32)) return "reads like degrees Fahrenheit";
  if (isNear((before - 32) / 1.8)) return "reads like degrees Celsius in place of Fahrenheit";
  if (isNear(before * 1000)) return "is a thousand times what it was";
  if (isNear(before / 1000)) return "is a thousandth of what it was";
  return undefined;
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
