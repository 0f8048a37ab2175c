/** What the table does not say about Thermia Genesis, and what a person decided. */
import { join } from "node:path";
import { readCsv, type TableRow } from "./csv-register-table.js";
import type { Family } from "./family-lines.js";
import { frameOf, type Model } from "./import-thermia-frame.js";
import { UNITS } from "./import-thermia-units.js";
import { slug } from "./profile-line.js";

const LABELS: Readonly<Record<string, string>> = Object.fromEntries(
  readCsv(join(import.meta.dirname, "csv-thermia-labels.csv")).map(({ key = "", de = "" }) => [
    key,
    de,
  ]),
);

/** Row → `id = metric #priority`; empty: no metric. */
const METRICS: Readonly<Record<string, string>> = {
  i1: "= operating_mode",
  i5: "compressor_speed_rpm = compressor_frequency #1",
  i7: "= temp_hot_gas",
  i8: "= temp_return",
  i9: "temp_condenser_out = temp_flow #2",
  i10: "= temp_source_in",
  i11: "= temp_source_out",
  i12: "= temp_flow",
  i13: "= temp_outdoor",
  i15: "= temp_hot_water",
  i16: "= temp_hot_water_bottom",
  i17: "temp_hot_water_weighted = temp_hot_water #2",
  i18: "= temp_flow_target",
  i39: "= pump_charge",
  i40: "= temp_flow_circuit_a",
  i41: "= temp_heat_storage",
  i43: "= mixer_circuit_a",
  i44: "= pump_source",
  i45: "= temp_hgl_flow",
  i48: "= hours_compressor",
  i54: "= compressor_speed_percent",
  i68: "= temp_heat_storage_target",
  i87: "= mixer_circuit_b",
  i88: "= mixer_circuit_c",
  i89: "= mixer_circuit_d",
  i90: "= mixer_circuit_e",
  i99: "= temp_flow_circuit_b",
  i100: "= temp_flow_circuit_c",
  i101: "= temp_flow_circuit_d",
  i103: "= temp_cooling_return",
  i104: "= temp_cold_storage",
  i106: "= temp_cooling_flow",
  i107: "= temp_flow_circuit_e",
  i109: "= temp_return_circuit_b",
  i111: "= temp_return_circuit_c",
  i113: "= temp_return_circuit_d",
  i115: "= temp_return_circuit_e",
  i121: "= temp_room",
  i122: "= temp_condensing",
  i124: "= temp_evaporating",
  i125: "= superheat",
  i126: "= subcooling",
  i127: "= pressure_low",
  i128: "= pressure_high",
  i129: "= temp_liquid_line",
  i130: "= temp_suction_gas",
  i147: "= temp_flow_target_circuit_a",
  i148: "= temp_flow_target_circuit_b",
  i149: "= temp_flow_target_circuit_c",
  i150: "= temp_flow_target_circuit_d",
  i151: "= temp_flow_target_circuit_e",
  h0: "= system_mode",
  h22: "= temp_hot_water_on",
  h23: "= temp_hot_water_off",
  d0: "alarm_class_a = fault #1",
  d1: "alarm_class_b = fault #2",
  d66: "= fault_active",
  d199: "= compressor_state",
  d209: "= pump_circuit_a",
  d221: "= second_generator_active",
  d222: "= resistive_heater_active",
};

/** Comments above lines. */
const COMMENTS: Readonly<Record<string, string>> = {
  i1: "Operation",
  i5: "rpm by the manufacturer: 1/60 makes turns per second of it, the catalogue's Hz.",
  i119: "Scale disputed: 1 in the library, 0.01 in the manufacturer's list. Raw.",
  i127: "bar(g) by the manufacturer's list; the library's own integration shows °C.",
  h0: "Settings",
  h116: "Refused unless coil 41 is on; its printed number, from 1, is 42.",
  c3: "An order to the device.",
  d0: "Alarms: class A stops the machine. Each is a discrete input of its own.",
  d199: "States of pumps, valves and heaters",
};

const CIRCUITS = ["a", "b", "c", "d", "e"];

