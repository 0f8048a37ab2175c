/**
 * Reads rows against a normal-behaviour model by the plain formulas, one part after the other in
 * loops: what the reader of the product has to come to, to the last bit.
 */
import { CELLS_PER_DAY, CELLS_PER_HOUR, channelAt, channelIndex } from "#core/anomaly/channel.js";
import {
  compilePlan,
  FEATURES_MAX,
  featureCount,
  fillFeatures,
  groupsFor,
  type PartGroup,
} from "#core/anomaly/features.js";
import { endLocalDay, type LocalFit, notePeak, WAIT_DAYS } from "#core/anomaly/local-fit.js";
import { DOUBT, power, SLOW, SUMS_PER_PART } from "#core/anomaly/monitors.js";
import type { NormalModel } from "#core/anomaly/normal-model.js";
import { copyState, LAST_NUMBERS, type NormalState } from "#core/anomaly/normal-state.js";
import type { OperatingRow } from "#core/anomaly/operating-row.js";

/** A reader with what is compared. */
export interface PlainReader {
  read(row: OperatingRow): void;
  readonly score: number;
  readonly shares: Float64Array;
  readonly fastShares: Float64Array;
  readonly residuals: Float64Array;
  distrust(): void;
  state(): NormalState;
}

/** Half-life 6 h and 72 h, per cell; a gap of more than three days makes the past meaningless. */
const KEEP_FAST = 0.9904191474668262;
const KEEP_SLOW = 0.9991980680382416;
const GAP_CELLS_MAX = 864;

/** Beyond this a context was never seen: no evidence either way. */
const REACH_MAX = 4;
/**
 * No single row counts more than this many of its own standard deviations: a fault shows in many
 * rows, a transient in a few wild ones.
 */
const RESIDUAL_MAX = 4;
/** Rows further out do not enter the local fit. */
const FIT_DEVIATIONS_MAX = 5;
/** Below this share of its limit a part is calm. */
const CALM_SHARE = 0.25;
/** Within this share of its range a drive is at its stop. */
const STOP_SHARE = 0.03;

