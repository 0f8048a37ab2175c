/**
 * Scores rows against a normal-behaviour model: how far each part is from what was to be expected,
 * over hours and over days. Only + - * / and square roots, in a fixed order: the same numbers on
 * every machine.
 */
import { CELLS_PER_DAY } from "./channel.js";
import { toleranceOf } from "./feature-plan.js";
import {
  compilePlan,
  FEATURES_MAX,
  fillFeatures,
  groupsFor,
  isDayCell,
  type PartGroup,
} from "./features.js";
import {
  endLocalDay,
  type LocalFit,
  notePeak,
  noteRow,
  startLocalFit,
  WAIT_DAYS,
} from "./local-fit.js";
import { addEvidence, fade, monitorAt, SLOW, SUMS_PER_PART } from "./monitors.js";
import type { NormalModel } from "./normal-model.js";
import type { OperatingRow } from "./operating-row.js";

/** What is known of a device between rows; belongs to one model. */
export interface NormalState {
  readonly cell: number;
  /** Six sums per part, see `monitors.ts`. */
  readonly sums: Float64Array;
  readonly fits: readonly LocalFit[];
  /** Last expectation per part: measured, expected, its standard deviation. */
  readonly last: Float64Array;
  /** Rows of evidence per part since its monitors were last calm. */
  readonly evidence: Float64Array;
  /** Cell in which the part was last calm, in which it last had evidence. */
  readonly calm: Float64Array;
  readonly evidenceCell: Float64Array;
  /** Lowest and highest target seen per part: the stops of a drive. */
  readonly stops: Float64Array;
  readonly rowsOutOfReach: number;
}

/** Reads rows one after another and keeps the state; nobody else holds that state meanwhile. */
export interface NormalReader {
  /** Takes a row in; afterwards `score` and `shares` are those of this row. */
  read(row: OperatingRow): void;
  /** Above 1: alarming. */
  readonly score: number;
  /** Per part, what the score consists of, not divided by the factor. */
  readonly shares: Float64Array;
  readonly fastShares: Float64Array;
  /** The state as it changes: to be read, not kept. */
  readonly live: NormalState;
  state(): NormalState;
}

/** Numbers kept of the last row of a part. */
export const LAST_NUMBERS = 3;
/** Beyond this a context was never seen: no evidence either way. */
const REACH_MAX = 4;
/** No single row counts more than this many of its own standard deviations. */
const RESIDUAL_MAX = 8;
/** Rows further out do not enter the local fit. */
const FIT_DEVIATIONS_MAX = 5;
/** Below this share of its limit a part is calm. */
const CALM_SHARE = 0.25;

/** Channels of drives that have a lowest and a highest speed. */
const DRIVES: ReadonlySet<string> = new Set(["fan", "frequency", "rating", "pump"]);
/** Within this share of its range a drive is at its stop. */
const STOP_SHARE = 0.03;

/** The state of a device about which nothing is known. */
export function startNormal(model: NormalModel, known: readonly Float64Array[] = []): NormalState {
  const count = model.parts.length;
  return {
    cell: Number.NaN,
    sums: new Float64Array(count * SUMS_PER_PART),
    fits: model.parts.map((part, index) => startLocalFit(part, known[index])),
    last: new Float64Array(count * LAST_NUMBERS).fill(Number.NaN),
    evidence: new Float64Array(count),
    calm: new Float64Array(count).fill(Number.NaN),
    evidenceCell: new Float64Array(count).fill(Number.NaN),
    stops: stopsOf(count),
    rowsOutOfReach: 0,
  };
}

