/**
 * Whether a model works at all, before it takes the place of one that does: three made-up rows for
 * each mode it knows, at, below and above what is usual, have to get finite scores.
 */
import { CHANNELS } from "./channel.js";
import { normalBehaviour } from "./detector.js";
import type { NormalModel } from "./normal-model.js";
import { MODES } from "./operating-row.js";

/** Steps from the usual value, in spreads. */
const SAMPLES = [0, -1, 1];

/** Whether every score of the samples is a number that is not below 0. */
export function passesSelfTest(model: NormalModel): boolean {
  let state = normalBehaviour.start(model);
  let cell = 0;
  // What belongs to whole days is looked at in any mode.
  const modes = model.plan.parts.map(({ mode }) => (mode === "day" ? "heating" : mode));
  for (const mode of new Set(modes)) {
    for (const step of SAMPLES) {
      const values = Float64Array.from(CHANNELS, ({ centre, spread }) => centre + step * spread);
      const row = { cell, mode: MODES.indexOf(mode), steady: true, values, at: 0 };
      const scored = normalBehaviour.score(model, state, row);
      if (!(Number.isFinite(scored.score) && scored.score >= 0)) return false;
      state = scored.state;
      cell += 1;
    }
  }
  return cell > 0;
}
