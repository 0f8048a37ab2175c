/**
 * What plain detectors of this kind miss on simulated machines: defrosting that fails in mild
 * weather, and cycling that is only a little too short. Several houses each, counted by itself.
 */
import type { NormalModel } from "#core/anomaly/normal-model.js";
import { simulateHeatPump } from "../heat-pump-simulator.js";
import type { Fault } from "../simulated/faults.js";
import type { SimulatedTable } from "../simulated/record.js";
import { syntheticWeather } from "../simulated/weather.js";
import { episodeStarts, LATE_MS } from "./episodes.js";
import type { Watched } from "./watched.js";

interface WeakSpot {
  readonly fault: Fault;
  readonly severity: number;
  /** On top of the usual weather, K. */
  readonly warmerK: number;
}

const SPOTS: Readonly<Record<string, WeakSpot>> = {
  "failed defrost, mild": { fault: "failed_defrost", severity: 0.6, warmerK: 3 },
  "failed defrost, usual": { fault: "failed_defrost", severity: 0.6, warmerK: 0 },
  "short cycling, weak": { fault: "short_cycling", severity: 0.3, warmerK: 0 },
  "short cycling, usual": { fault: "short_cycling", severity: 0.6, warmerK: 0 },
};
const HOUSES = 5;
const DAYS = 30;
const EVENT_DAY = 20;
const EVENT_DAYS = 4;
const DAY_MS = 86_400_000;
const LEAD_DAYS = 3;

/** Events found per weak spot, as `3 of 5`. */
export function watchWeakSpots(
  model: NormalModel,
  startMs: number,
  watch: (model: NormalModel, table: SimulatedTable) => Watched,
): Record<string, string> {
  const startOfFault = startMs + EVENT_DAY * DAY_MS;
  const endMs = startOfFault + EVENT_DAYS * DAY_MS;
  return Object.fromEntries(
    Object.entries(SPOTS).map(([name, { fault, severity, warmerK }]) => {
      let found = 0;
      for (let house = 0; house < HOUSES; house++) {
        const seed = 500 + house;
        const fromMs = startMs - LEAD_DAYS * DAY_MS;
        const usual = syntheticWeather({ seed, startMs: fromMs, days: DAYS + LEAD_DAYS });
        const weather = { ...usual, outdoorC: usual.outdoorC.map((value) => value + warmerK) };
        const faults = [{ fault, severity, startMs: startOfFault, endMs }];
        const table = simulateHeatPump({ seed, startMs, days: DAYS, weather, faults });
        const watched = watch(model, table);
        const isFound = episodeStarts(watched).some((row) => {
          const atMs = watched.atMs[row] ?? 0;
          return atMs >= startOfFault && atMs < endMs + LATE_MS;
        });
        if (isFound) found++;
      }
      return [name, `${found} of ${HOUSES}`];
    }),
  );
}
