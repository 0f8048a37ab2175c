/** A January without chance: days of two kelvin around air that comes and goes. */
import { DAY_MS, type Weather } from "../../bench/simulated/weather.js";

/** Weather from five days before `startMs` on, 2 °C in the middle unless told. */
export function januaryWeather(startMs: number, days: number, meanC = 1.8): Weather {
  const hours = (of: (hour: number) => number) =>
    Float64Array.from({ length: 24 * (days + 6) }, (_, hour) => of(hour));
  return {
    startMs: startMs - 5 * DAY_MS,
    outdoorC: hours((hour) => meanC + 4 * Math.sin(hour / 19.1) - 2 * Math.cos((hour - 2) / 3.82)),
    humidity: hours((hour) => 0.86 + 0.05 * Math.cos(hour / 3.82)),
    sunWm2: hours((hour) => Math.max(0, -150 * Math.cos(hour / 3.82))),
  };
}
