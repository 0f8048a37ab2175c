/** Files with a heat pump's columns → cells. A `label` column is never read. */
import { findChannel } from "#core/anomaly/channel.js";
import { type CellGrid, gridPolls } from "#core/anomaly/grid.js";
import { MODES } from "#core/anomaly/operating-row.js";
import { HeatpoolError } from "#core/errors.js";
import { type CsvTable, numbersOf, readCsv, textsOf, toMs } from "./csv-table.js";

/** Which column is which channel; others are not looked at. */
export const COLUMNS: Readonly<Record<string, string>> = {
  temp_outdoor: "outdoor",
  temp_flow: "flow",
  temp_return: "return",
  temp_hot_water: "tank",
  power_current: "power",
  cop_current: "cop",
  pressure_high: "high",
  pressure_low: "low",
  fan_speed: "fan",
  compressor_frequency: "frequency",
  compressor_rating: "rating",
  pump_speed: "pump",
  flow_rate: "flowRate",
  temp_discharge: "discharge",
  temp_suction: "suction",
  temp_liquid_line: "liquid",
  temp_condenser_out: "condenserOut",
  temp_evaporator: "evaporator",
  superheat: "superheat",
  power_thermal: "thermal",
};

/** The files' codes of modes, in the order of 0, 1, 2, … */
const MODE_CODES = ["off", "heating", "hot_water", "defrost", "cooling"] as const;
const UNKNOWN = MODES.indexOf("unknown");

/** Reads a file; `keep` limits which channels are taken. */
export function readHeatPump(path: string, keep: (channel: string) => boolean): CellGrid {
  const table = readCsv(path);
  const time = table.columns.includes("timestamp") ? "timestamp" : undefined;
  if (time === undefined)
    throw new HeatpoolError("INVALID_ARGUMENT", `${path}: no column timestamp`);
  const known = Object.entries(COLUMNS).filter(
    ([column, channel]) => table.columns.includes(column) && keep(channel),
  );
  return gridPolls({
    atMs: Float64Array.from(textsOf(table, time), toMs),
    channels: known.map(([, channel]) => findChannel(channel) ?? 0),
    columns: known.map(([column]) => numbersOf(table, column)),
    ...(table.columns.includes("mode") && { modes: modesOf(table) }),
  });
}

function modesOf(table: CsvTable): Uint8Array {
  return Uint8Array.from(textsOf(table, "mode"), (text) => {
    const name = MODE_CODES[Number(text)] ?? text;
    const index = text === "" ? -1 : MODES.findIndex((mode) => mode === name);
    return index < 0 ? UNKNOWN : index;
  });
}
