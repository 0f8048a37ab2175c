/**
 * A simulated air-to-water heat pump with its house, for tests, demo and drills: 1-minute states of
 * refrigerant circuit, frost, water side, house, tank and controller, driven by a real or synthetic
 * weather. Faults act on physical quantities, so all sensors react together; what happens in a
 * house without anything being wrong is there too. The same arguments give the same numbers.
 *
 * It proves nothing by itself: its physics is approximate and was fitted to other simulated
 * figures. Detectors are judged on data that they and it were not made with.
 */
import { createDraws } from "./simulated/chance.js";
import { control, createController } from "./simulated/controller.js";
import { disturb } from "./simulated/disturbances.js";
import { drawnInMinute } from "./simulated/draw-off.js";
import { effectsAt, FAULTS, type FaultEvent } from "./simulated/faults.js";
import { type HappeningEvent, livingAt } from "./simulated/happenings.js";
import { createPlant, drawHotWater, stepPlant } from "./simulated/plant.js";
import { createTable, type SimulatedTable } from "./simulated/record.js";
import { COLUMNS, readSensors } from "./simulated/sensors.js";
import { drawHouse, drawMachine, type House, type Machine } from "./simulated/site.js";
import {
  DAY_MS,
  readWeather,
  syntheticWeather,
  type Weather,
  type WeatherNow,
} from "./simulated/weather.js";

/** What is simulated. */
export interface SimulationOptions {
  /** Of house, machine, sensors and people, where they have none of their own. */
  readonly seed: number;
  readonly startMs: number;
  readonly days: number;
  /** Between two records; 60 or a multiple. */
  readonly stepSeconds?: number;
  /** A synthetic one by the seed where none is given. */
  readonly weather?: Weather;
  readonly house?: House;
  readonly machine?: Machine;
  readonly faults?: readonly FaultEvent[];
  readonly happenings?: readonly HappeningEvent[];
}

/** Seconds of one step of the physics. */
const STEP_SECONDS = 10;
const STEPS_PER_MINUTE = 60 / STEP_SECONDS;
const MINUTE_MS = 60_000;
/** A plant finds its balance before the first record. */
const SETTLING_DAYS = 2;

/** Simulates one installation. */
export function simulateHeatPump(options: SimulationOptions): SimulatedTable {
  const { seed, startMs, days, stepSeconds = 300, faults = [], happenings = [] } = options;
  const fromMs = startMs - SETTLING_DAYS * DAY_MS;
  const weather =
    options.weather ?? syntheticWeather({ seed, startMs: fromMs, days: days + SETTLING_DAYS });
  const installation = install(options, weather, fromMs);
  const stride = stepSeconds / 60;
  const table = createTable(Math.floor((days * DAY_MS) / (stepSeconds * 1_000)));
  const minutes = (table.length - 1) * stride;
  for (let minute = -SETTLING_DAYS * 1_440; minute <= minutes; minute++) {
    const atMs = startMs + minute * MINUTE_MS;
    const reading = installation.minute(atMs);
    if (minute < 0 || minute % stride !== 0) continue;
    const row = minute / stride;
    table.timesMs[row] = atMs;
    const fault = faults.find((event) => atMs >= event.startMs && atMs < event.endMs)?.fault;
    table.faults[row] = fault === undefined ? -1 : FAULTS.indexOf(fault);
    const values = reading();
    for (const column of COLUMNS) table.columns[column][row] = values[column];
  }
  return disturb(table, happenings, seed);
}

/** Puts a machine into a house. `minute` lives one minute and says how to read its end. */
function install(options: SimulationOptions, weather: Weather, fromMs: number) {
  const { seed, faults = [], happenings = [] } = options;
  const house = options.house ?? drawHouse(seed);
  const machine = options.machine ?? drawMachine(seed);
  const now: WeatherNow = { outdoorC: 0, humidity: 0, sunWm2: 0 };
  readWeather(weather, fromMs, now);
  const site = { house, machine };
  const plant = createPlant(house, now.outdoorC);
  const controller = createController(now.outdoorC);
  const people = createDraws(seed, 4);
  const sensors = { draws: createDraws(seed, 5), stuckReturnC: undefined };
  let isFree = false;
  return {
    minute(atMs: number) {
      readWeather(weather, atMs, now);
      const effects = effectsAt(faults, atMs);
      const living = livingAt(happenings, atMs);
      if (isLegionellaNight(house, atMs)) living.isLegionella = true;
      now.outdoorC += living.outdoorK;
      drawHotWater(plant, house, drawnInMinute(house, living, people, atMs));
      const around = { weather: now, faults: effects, living };
      const seen = { outdoorC: now.outdoorC + effects.outdoorK, faults: effects, living, isFree };
      for (let step = 0; step < STEPS_PER_MINUTE; step++) {
        control(controller, plant, house, seen, STEP_SECONDS);
        seen.isFree = stepPlant(plant, site, controller, around, STEP_SECONDS);
      }
      isFree = seen.isFree;
      const from = { plant, controller, machine, faults: effects, outdoorC: now.outdoorC };
      return () => readSensors(sensors, from);
    },
  };
}

/** Two hours of one night a week. */
function isLegionellaNight(house: House, atMs: number): boolean {
  const hour = (atMs % DAY_MS) / 3_600_000;
  const weekday = (Math.floor(atMs / DAY_MS) + 4) % 7;
  return weekday === house.legionellaWeekday && hour >= 1 && hour < 3;
}
