/**
 * Watches one device with one model: rows in, scores and alarms out. What a daemon does cell by
 * cell and a bench for months is this one function.
 *
 * Three kinds of alarm reach the owner the same way: a part of the machine departs from its normal
 * behaviour, parts depart together though none does alone, or a finding about a sensor lasts. Slow
 * change is hinted at beside them and alarms nobody.
 */
import { type AlarmChange, type AlarmState, NO_ALARM, stepAlarm } from "./alarm.js";
import { type CatchAllState, openCatchAll, startCatchAll } from "./catch-all-watch.js";
import { CELLS_PER_DAY, channelAt } from "./channel.js";
import { type DriftHint, type DriftWatchState, openDrift, startDrift } from "./drift-watch.js";
import { type Finding, TELL_CELLS, TOLD } from "./finding.js";
import { restartSlow } from "./monitors.js";
import { type NormalReader, readNormal } from "./normal-behaviour.js";
import type { NormalModel } from "./normal-model.js";
import { type NormalState, startNormal } from "./normal-state.js";
import type { OperatingRow } from "./operating-row.js";

/** State of the watch over a device. */
export interface WatchState {
  readonly normal: NormalState;
  readonly alarm: AlarmState;
  /** Cell since which a sensor's finding is told; `undefined` when none is. */
  readonly sensorSince: number | undefined;
  readonly quietUntil: number;
  /** Left out: nothing yet. */
  readonly catchAll?: CatchAllState;
  readonly drift?: DriftWatchState;
}

/** Parts that are unusual together. */
export interface Together {
  /** Places in the plan, those that have most to do with it first. */
  readonly parts: readonly number[];
  /** Cell in which it began, and share of what is usual at most. */
  readonly since: number;
  readonly share: number;
}

/** A watch that goes on. */
export interface Watch {
  /** Takes a row in, with the findings of its cell; says what changed for the owner. */
  read(row: OperatingRow, findings?: readonly Finding[]): AlarmChange;
  /** Above 1: alarming. */
  readonly score: number;
  readonly alarm: AlarmState;
  /** Whether the owner sees an alarm. */
  readonly isOn: boolean;
  /** Cell in which a part of the alarm was last judged, calm or not; `undefined`: no part alarms. */
  readonly judgedCell: number | undefined;
  readonly reader: NormalReader;
  /** `undefined`: no part is unusual together with others, or one of them alarms alone. */
  readonly together: Together | undefined;
  /** Parts that change slowly. */
  readonly hints: readonly DriftHint[];
  /** The machine was cleaned or mended: slow change is counted anew. */
  serviced(): void;
  /** Up to two names for what departs most: a told sensor first, then parts, best first. */
  named(): string[];
  state(): WatchState;
}

/** A sensor's finding, and parts together, count for at most this score. */
const OTHER_SCORE_MAX = 2;
/** Names of parts that are unusual together begin with this. */
export const TOGETHER = "together.";

/**
 * A device not seen before; nothing is raised before `quietUntil` (a cell), findings excepted.
 *
 * @param known what a local model knows of this machine
 */
export function startWatch(
  model: NormalModel,
  quietUntil: number,
  known?: readonly Float64Array[],
): WatchState {
  const normal = startNormal(model, known);
  return { normal, alarm: NO_ALARM, sensorSince: undefined, quietUntil };
}