/** A reader that goes on from `state`, which stays as it is. `isAdapting: false`: no local fit. */
export function readNormal(
  model: NormalModel,
  state: NormalState,
  { isAdapting = true, newUntil = Number.NEGATIVE_INFINITY } = {},
): NormalReader {
  const compiled = compilePlan(model.plan);
  const own = copyState(state);
  const shares = new Float64Array(model.parts.length);
  const fastShares = new Float64Array(model.parts.length);
  const house = Uint8Array.from(model.plan.parts, (part) => (part.house ? 1 : 0));
  const drives = Uint8Array.from(model.plan.parts, (part) => (DRIVES.has(part.target) ? 1 : 0));
  const phi = new Float64Array(FEATURES_MAX);
  let { cell, rowsOutOfReach } = own;
  let slot = Number.isNaN(cell) ? 0 : slotOf(cell);
  let score = 0;

  const readGroup = (group: PartGroup, row: OperatingRow) => {
    if (!fillFeatures(group, row.values, row.at, phi)) return;
    for (let index = 0; index < group.parts.length; index++) {
      const measured = row.values[row.at + (group.targets[index] ?? 0)] ?? Number.NaN;
      if (!Number.isNaN(measured))
        readPart(group.parts[index] ?? 0, group.size, measured, row.cell);
    }
  };
  const readPart = (index: number, size: number, measured: number, now: number) => {
    const part = model.parts[index];
    const fit = own.fits[index];
    if (part === undefined || fit === undefined || !part.isUsable) return;
    const { beta, leverage, rowVariance, dayVariance } = part;
    let family = 0;
    for (let i = 0; i < size; i++) family += (beta[i] ?? 0) * (phi[i] ?? 0);
    let reach = 0;
    if (size > 1) {
      let lever = 0;
      let next = 0;
      for (let i = 0; i < size; i++) {
        let sum = 0;
        for (let j = i; j < size; j++) sum += (leverage[next++] ?? 0) * (phi[j] ?? 0);
        lever += sum * (phi[i] ?? 0);
      }
      reach = lever / (3 * size) - 1;
      if (reach < 0) reach = 0;
      if (reach > REACH_MAX) {
        rowsOutOfReach++;
        return;
      }
    }
    let local = 0;
    let localVariance = 0;
    const { deviation, covariance, size: localSize } = fit;
    for (let i = 0; i < localSize; i++) {
      const left = phi[i] ?? 0;
      local += (deviation[i] ?? 0) * left;
      let sum = 0;
      for (let j = 0; j < localSize; j++)
        sum += (covariance[i * localSize + j] ?? 0) * (phi[j] ?? 0);
      localVariance += sum * left;
    }
    const expected = family + local;
    const rest = measured - expected;
    if (drives[index] === 1 && isAtStop(own.stops, index, measured, rest)) return;
    const tolerance = toleranceOf(model.plan.parts[index], expected);
    const held =
      dayVariance +
      tolerance * tolerance +
      (rowVariance + dayVariance) * reach +
      Math.max(localVariance, 0);
    const ratio = held / rowVariance;
    const s = Math.sqrt(rowVariance);
    const most = RESIDUAL_MAX * Math.sqrt(1 + ratio);
    const e = rest / s;
    addEvidence(own.sums, index, e > most ? most : Math.max(e, -most), Math.sqrt(ratio));
    own.evidence[index] = (own.evidence[index] ?? 0) + 1;
    own.evidenceCell[index] = now;
    own.last[index * LAST_NUMBERS] = measured;
    own.last[index * LAST_NUMBERS + 1] = expected;
    own.last[index * LAST_NUMBERS + 2] = s * Math.sqrt(1 + ratio);
    const far = FIT_DEVIATIONS_MAX * FIT_DEVIATIONS_MAX * (rowVariance + held);
    if (isAdapting && rest * rest <= far)
      noteRow(fit, slot, phi, measured - family, part.rho / rowVariance);
    if (Number.isNaN(own.calm[index])) own.calm[index] = now;
  };
  const endDays = (now: number) => {
    const today = Math.floor(now / CELLS_PER_DAY);
    const before = Math.floor(cell / CELLS_PER_DAY);
    for (let day = Math.max(before, today - WAIT_DAYS - 1); day < today; day++) {
      own.fits.forEach((fit, index) => {
        const part = model.parts[index];
        if (isAdapting && part?.isUsable)
          endLocalDay(
            fit,
            part,
            day % (WAIT_DAYS + 1),
            (day - WAIT_DAYS + 1) * CELLS_PER_DAY <= newUntil,
          );
      });
    }
  };
  const judge = (now: number) => {
    score = 0;
    for (let index = 0; index < shares.length; index++) {
      const part = model.parts[index];
      if (part === undefined || !part.isUsable) continue;
      const at = index * SUMS_PER_PART;
      const fast = monitorAt(own.sums, at, part.psi) / part.limitFast;
      const slow =
        house[index] === 1 ? 0 : monitorAt(own.sums, at + SLOW, part.psi) / part.limitSlow;
      const share = Math.max(fast, -fast, slow, -slow);
      shares[index] = share;
      fastShares[index] = fast < 0 ? -fast : fast;
      const fit = own.fits[index];
      if (isAdapting && fit !== undefined) notePeak(fit, slot, share);
      if (share < CALM_SHARE) {
        own.calm[index] = now;
        own.evidence[index] = 0;
      }
      if (share > score) score = share;
    }
    score /= model.factor;
  };
  return {
    read(row) {
      if (!Number.isNaN(cell)) {
        if (row.cell <= cell) return;
        fade(own.sums, row.cell - cell);
        endDays(row.cell);
      }
      cell = row.cell;
      slot = slotOf(cell);
      for (const group of groupsFor(compiled, row)) readGroup(group, row);
      if (isDayCell(cell)) for (const group of compiled.day) readGroup(group, row);
      judge(cell);
    },
    get score() {
      return score;
    },
    shares,
    fastShares,
    live: own,
    state: () => copyState({ ...own, cell, rowsOutOfReach }),
  };
}

function slotOf(cell: number): number {
  return Math.floor(cell / CELLS_PER_DAY) % (WAIT_DAYS + 1);
}

function copyState(state: NormalState): NormalState {
  return {
    cell: state.cell,
    sums: state.sums.slice(),
    fits: state.fits.map((fit) => ({
      size: fit.size,
      information: fit.information.slice(),
      pull: fit.pull.slice(),
      covariance: fit.covariance.slice(),
      deviation: fit.deviation.slice(),
      waiting: fit.waiting.slice(),
    })),
    last: state.last.slice(),
    evidence: state.evidence.slice(),
    calm: state.calm.slice(),
    evidenceCell: state.evidenceCell.slice(),
    stops: state.stops.slice(),
    rowsOutOfReach: state.rowsOutOfReach,
  };
}

/**
 * Whether a drive is at its stop and more was to be expected: it may want to and cannot, so this
 * is no evidence. Also notes how far the drive has gone.
 */
function isAtStop(stops: Float64Array, part: number, measured: number, rest: number): boolean {
  const low = Math.min(stops[part * 2] ?? 0, measured);
  const high = Math.max(stops[part * 2 + 1] ?? 0, measured);
  stops[part * 2] = low;
  stops[part * 2 + 1] = high;
  const near = STOP_SHARE * (high - low);
  return (measured >= high - near && rest < 0) || (measured <= low + near && rest > 0);
}

/** No stop known: every value is beyond. */
function stopsOf(count: number): Float64Array {
  const stops = new Float64Array(count * 2);
  for (let part = 0; part < count; part++) {
    stops[part * 2] = Number.POSITIVE_INFINITY;
    stops[part * 2 + 1] = Number.NEGATIVE_INFINITY;
  }
  return stops;
}