/** A reader that goes on from `state`, which stays as it is. */
export function readPlainly(
  model: NormalModel,
  state: NormalState,
  newUntil = Number.NEGATIVE_INFINITY,
  isCalibrating = false,
): PlainReader {
  const catchUpCells = isCalibrating ? 0 : CELLS_PER_DAY;
  const compiled = compilePlan(model.plan);
  const flat = flattenModel(model);
  const own = copyState(state);
  const { sums, fits, last, evidence, evidenceCell, calm, peaks } = own;
  const shares = new Float64Array(model.parts.length);
  const fastShares = new Float64Array(model.parts.length);
  const residuals = new Float64Array(model.parts.length);
  const phi = new Float64Array(FEATURES_MAX);
  const products = new Float64Array((FEATURES_MAX * (FEATURES_MAX + 1)) / 2);
  let { cell, rowsOutOfReach, capacityCell = Number.NEGATIVE_INFINITY } = own;
  let slot = Number.isNaN(cell) ? 0 : slotOf(cell);
  let score = 0;

  const readGroup = (group: PartGroup, row: OperatingRow) => {
    if (!fillFeatures(group, row.values, row.at, phi)) return;
    const { parts, targets, size } = group;
    fillProducts(phi, size, products);
    for (let index = 0; index < parts.length; index++) {
      const measured = row.values[row.at + (targets[index] ?? 0)] ?? Number.NaN;
      if (!Number.isNaN(measured)) readPart(parts[index] ?? 0, size, measured, row);
    }
  };
  const readPart = (index: number, size: number, measured: number, row: OperatingRow) => {
    const beta = flat.beta[index];
    const leverage = flat.leverage[index];
    const fit = fits[index];
    if (beta === undefined || leverage === undefined || fit === undefined) return;
    const family = dot(beta, phi, size);
    const lever = dot(leverage, products, leverage.length);
    const beyond = size === 1 ? 0 : lever / (3 * size) - 1;
    if (beyond > REACH_MAX) {
      rowsOutOfReach++;
      return;
    }
    const { deviation, covariance, size: localSize } = fit;
    let local = 0;
    let localVariance = 0;
    let next = 0;
    for (let i = 0; i < localSize; i++) {
      const left = phi[i] ?? 0;
      let sum = 0;
      for (let j = 0; j < localSize; j++) sum += (covariance[next++] ?? 0) * (phi[j] ?? 0);
      local += (deviation[i] ?? 0) * left;
      localVariance += sum * left;
    }
    const likely = family + local;
    const most = flat.most[index] ?? likely;
    const expected = likely > most ? most : Math.max(likely, flat.least[index] ?? likely);
    const rest = measured - expected;
    if (flat.isDrive[index] === 1 && isAtStop(own.stops, index, measured, rest)) return;
    if (rest < 0 && flat.isAsked[index] === 1 && isSpent(index, row, -rest)) return;
    const variance = flat.rowVariance[index] ?? 1;
    const day = flat.dayVariance[index] ?? 0;
    const size1 = expected < 0 ? -expected : expected;
    const tolerance = (flat.tolerance[index] ?? 0) + (flat.share[index] ?? 0) * size1;
    let held = day + tolerance * tolerance;
    if (beyond > 0) held += (variance + day) * beyond;
    if (localVariance > 0) held += localVariance;
    const ratio = held / variance;
    const far = RESIDUAL_MAX * Math.sqrt(1 + ratio);
    const plain = rest * (flat.perDeviation[index] ?? 0);
    const e = plain > far ? far : Math.max(plain, -far);
    addEvidence(sums, index, e, Math.sqrt(ratio));
    residuals[index] = e;
    evidence[index] = (evidence[index] ?? 0) + 1;
    evidenceCell[index] = cell;
    last[index * LAST_NUMBERS] = measured;
    last[index * LAST_NUMBERS + 1] = expected;
    last[index * LAST_NUMBERS + 2] = ratio;
    if (rest * rest <= FIT_DEVIATIONS_MAX * FIT_DEVIATIONS_MAX * (variance + held))
      noteRow(fit, slot, phi, measured - family, flat.information[index] ?? 0);
  };
  /**
   * A machine that gives all it can is not ill because the house gets less than was asked; nor
   * because a day in which that was so took less power, or has water to catch up on.
   */
  const isSpent = (index: number, row: OperatingRow, short: number): boolean => {
    if (flat.isDay[index] === 1) return cell - capacityCell < CELLS_PER_DAY;
    const drive = flat.driveOf[index] ?? -1;
    if (drive < 0) return false;
    const low = own.stops[drive * 2] ?? 0;
    const high = own.stops[drive * 2 + 1] ?? 0;
    const speed = row.values[row.at + (flat.driveChannel[index] ?? 0)] ?? Number.NaN;
    const isAtTop = high > low && speed >= high - STOP_SHARE * (high - low);
    if (isAtTop && short > (flat.tolerance[index] ?? 0)) capacityCell = cell;
    return isAtTop || cell - capacityCell < catchUpCells;
  };
  const endDays = (now: number) => {
    const today = Math.floor(now / CELLS_PER_DAY);
    const before = Math.floor(cell / CELLS_PER_DAY);
    if (today === before) return;
    for (const index of flat.usable) {
      const part = model.parts[index];
      const fit = fits[index];
      if (part === undefined || fit === undefined) continue;
      notePeak(fit, slot, Math.sqrt(peaks[index] ?? 0));
      for (let day = Math.max(before, today - WAIT_DAYS - 1); day < today; day++) {
        const isNew = (day - WAIT_DAYS + 1) * CELLS_PER_DAY <= newUntil;
        endLocalDay(fit, part, day % (WAIT_DAYS + 1), isNew);
      }
    }
    peaks.fill(0);
  };
  const judge = () => {
    let highest = 0;
    for (let place = 0; place < flat.usable.length; place++) {
      const index = flat.usable[place] ?? 0;
      const at = index * SUMS_PER_PART;
      const fast = squareAt(sums, at, flat.psi[index] ?? 1) * (flat.perFast[index] ?? 0);
      const slow = squareAt(sums, at + SLOW, flat.psi[index] ?? 1) * (flat.perSlow[index] ?? 0);
      const square = Math.max(fast, slow);
      if (square > highest) highest = square;
      if (square > (peaks[index] ?? 0)) peaks[index] = square;
      if (square < CALM_SHARE * CALM_SHARE) {
        calm[index] = cell;
        evidence[index] = 0;
        shares[index] = 0;
        fastShares[index] = 0;
      } else {
        shares[index] = Math.sqrt(square);
        fastShares[index] = Math.sqrt(fast);
      }
    }
    score = Math.sqrt(highest) / model.factor;
  };
  return {
    read(row) {
      if (!Number.isNaN(cell)) {
        if (row.cell <= cell) return;
        fade(sums, row.cell - cell);
        endDays(row.cell);
      }
      cell = row.cell;
      slot = slotOf(cell);
      const groups = groupsFor(compiled, row);
      for (let index = 0; index < groups.length; index++) {
        const group = groups[index];
        if (group !== undefined) readGroup(group, row);
      }
      if (cell % CELLS_PER_HOUR === 0) for (const group of compiled.day) readGroup(group, row);
      judge();
    },
    get score() {
      return score;
    },
    shares,
    fastShares,
    residuals,
    distrust() {
      for (let index = 0; index < peaks.length; index++)
        if ((peaks[index] ?? 0) < 1) peaks[index] = 1;
    },
    state: () => copyState({ ...own, cell, rowsOutOfReach, capacityCell }),
  };
}