/** Goes on from `state`, which stays as it is. */
export function openWatch(model: NormalModel, state: WatchState): Watch {
  const reader = readNormal(model, state.normal, { newUntil: state.quietUntil });
  let { alarm, sensorSince } = state;
  let sensors: readonly Finding[] = [];
  let score = 0;
  let lastCell = state.normal.cell;
  const modes = model.catchAll ?? [];
  const all = openCatchAll(modes, state.catchAll ?? startCatchAll(modes), reader, model.factor);
  const drift = openDrift(model, state.drift ?? startDrift(model), state.quietUntil);
  const isOn = () =>
    alarm.raisedAt !== undefined || sensorSince !== undefined || all.raisedAt !== undefined;

  const isMachineAtFault = () =>
    alarm.raisedAt !== undefined &&
    alarm.parts.some((part) => model.plan.parts[part]?.house === false);
  /** The alarm of the machine's parts; most cells have nothing to say about it. */
  const judge = (cell: number): AlarmChange => {
    const isIdle = alarm.raisedAt === undefined && alarm.aboveSince === undefined;
    if (isIdle && reader.score <= 1) return undefined;
    const { evidence, evidenceCell } = reader.live;
    const step = stepAlarm(alarm, {
      cell,
      score: reader.score,
      shares: reader.shares,
      fastShares: reader.fastShares,
      evidence,
      evidenceCell,
      factor: model.factor,
      quietUntil: state.quietUntil,
    });
    if (step.change === "resolved")
      for (let part = 0; part < model.parts.length; part++) restartSlow(reader.live.sums, part);
    alarm = step.state;
    return step.change;
  };

  return {
    read(row, findings = []) {
      const wasOn = isOn();
      const isNewDay = Math.floor(row.cell / CELLS_PER_DAY) > Math.floor(lastCell / CELLS_PER_DAY);
      if (isNewDay && alarm.raisedAt === undefined) drift.endDay(reader.live, lastCell);
      lastCell = row.cell;
      reader.read(row);
      const change = judge(row.cell);
      if (change === "resolved") drift.serviced();
      if (isMachineAtFault()) reader.distrust();
      // What an alarm has told is neither told again as something together nor as something slow.
      if (alarm.raisedAt !== undefined || change === "resolved") all.forget(row.cell);
      else all.read(row, row.cell < state.quietUntil);
      sensors = findings.length === 0 ? findings : findings.filter(({ kind }) => TOLD.has(kind));
      let age = 0;
      for (const { since } of sensors) age = Math.max(age, row.cell - since);
      sensorSince = age >= TELL_CELLS ? (sensorSince ?? row.cell) : undefined;
      const other = Math.max(age / TELL_CELLS, all.raisedAt === undefined ? 0 : all.share);
      score = Math.max(reader.score, Math.min(OTHER_SCORE_MAX, other));
      if (wasOn === isOn()) return undefined;
      return wasOn ? "resolved" : (change ?? "raised");
    },
    get score() {
      return score;
    },
    get alarm() {
      return alarm;
    },
    get isOn() {
      return isOn();
    },
    get judgedCell() {
      if (alarm.raisedAt === undefined) return undefined;
      const { evidenceCell } = reader.live;
      return alarm.parts.reduce(
        (last, part) => Math.max(last, evidenceCell[part] || 0),
        alarm.raisedAt,
      );
    },
    reader,
    get together() {
      if (all.raisedAt === undefined || alarm.raisedAt !== undefined) return undefined;
      return { parts: all.strongest(), since: all.since ?? all.raisedAt, share: all.share };
    },
    get hints() {
      return drift.hints;
    },
    serviced: () => drift.serviced(),
    named() {
      const told = sensors.map(({ channel }) => `sensor.${channelAt(channel).id}`);
      const idsOf = (places: readonly number[]) =>
        places.flatMap((part) => model.plan.parts[part]?.id ?? []);
      const together = alarm.raisedAt === undefined && all.raisedAt !== undefined;
      const parts = together
        ? idsOf(all.strongest()).map((id) => `${TOGETHER}${id}`)
        : idsOf(strongest(reader.shares));
      return [...(sensorSince === undefined ? [] : told), ...parts].slice(0, 2);
    },
    state: () => ({
      ...{ normal: reader.state(), alarm, sensorSince, quietUntil: state.quietUntil },
      ...{ catchAll: all.state(), drift: drift.state() },
    }),
  };
}

/** Places of the two largest shares above 0, the larger first. */
function strongest(shares: Float64Array): number[] {
  let first = -1;
  let second = -1;
  for (let part = 0; part < shares.length; part++) {
    const share = shares[part] ?? 0;
    if (first < 0 || share > (shares[first] ?? 0)) [first, second] = [part, first];
    else if (second < 0 || share > (shares[second] ?? 0)) second = part;
  }
  return [first, second].filter((part) => part >= 0 && (shares[part] ?? 0) > 0);
}