const bare = (row: TableRow): string => row.nameEn.replace(/ \[.*/, "");
const keyOf = (row: TableRow): string => `${row.table.charAt(0)}${row.address}`;

/** `mix valve 2 position` → `mix valve # position` and 2. */
function pattern(name: string): { readonly key: string; readonly numbers: readonly string[] } {
  const numbers = name.match(/\b\d+\b/g) ?? [];
  return { key: name.replace(/\b\d+\b/g, "#"), numbers };
}

function german(row: TableRow): string {
  const { key, numbers } = pattern(bare(row));
  const left = [...numbers];
  const text = LABELS[key];
  if (text === undefined) throw new Error(`no German for ${key}`);
  return text.replaceAll("#", () => left.shift() ?? "#");
}

function english(row: TableRow): string {
  const text = bare(row).replace(/\b(twc|wcs|hgw|l[123])\b/g, (word) => word.toUpperCase());
  return text.charAt(0).toUpperCase() + text.slice(1).replace(" kwh ", " kWh ");
}

/** The circuit of mixing valve 2 to 5; the first is always there. */
function circuitOf(row: TableRow): string | undefined {
  const number = Number(/mix(?:ing)? valve (\d)/.exec(bare(row))?.[1] ?? 1);
  return number === 1 ? undefined : CIRCUITS[number - 1];
}

function moreOf(row: TableRow): readonly string[] {
  const at = keyOf(row);
  const unit = UNITS[pattern(bare(row)).key];
  const hasUnit = unit ?? row.unit;
  const circuit = circuitOf(row);
  const isTemperature = hasUnit === "°C" || hasUnit === "K";
  const conditions = [
    circuit === undefined ? undefined : `parameter: { circuit: [${circuit}] }`,
    at === "h116"
      ? "register: { enable_fixed_system_supply_set_point: { oneOf: [1] } }"
      : undefined,
  ].filter((one) => one !== undefined);
  const isSwitch = row.table === "coil" || row.table === "discrete";
  const isQuiet = METRICS[at] === undefined && (isSwitch || /coordinate|version/.test(row.nameEn));
  return [
    isSwitch ? "encoding: bool" : undefined,
    at === "i5" ? "scale: 1/60; unit: Hz" : undefined,
    at === "i119" || at === "i120" ? "unit: -; min: -; confidence: disputed" : undefined,
    at === "i5" || at === "i119" || at === "i120" || unit === undefined
      ? undefined
      : `unit: ${unit}`,
    isTemperature && row.scale !== 1 ? "absent: [32767, 20000]" : undefined,
    isTemperature && METRICS[at] === undefined && row.scale !== 1
      ? "min: -60, max: 200"
      : undefined,
    at === "c3" ? "write: command" : undefined,
    isQuiet || /hours|kwh/.test(row.nameEn) ? "group: slow" : undefined,
    conditions.length === 0 ? undefined : `when: { ${conditions.join(", ")} }`,
  ].filter((one) => one !== undefined);
}

function decisionOf(row: TableRow): string {
  const at = keyOf(row);
  const comment = COMMENTS[at] === undefined ? "" : `# ${COMMENTS[at]}\n`;
  const short = bare(row).replace("to start when cooling is active for", "when cooling with");
  const name = METRICS[at] ?? slug(short, 62);
  return `${comment}${at} | ${name} | ${german(row)} | ${english(row)} | ${moreOf(row).join("; ")}`;
}

/** Whether the model has the register. Coil 41 opens holding 116, which both have. */
export function hasRow(row: TableRow, model: Model): boolean {
  const models = /\[(.*)\]/.exec(row.nameEn)?.[1]?.split(",") ?? [];
  return models.includes(model) || (row.table === "coil" && row.address === 41);
}

function decisionsOf(rows: readonly TableRow[]): string {
  return ["input", "discrete", "holding", "coil"]
    .flatMap((table) => rows.filter((row) => row.table === table))
    .map(decisionOf)
    .join("\n");
}

function genesis(model: Model): Family {
  return {
    profile: `thermia/genesis-${model}`,
    tables: { "": "thermia/genesis.csv" },
    has: (row) => hasRow(row, model),
    sources: [["th", "CJNE/"]],
    defaults: { space: "input", encoding: "int16" },
    texts: {
      manual: "Handbetrieb",
      defrost: "Abtauung",
      "hot water": "Warmwasser",
      heat: "Heizen",
      cool: "Kühlen",
      pool: "Pool",
      "anti legionella": "Legionellenschutz",
      standby: "Bereitschaft",
      "no demand": "keine Anforderung",
    },
    language: "en",
    ...frameOf(model),
    decisions: (rows) => decisionsOf([...rows.values()]),
  };
}

export const GENESIS_INVERTER = genesis("inverter");
export const GENESIS_MEGA = genesis("mega");