/**
 * Sum of products, four at a time: one long sum waits for itself at every step. The order is part
 * of the result's last bit, so it is fixed.
 */
function dot(left: Float64Array, right: Float64Array, count: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 0;
  for (; i + 3 < count; i += 4) {
    a += (left[i] ?? 0) * (right[i] ?? 0);
    b += (left[i + 1] ?? 0) * (right[i + 1] ?? 0);
    c += (left[i + 2] ?? 0) * (right[i + 2] ?? 0);
    d += (left[i + 3] ?? 0) * (right[i + 3] ?? 0);
  }
  for (; i < count; i++) a += (left[i] ?? 0) * (right[i] ?? 0);
  return a + b + (c + d);
}

/** Square of the monitor whose sums stand at `at`. */
function squareAt(sums: Float64Array, at: number, psi: number): number {
  const sum = sums[at] ?? 0;
  const held = sums[at + 2] ?? 0;
  return (sum * sum) / (psi * (sums[at + 1] ?? 0) + held * held + DOUBT);
}

/** All products of two features, as a packed upper triangle: parts of one group share them. */
function fillProducts(phi: Float64Array, size: number, products: Float64Array): void {
  let next = 0;
  for (let i = 0; i < size; i++) {
    const left = phi[i] ?? 0;
    for (let j = i; j < size; j++) products[next++] = left * (phi[j] ?? 0);
  }
}

