/**
 * Weather that drives the simulated house: hours of a real record, or a synthetic year of a
 * temperate climate. Both are hourly and read in between by straight lines.
 */
import { createDraws } from "./chance.js";

/** Hours one after another. */
export interface Weather {
  readonly startMs: number;
  readonly outdoorC: Float64Array;
  /** 0 to 1. */
  readonly humidity: Float64Array;
  /** On a level surface, W/m². */
  readonly sunWm2: Float64Array;
}

/** The weather of one instant. */
export interface WeatherNow {
  outdoorC: number;
  humidity: number;
  sunWm2: number;
}

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365.25 * DAY_MS;

/** Mean of the year and half the difference of July and January, °C. */
const YEAR_MEAN_C = 9.5;
const YEAR_SWING_K = 10;
/** How long warm and cold air stays, and how far from the season's mean it strays. */
const AIR_HOURS = 60;
const AIR_DEVIATION_K = 4;

/** Fills `into` with the weather at `atMs`; before the first and after the last hour that hour's. */
export function readWeather(weather: Weather, atMs: number, into: WeatherNow): void {
  const last = weather.outdoorC.length - 1;
  const hours = Math.min(last, Math.max(0, (atMs - weather.startMs) / HOUR_MS));
  const from = Math.floor(hours);
  const to = Math.min(last, from + 1);
  const part = hours - from;
  into.outdoorC = mix(weather.outdoorC, from, to, part);
  into.humidity = mix(weather.humidity, from, to, part);
  into.sunWm2 = mix(weather.sunWm2, from, to, part);
}

function mix(values: Float64Array, from: number, to: number, part: number): number {
  return (values[from] ?? 0) * (1 - part) + (values[to] ?? 0) * part;
}

/** A year like others: seasons, days, spells of warm and cold air, clouds. */
export function syntheticWeather(of: { seed: number; startMs: number; days: number }): Weather {
  const draws = createDraws(of.seed, 1);
  const hours = Math.ceil(of.days * 24) + 2;
  const weather: Weather = {
    startMs: of.startMs,
    outdoorC: new Float64Array(hours),
    humidity: new Float64Array(hours),
    sunWm2: new Float64Array(hours),
  };
  const kept = Math.exp(-1 / AIR_HOURS);
  const fresh = AIR_DEVIATION_K * Math.sqrt(1 - kept * kept);
  let air = AIR_DEVIATION_K * draws.gauss();
  let cloud = 0.5;
  for (let hour = 0; hour < hours; hour++) {
    air = kept * air + fresh * draws.gauss();
    cloud = Math.min(1, Math.max(0.05, 0.5 + 0.95 * (cloud - 0.5) + 0.1 * draws.gauss()));
    const atMs = of.startMs + hour * HOUR_MS;
    // 21 January is the coldest day on average, 20 days after the year began.
    const season = Math.cos((2 * Math.PI * ((atMs - 20 * DAY_MS) % YEAR_MS)) / YEAR_MS);
    const clock = (2 * Math.PI * ((atMs % DAY_MS) / HOUR_MS - 14)) / 24;
    const day = (1.2 + 3.2 * (1 - cloud)) * (1 - 0.35 * season) * Math.cos(clock);
    weather.outdoorC[hour] = YEAR_MEAN_C - YEAR_SWING_K * season + air + day;
    weather.humidity[hour] = Math.min(
      1,
      Math.max(0.35, 0.76 + 0.08 * season + 0.12 * cloud - day / 25),
    );
    weather.sunWm2[hour] = (1 - 0.8 * cloud) * sunAt(atMs, season);
  }
  return weather;
}

/** Clear sky at 52° north, roughly: height of the sun's arc by season, day's length with it. */
function sunAt(atMs: number, season: number): number {
  const clock = (2 * Math.PI * ((atMs % DAY_MS) / HOUR_MS - 12)) / 24;
  return Math.max(0, 850 * (0.42 * Math.cos(clock) + 0.17 - 0.34 * season * 0.75));
}

/**
 * Hours of a record in the columns `timestamp, temperature_2m` (°C), `relative_humidity_2m` (%),
 * `direct_radiation, diffuse_radiation` (W/m²), as Open-Meteo writes them.
 */
export function parseWeather(csv: string): Weather {
  const lines = csv.trim().split("\n").slice(1);
  const cells = lines.map((line) => line.split(","));
  const column = (at: number) => Float64Array.from(cells, (line) => Number(line[at]));
  const [direct, diffuse] = [column(3), column(4)];
  return {
    startMs: Date.parse(String(cells[0]?.[0]).replace(" ", "T")),
    outdoorC: column(1),
    humidity: column(2).map((percent) => percent / 100),
    sunWm2: direct.map((value, hour) => value + (diffuse[hour] ?? 0)),
  };
}
