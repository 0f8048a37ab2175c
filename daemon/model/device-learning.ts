/** A device learns its own model, when there is enough to learn from. */
import { HeatpoolError } from "#core/errors.js";
import { chooseModel } from "./choose-model.js";
import { daysToLearn, LEARN_DAYS_MIN, learnFromRows } from "./local-learning.js";
import type { Scored } from "./scored-device.js";
import type { ScorerParts } from "./scorer-parts.js";

/** Learns from the house's own rows. `isForced`: somebody asked, and is told why it cannot be. */
export async function learnDevice(
  parts: ScorerParts,
  one: Scored,
  signal: AbortSignal,
  isForced: boolean,
): Promise<void> {
  const { device, shelf, watch } = one;
  const { deviceId, heatpumpModel } = device;
  const days = daysToLearn(one.days, shelf.current === undefined);
  const enough = days.length >= (parts.rules?.daysMin ?? LEARN_DAYS_MIN);
  const learnt = enough
    ? await learnFromRows(
        { rows: parts.rows, monotonicMs: () => parts.clock.monotonicMs(), pause: parts.pause },
        { deviceId, heatPumpModel: heatpumpModel, available: watch.available, days },
        signal,
      )
    : undefined;
  if (learnt === undefined) {
    if (!isForced) return;
    throw new HeatpoolError("STATE_INVALID", `${deviceId}: too little to learn from`, {
      hint: `${days.length} days may be learnt; it takes ${LEARN_DAYS_MIN}, with flow, return and outdoor temperature, and power, frequency or rating.`,
    });
  }
  shelf.put(learnt);
  parts.log("info", "model.learnt", { device: deviceId, days: learnt.days });
  chooseModel(parts, one);
}