function slotOf(cell: number): number {
  return Math.floor(cell / CELLS_PER_DAY) % (WAIT_DAYS + 1);
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

/** Lets `cells` cells go by without evidence. */
export function fade(sums: Float64Array, cells: number): void {
  if (cells > GAP_CELLS_MAX) {
    sums.fill(0);
    return;
  }
  const fast = cells === 1 ? KEEP_FAST : power(KEEP_FAST, cells);
  const slow = cells === 1 ? KEEP_SLOW : power(KEEP_SLOW, cells);
  const fast2 = fast * fast;
  const slow2 = slow * slow;
  for (let at = 0; at < sums.length; at += SUMS_PER_PART) {
    sums[at] = (sums[at] ?? 0) * fast;
    sums[at + 1] = (sums[at + 1] ?? 0) * fast2;
    sums[at + 2] = (sums[at + 2] ?? 0) * fast;
    sums[at + 3] = (sums[at + 3] ?? 0) * slow;
    sums[at + 4] = (sums[at + 4] ?? 0) * slow2;
    sums[at + 5] = (sums[at + 5] ?? 0) * slow;
  }
}

/** Adds one row of evidence: standardised residual and what does not average out. */
export function addEvidence(sums: Float64Array, part: number, e: number, g: number): void {
  const at = part * SUMS_PER_PART;
  sums[at] = (sums[at] ?? 0) + e;
  sums[at + 1] = (sums[at + 1] ?? 0) + 1;
  sums[at + 2] = (sums[at + 2] ?? 0) + g;
  sums[at + 3] = (sums[at + 3] ?? 0) + e;
  sums[at + 4] = (sums[at + 4] ?? 0) + 1;
  sums[at + 5] = (sums[at + 5] ?? 0) + g;
}

/** Notes a row of today (`slot` of the ring): `rest` is measured minus the family's expectation. */
export function noteRow(
  fit: LocalFit,
  slot: number,
  phi: Float64Array,
  rest: number,
  weight: number,
): void {
  const { size, waiting } = fit;
  const at = slot * (size * (size + 1) + 1);
  for (let i = 0; i < size; i++) {
    const left = (phi[i] ?? 0) * weight;
    for (let j = 0; j <= i; j++) {
      const place = at + i * size + j;
      waiting[place] = (waiting[place] ?? 0) + left * (phi[j] ?? 0);
    }
    const place = at + size * size + i;
    waiting[place] = (waiting[place] ?? 0) + left * rest;
  }
}

/** Channels of drives that have a lowest and a highest speed. */
const DRIVES: ReadonlySet<string> = new Set(["fan", "frequency", "rating", "pump"]);

const COMPRESSORS: ReadonlySet<string> = new Set(["frequency", "rating"]);

/** What a house asks for: a machine that gives all it can may stay below it. */
const ASKED: ReadonlySet<string> = new Set(["flow", "kw"]);

/** Flattens a model. */
function flattenModel({ plan, parts }: NormalModel) {
  const each = (of: (index: number) => number) => Float64Array.from(parts, (_, i) => of(i));
  const inverse = (limit: number) => 1 / (limit * limit);
  const fits = (index: number) => {
    const [part, planned] = [parts[index], plan.parts[index]];
    const size = planned === undefined ? -1 : featureCount(planned);
    return part?.isUsable === true && part.beta.length === size;
  };
  const driveOf = Int32Array.from(plan.parts, ({ mode, target }) => {
    if (!ASKED.has(target)) return -1;
    const running = mode === "day" ? "heating" : mode;
    return plan.parts.findIndex((one) => one.mode === running && COMPRESSORS.has(one.target));
  });
  const channelOf = (index: number) => channelAt(channelIndex(plan.parts[index]?.target ?? "flow"));
  return {
    usable: Int32Array.from(parts.keys()).filter(fits),
    beta: parts.map((part, index) => (fits(index) ? part.beta : undefined)),
    leverage: parts.map((part, index) => (fits(index) ? part.leverage : undefined)),
    rowVariance: each((index) => parts[index]?.rowVariance ?? 1),
    dayVariance: each((index) => parts[index]?.dayVariance ?? 0),
    perDeviation: each((index) => 1 / Math.sqrt(parts[index]?.rowVariance ?? 1)),
    information: each((index) => (parts[index]?.rho ?? 0) / (parts[index]?.rowVariance ?? 1)),
    psi: each((index) => parts[index]?.psi ?? 1),
    tolerance: each((index) => plan.parts[index]?.tolerance ?? 0),
    share: each((index) => (plan.parts[index]?.percent ?? 0) / 100),
    perFast: each((index) => inverse(parts[index]?.limitFast ?? 1)),
    perSlow: each((index) =>
      plan.parts[index]?.house === true ? 0 : inverse(parts[index]?.limitSlow ?? 1),
    ),
    driveOf,
    driveChannel: driveOf.map((drive) =>
      channelIndex(drive < 0 ? "frequency" : (plan.parts[drive]?.target ?? "frequency")),
    ),
    isDrive: Uint8Array.from(plan.parts, (part) => (DRIVES.has(part.target) ? 1 : 0)),
    isAsked: Uint8Array.from(plan.parts, (part) => (ASKED.has(part.target) ? 1 : 0)),
    isDay: Uint8Array.from(plan.parts, (part) => (part.mode === "day" ? 1 : 0)),
    least: each((index) => channelOf(index).min),
    most: each((index) => channelOf(index).max),
  };
}
