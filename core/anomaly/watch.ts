/**
 * Watches one device with one model: rows in, scores and alarms out. What a daemon does cell by
 * cell and a bench for months is this one function.
 */
import { type AlarmChange, type AlarmState, NO_ALARM, stepAlarm } from "./alarm.js";
import { restartSlow } from "./monitors.js";
import {
  type NormalReader,
  type NormalState,
  readNormal,
  startNormal,
} from "./normal-behaviour.js";
import type { NormalModel } from "./normal-model.js";
import type { OperatingRow } from "./operating-row.js";

/** State of the watch over a device. */
export interface WatchState {
  readonly normal: NormalState;
  readonly alarm: AlarmState;
  readonly quietUntil: number;
}

/** A watch that goes on. */
export interface Watch {
  /** Takes a row in; says what changed for the owner. */
  read(row: OperatingRow): AlarmChange;
  readonly score: number;
  readonly alarm: AlarmState;
  readonly reader: NormalReader;
  /** Ids of the two strongest parts of this moment, best first. */
  named(): string[];
  state(): WatchState;
}

/** A device not seen before; nothing is raised before `quietUntil` (a cell). */
export function startWatch(
  model: NormalModel,
  quietUntil: number,
  known?: readonly Float64Array[],
): WatchState {
  return { normal: startNormal(model, known), alarm: NO_ALARM, quietUntil };
}

/** Goes on from `state`, which stays as it is. */
export function openWatch(model: NormalModel, state: WatchState): Watch {
  const reader = readNormal(model, state.normal, { newUntil: state.quietUntil });
  let { alarm } = state;
  return {
    read(row) {
      reader.read(row);
      const { evidence, evidenceCell } = reader.live;
      const step = stepAlarm(alarm, {
        cell: row.cell,
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
    },
    get score() {
      return reader.score;
    },
    get alarm() {
      return alarm;
    },
    reader,
    named: () => strongest(reader.shares, 2).flatMap((part) => model.plan.parts[part]?.id ?? []),
    state: () => ({ normal: reader.state(), alarm, quietUntil: state.quietUntil }),
  };
}

function strongest(shares: Float64Array, count: number): number[] {
  const order = Array.from(shares.keys()).sort((a, b) => (shares[b] ?? 0) - (shares[a] ?? 0));
  return order.slice(0, count).filter((part) => (shares[part] ?? 0) > 0);
}
