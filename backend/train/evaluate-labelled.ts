/**
 * Tries a model on recordings with known faults: what really happened in them, and how often their
 * normal time would have been disturbed.
 */
import { CELLS_PER_DAY, CELLS_PER_HOUR } from "#core/anomaly/channel.js";
import type { NormalModel } from "#core/anomaly/normal-model.js";
import { canShow, isRightPart } from "#core/anomaly/right-parts.js";
import { type Figures, figuresOf, noTally } from "./evaluate.js";
import { cleanRows } from "./fit-month.js";
import type { LabelledEvent, LabelledMachine } from "./labelled-sets.js";
import { QUIET_DAYS, watchRows } from "./watch-rows.js";

/** An alarm this long after an event still finds it; so long after, time is not yet normal. */
const LATE_CELLS = 6 * CELLS_PER_HOUR;
const AFTERMATH_CELLS = 36 * CELLS_PER_HOUR;

/** Figures of a model on all of them; its share of time in alarm is not counted here. */
export function judgeLabelled(model: NormalModel, machines: readonly LabelledMachine[]): Figures {
  const tally = noTally();
  for (const { grid, events } of machines) {
    const { rows, findings } = cleanRows(grid);
    const { episodes } = watchRows(model, rows, findings);
    const isNormal = (cell: number) =>
      !events.some(({ start, end }) => cell >= start && cell < end + AFTERMATH_CELLS);
    const from = grid.firstCell + QUIET_DAYS * CELLS_PER_DAY;
    for (let cell = from; cell < grid.firstCell + grid.length; cell++)
      if (isNormal(cell)) tally.rows++;
    tally.alarms += episodes.filter(({ cell }) => isNormal(cell)).length;
    for (const event of events.filter((one) => isVisible(one, model))) {
      tally.events++;
      const hit = episodes.find(({ cell }) => cell >= event.start && cell < event.end + LATE_CELLS);
      if (hit === undefined) continue;
      tally.found++;
      if (isRightPart(event.fault, hit.named)) tally.named++;
    }
  }
  return figuresOf(tally);
}

function isVisible({ fault }: LabelledEvent, { plan }: NormalModel): boolean {
  return canShow(fault, plan.parts);
}
