/** How much an alarm of one device matters, cell by cell. */
import type { Severity } from "#core/anomaly/alarm.js";
import type { NormalModel } from "#core/anomaly/normal-model.js";
import { LAST_NUMBERS } from "#core/anomaly/normal-state.js";
import { MODES } from "#core/anomaly/operating-row.js";
import { NOT_SEVERE, type SeverityState, stepSeverity } from "#core/anomaly/severity.js";
import type { Watch } from "#core/anomaly/watch.js";
import type { FinishedCell } from "./cell-maker.js";

/** Judges after the watch has read the cell. */
export interface SeverityWatch {
  judge(cell: FinishedCell, watch: Watch | undefined, model: NormalModel | undefined): Severity;
  memory(): SeverityState;
}

/** Nothing is compared with an expectation below this. */
const POWER_MIN_KW = 0.1;

/** @param from left out: nothing severe so far */
export function createSeverityWatch(from: SeverityState = NOT_SEVERE): SeverityWatch {
  let state = from;
  return {
    judge(cell, watch, model) {
      if (watch === undefined || model === undefined) return "warning";
      const step = stepSeverity(model.plan, state, {
        cell: cell.cell,
        score: watch.reader.score,
        parts: watch.alarm.parts,
        powerRatio: powerRatio(model, watch, cell.mode),
        hasDeviceFault: cell.hasFault,
      });
      state = step.state;
      return step.severity;
    },
    memory: () => state,
  };
}

/** Electric power over what was expected in this mode; NaN: not known. */
function powerRatio(model: NormalModel, watch: Watch, mode: number): number {
  const place = model.plan.parts.findIndex(
    (part) => part.target === "power" && part.mode === MODES[mode],
  );
  if (place < 0) return Number.NaN;
  const { last } = watch.reader.live;
  const expected = last[place * LAST_NUMBERS + 1] ?? Number.NaN;
  const measured = last[place * LAST_NUMBERS] ?? Number.NaN;
  return expected > POWER_MIN_KW ? measured / expected : Number.NaN;
}
