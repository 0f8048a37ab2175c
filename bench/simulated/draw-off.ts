/** When people take hot water: mornings and evenings, a little in between. */
import type { Draws } from "./chance.js";
import type { Living } from "./happenings.js";
import type { House } from "./site.js";

/** Central Europe without summer time; people who live by it are an hour earlier. */
const LOCAL_HOURS = 1;
/** A shower, a bath, a sink: kWh of one tap. */
const TAP_KWH = 0.45;

/** kWh taken in this minute. */
export function drawnInMinute(house: House, living: Living, draws: Draws, atMs: number): number {
  const tapsPerDay = (house.drawKwhPerDay * living.drawShare) / TAP_KWH;
  // Both are drawn in any case, so that one life more or less does not change the other's chance.
  const [chance, size] = [draws.uniform(), draws.between(0.3, 1.7)];
  const hour = (atMs / 3_600_000 + LOCAL_HOURS - living.laterHours) % 24;
  return chance < (tapsPerDay * habit(hour, house.morningHour)) / 60 ? TAP_KWH * size : 0;
}

/** Share of a day's taps per hour. */
function habit(hour: number, morningHour: number): number {
  if (Math.abs(hour - morningHour - 0.75) < 0.75) return 0.28;
  if (hour > 12 && hour < 13.5) return 0.06;
  if (hour > 18 && hour < 22) return 0.09;
  return hour > 7 && hour < 23 ? 0.01 : 0.002;
}
