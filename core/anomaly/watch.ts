/**
 * Watches one device with one model: rows in, scores and alarms out. What a daemon does cell by
 * cell and a bench for months is this one function.
 *
 * Two kinds of alarm reach the owner the same way: the machine departs from its normal behaviour,
 * or a finding about a sensor lasts.
 */
import { type AlarmChange, type AlarmState, NO_ALARM, stepAlarm } from "./alarm.js";
import { channelAt } from "./channel.js";
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
  readonly reader: NormalReader;
  /** Up to two names for what departs most: a told sensor first, then parts, best first. */
  named(): string[];
  state(): WatchState;
}

/** A sensor's finding counts for at most this score. */
const SENSOR_SCORE_MAX = 2;

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
  const isOn = () => alarm.raisedAt !== undefined || sensorSince !== undefined;

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
      reader.read(row);
      const change = judge(row.cell);
      sensors = findings.filter(({ kind }) => TOLD.has(kind));
      const age = sensors.reduce((most, { since }) => Math.max(most, row.cell - since), 0);
      sensorSince = age >= TELL_CELLS ? (sensorSince ?? row.cell) : undefined;
      score = Math.max(reader.score, Math.min(SENSOR_SCORE_MAX, age / TELL_CELLS));
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
    reader,
    named() {
      const told = sensors.map(({ channel }) => `sensor.${channelAt(channel).id}`);
      const parts = strongest(reader.shares).flatMap((part) => model.plan.parts[part]?.id ?? []);
      return [...(sensorSince === undefined ? [] : told), ...parts].slice(0, 2);
    },
    state: () => ({ normal: reader.state(), alarm, sensorSince, quietUntil: state.quietUntil }),
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
