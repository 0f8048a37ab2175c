/**
 * Whole folders of simulated machines in the form of the public `hp-sim-dev`: healthy machines to
 * learn from, others with faults, and a manifest. Everything the form leaves free can be chosen:
 * machines, months, order and size of faults, columns and their order, gaps, gzip or plain.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { simulateHeatPump } from "../heat-pump-simulator.js";
import { createDraws, type Draws } from "./chance.js";
import { FAULT_DAYS, FAULTS, type FaultEvent } from "./faults.js";
import { type SimulatedTable, tableToCsv } from "./record.js";
import { COLUMNS, type Column } from "./sensors.js";
import { DAY_MS, HOUR_MS, type Weather } from "./weather.js";

/** What a folder is like. */
export interface FolderForm {
  readonly seed: number;
  readonly train: { readonly machines: number; readonly from: string; readonly days: number };
  readonly test: { readonly machines: number; readonly from: string; readonly days: number };
  readonly weather?: Weather;
  /** Lowest and highest severity. */
  readonly severity?: readonly [number, number];
  readonly stepSeconds?: number;
  readonly isPlain?: boolean;
  /** Columns from last to first, and one that nobody knows. */
  readonly isReordered?: boolean;
  readonly hasMore?: boolean;
  readonly without?: readonly Column[];
  /** Share of the rows that is missing, one by one. */
  readonly gapShare?: number;
}

const SEVERITY: readonly [number, number] = [0.4, 1];
/** A daemon that was just installed raises nothing for a fortnight. */
const FIRST_EVENT_DAY = 17;
/** Days between two faults: long enough for the aftermath and some normal time. */
const PAUSE_DAYS: readonly [number, number] = [9, 18];
/** Test machines are others than those learnt from. */
const TEST_SEEDS = 500;

/** Writes the folder `hp-sim-dev` below `data`. */
export function writeDataFolder(data: string, form: FolderForm): void {
  const folder = `${data}/hp-sim-dev`;
  mkdirSync(folder, { recursive: true });
  const { train, test, seed, stepSeconds = 300 } = form;
  const ending = form.isPlain === true ? "csv" : "csv.gz";
  const simulate = (machine: number, from: string, days: number, faults: FaultEvent[]) =>
    simulateHeatPump({
      seed: seed * 1_000 + machine,
      startMs: Date.parse(from),
      days,
      stepSeconds,
      faults,
      ...(form.weather !== undefined && { weather: form.weather }),
    });
  const write = (name: string, table: SimulatedTable, isLabelled: boolean) => {
    const text = csvOf(table, form, isLabelled, createDraws(seed, 21));
    writeFileSync(`${folder}/${name}`, form.isPlain === true ? text : gzipSync(text));
    return name;
  };
  const each = <T>(count: number, make: (index: number) => T) =>
    Array.from({ length: count }, (_, index) => make(index));
  const manifest = {
    columns: [...columnsOf(form), "label"],
    mode: { 0: "off", 1: "heating", 2: "hot_water", 3: "defrost" },
    step_minutes: stepSeconds / 60,
    train: each(train.machines, (index) =>
      write(`train-${index + 1}.${ending}`, simulate(index, train.from, train.days, []), false),
    ),
    test: each(test.machines, (index) => {
      const faults = scheduleFaults(form, createDraws(seed, 30 + index));
      const table = simulate(TEST_SEEDS + index, test.from, test.days, faults);
      return {
        file: write(`test-${index + 1}.${ending}`, table, true),
        events: faults.map(eventOf),
      };
    }),
  };
  writeFileSync(`${folder}/manifest.json`, JSON.stringify(manifest, undefined, 1));
}

/** Faults in an order of chance, one after another, as many as the days hold. */
function scheduleFaults({ test, severity = SEVERITY }: FolderForm, draws: Draws): FaultEvent[] {
  const left = [...FAULTS];
  const faults: FaultEvent[] = [];
  const endMs = Date.parse(test.from) + test.days * DAY_MS;
  let atMs = Date.parse(test.from) + FIRST_EVENT_DAY * DAY_MS;
  while (left.length > 0) {
    const [fault = "undercharge"] = left.splice(Math.floor(draws.uniform() * left.length), 1);
    const event = {
      fault,
      severity: Math.round(100 * draws.between(...severity)) / 100,
      startMs: atMs,
      endMs: atMs + FAULT_DAYS[fault].days * DAY_MS,
    };
    if (event.endMs + 2 * DAY_MS > endMs) continue;
    faults.push(event);
    atMs = event.endMs + Math.round(draws.between(...PAUSE_DAYS) * 24) * HOUR_MS;
  }
  return faults;
}

function eventOf({ fault, severity, startMs, endMs }: FaultEvent) {
  return { fault, severity, start: timeOf(startMs), end: timeOf(endMs) };
}

const timeOf = (atMs: number) =>
  new Date(atMs).toISOString().replace("T", " ").replace(".000Z", "+00:00");

function columnsOf({ without = [], isReordered, hasMore }: FolderForm): string[] {
  const kept: string[] = COLUMNS.filter((column) => !without.includes(column));
  if (hasMore === true) kept.splice(3, 0, "room_co2_ppm");
  return isReordered === true ? kept.reverse() : kept;
}

function csvOf(table: SimulatedTable, form: FolderForm, isLabelled: boolean, draws: Draws): string {
  const names = ["timestamp", ...columnsOf(form), ...(isLabelled ? ["label"] : [])];
  const lines: string[] = [];
  let header: readonly string[] | undefined;
  for (const line of tableToCsv(table)) {
    const cells = line.trimEnd().split(",");
    if (header === undefined) {
      header = cells;
      lines.push(names.join(","));
    } else if (draws.uniform() >= (form.gapShare ?? 0)) {
      const from = header;
      lines.push(names.map((name) => cells[from.indexOf(name)] ?? "400").join(","));
    }
  }
  return `${lines.join("\n")}\n`;
}
