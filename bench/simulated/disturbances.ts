/** What happens to records on their way: holes, wrong clocks, wrong and repeated values. */
import { createDraws } from "./chance.js";
import type { HappeningEvent } from "./happenings.js";
import { cutTable, type SimulatedTable } from "./record.js";
import { COLUMNS } from "./sensors.js";

/** What a controller says for a sensor it could not read, scaled like a temperature. */
const SENTINEL = -3276.8;
/** A restart is over after this long. */
const RESTART_MS = 180_000;
const FIRMWARE_MS = 1_200_000;
/** Share of the records that a sentinel or spike hits while it lasts. */
const HIT_SHARE = 0.02;
/** Temperatures in half degrees after a firmware update. */
const FIRMWARE_PER_KELVIN = 2;

/** The table as it arrives; the one given is not changed. */
export function disturb(
  table: SimulatedTable,
  events: readonly HappeningEvent[],
  seed: number,
): SimulatedTable {
  const draws = createDraws(seed, 6);
  const kept: number[] = [];
  for (let row = 0; row < table.length; row++) {
    if (!events.some((event) => isLost(event, table.timesMs[row] ?? 0))) kept.push(row);
  }
  const arrived = cutTable(table, kept);
  for (const event of events) {
    if (event.happening === "sentinel" || event.happening === "spike") {
      hit(arrived, event, draws.uniform);
    } else if (event.happening === "frozen") freeze(arrived, event);
    else if (event.happening === "firmware") coarsen(arrived, event);
  }
  // Last, because all the others go by the true time.
  for (const event of events) if (event.happening === "clock_jump") shiftClock(arrived, event);
  return arrived;
}

function isLost({ happening, startMs, endMs }: HappeningEvent, atMs: number): boolean {
  if (happening === "gap") return atMs >= startMs && atMs < endMs;
  if (happening === "restart") return atMs >= startMs && atMs < startMs + RESTART_MS;
  if (happening === "firmware") return atMs >= startMs && atMs < startMs + FIRMWARE_MS;
  return false;
}

/** Single values of any channel are wrong: absent sensors, or half as much again. */
function hit(table: SimulatedTable, event: HappeningEvent, uniform: () => number): void {
  const channels = COLUMNS.filter((column) => column !== "mode");
  for (const row of rowsIn(table, event)) {
    if (uniform() >= HIT_SHARE) continue;
    const column = channels[Math.floor(uniform() * channels.length)] ?? "temp_flow";
    const cells = table.columns[column];
    cells[row] = event.happening === "sentinel" ? SENTINEL : (cells[row] ?? 0) * 1.5 + 20;
  }
}

/** A gateway repeats what it knew. */
function freeze(table: SimulatedTable, event: HappeningEvent): void {
  let first: number | undefined;
  for (const row of rowsIn(table, event)) {
    first ??= row;
    for (const column of COLUMNS) {
      table.columns[column][row] = table.columns[column][first] ?? Number.NaN;
    }
  }
}

function coarsen(table: SimulatedTable, event: HappeningEvent): void {
  const temperatures = COLUMNS.filter((column) => column.startsWith("temp_"));
  for (const row of rowsIn(table, event)) {
    for (const column of temperatures) {
      const cells = table.columns[column];
      cells[row] = Math.round((cells[row] ?? 0) * FIRMWARE_PER_KELVIN) / FIRMWARE_PER_KELVIN + 0;
    }
  }
}

/** The recorder's clock is wrong by `size` minutes. */
function shiftClock(table: SimulatedTable, event: HappeningEvent): void {
  for (const row of [...rowsIn(table, event)]) {
    table.timesMs[row] = (table.timesMs[row] ?? 0) + (event.size ?? 60) * 60_000;
  }
}

function* rowsIn(table: SimulatedTable, event: HappeningEvent): Generator<number> {
  for (let row = 0; row < table.length; row++) {
    const atMs = table.timesMs[row] ?? 0;
    if (atMs >= event.startMs && atMs < event.endMs) yield row;
  }
}
