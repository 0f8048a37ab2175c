/** `nibe`: a real exhaust-air heat pump that reports changes only; ten days learnt, ten watched. */
import { CHANNEL_COUNT, type ChannelId, channelIndex, findChannel } from "#core/anomaly/channel.js";
import { planFor } from "#core/anomaly/feature-plan.js";
import { believable, type CellGrid, createGrid, gridChanges } from "#core/anomaly/grid.js";
import { learnLocal } from "#core/anomaly/learn-local.js";
import { MODES, rowAt, sliceRows } from "#core/anomaly/operating-row.js";
import { makeRows } from "#core/anomaly/row-maker.js";
import { type CsvTable, numbersOf, readCsv, textsOf, toMs } from "./csv-table.js";
import { episodeStarts, LATE_MS, MONTH_MS } from "./episodes.js";
import { cpuSeconds, judgeScores, type ScoredRows, type SetFigures } from "./figures.js";
import { COLUMNS } from "./plan-file.js";
import { watchRows } from "./watched.js";

const USED: readonly ChannelId[] = [
  "outdoor",
  "flow",
  "return",
  "tank",
  "frequency",
  "pump",
  "discharge",
  "suction",
  "liquid",
  "condenserOut",
  "evaporator",
];

interface Kind {
  readonly fault: string;
  /** Added while it runs, or always, times severity; neither: the return sensor stands still. */
  readonly running?: Readonly<Partial<Record<ChannelId, number>>>;
  readonly always?: Readonly<Partial<Record<ChannelId, number>>>;
}

const KINDS: readonly Kind[] = [
  { fault: "undercharge", running: { discharge: 9, suction: 5, evaporator: -3, liquid: 1.5 } },
  { fault: "evaporator_fouling", running: { evaporator: -5, suction: -3, discharge: 4 } },
  { fault: "condenser_fouling", running: { liquid: 3, discharge: 5 } },
  { fault: "eev_stuck_open", running: { suction: -7, evaporator: 2, discharge: -9 } },
  { fault: "low_flow", running: { return: -3, liquid: 1.5, discharge: 3 } },
  { fault: "sensor_flow_offset", always: { flow: 2.5 } },
  { fault: "sensor_outdoor_offset", always: { outdoor: 5 } },
  { fault: "sensor_dhw_offset", always: { tank: -7 } },
  { fault: "compressor_degradation", running: { discharge: 6, frequency: 8 } },
  { fault: "sensor_return_stuck" },
];
const SEVERITIES = [0.6, 0.9, 1.2];
const TEST_START = "2025-11-12T00:00:00Z";
const EVENT_CELLS = 576;
const CELL_MS = 300_000;
const WIDTH_MAX = 24;
const SAME_MS = 3 * 3_600_000;
const HEATING = MODES.indexOf("heating");
const HOT_WATER = MODES.indexOf("hot_water");
const RETURN = channelIndex("return");

/** Runs the set. */
export function runNibe(data: string): SetFigures {
  const grid = readNibe(data);
  const rows = makeRows(grid);
  const testCell = Date.parse(TEST_START) / CELL_MS;
  const testRow = rowAt(rows, testCell);
  const startedAt = cpuSeconds();
  const plan = planFor(new Set(USED), { kind: "refrigerant" });
  const { model, known } = learnLocal(plan, sliceRows(rows, 0, testRow));
  const learnSeconds = cpuSeconds() - startedAt;
  const clean = watchRows(model, sliceRows(rows, testRow, rows.length), { known });
  const cleanMs = episodeStarts(clean).map((row) => clean.atMs[row] ?? 0);
  const stretches: ScoredRows[] = [];
  const perFault: Record<string, string[]> = {};
  const delays: number[] = [];
  KINDS.forEach((kind, k) => {
    SEVERITIES.forEach((severity, j) => {
      const start = 288 + (((3 * k + j) * 683) % 1980);
      const sick = makeRows(inject(grid, testCell - grid.firstCell + start, kind, severity));
      const watched = watchRows(model, sliceRows(sick, testRow, sick.length), { known });
      const startMs = (testCell + start) * CELL_MS;
      const endMs = startMs + EVENT_CELLS * CELL_MS;
      const hit = episodeStarts(watched).find((row) => {
        const atMs = watched.atMs[row] ?? 0;
        const isOld = cleanMs.some((one) => Math.abs(one - atMs) <= SAME_MS);
        return atMs >= startMs && atMs < endMs + LATE_MS && !isOld;
      });
      if (hit !== undefined) delays.push(((watched.atMs[hit] ?? 0) - startMs) / 3_600_000);
      const said = hit === undefined ? "missed" : watched.named(hit).join(" ");
      perFault[kind.fault] = [...(perFault[kind.fault] ?? []), `${severity}: ${said}`];
      const isEvent = Uint8Array.from(watched.atMs, (at) => (at >= startMs && at < endMs ? 1 : 0));
      stretches.push({ score: watched.score, isEvent });
    });
  });
  const months = (clean.score.length * CELL_MS) / MONTH_MS;
  return {
    ...judgeScores(stretches, WIDTH_MAX),
    falseAlarms: cleanMs.length,
    falseAlarmsPerMonth: cleanMs.length / months,
    recall: delays.length / stretches.length,
    share: clean.alarm.reduce((sum, on) => sum + on, 0) / clean.alarm.length,
    delayHours: delays.sort((a, b) => a - b)[delays.length >> 1] ?? 0,
    events: stretches.length,
    machineMonths: months,
    learnSeconds,
    scoreMicroseconds: (clean.seconds / clean.score.length) * 1e6,
    perFault,
  };
}

/** Cell means and modes from the grid, age of every value from the events. */
function readNibe(data: string): CellGrid {
  const folder = `${data}/heatpump-nibe-f730`;
  const table = readCsv(`${folder}/grid-5min.csv.gz`);
  const events = gridEvents(readCsv(`${folder}/events.csv.gz`));
  const cells = textsOf(table, "timestamp").map((time) => Math.floor(toMs(time) / CELL_MS));
  const names: readonly string[] = MODES;
  const modes = textsOf(table, "mode").map((mode) => names.indexOf(mode));
  const columns = table.columns.flatMap((name) => {
    const id = USED.find((channel) => channel === COLUMNS[name]);
    return id === undefined ? [] : [{ channel: channelIndex(id), column: numbersOf(table, name) }];
  });
  const first = cells[0] ?? 0;
  const grid = createGrid(first, (cells.at(-1) ?? first) - first + 1);
  cells.forEach((cell, row) => {
    const place = cell - first;
    const from = (cell - events.firstCell) * CHANNEL_COUNT;
    grid.seen[place] = 1;
    grid.modes[place] = modes[row] ?? 0;
    for (const { channel, column } of columns) {
      const isStale = Number.isNaN(events.values[from + channel]);
      const value = isStale ? Number.NaN : believable(channel, column[row] ?? Number.NaN);
      grid.values[place * CHANNEL_COUNT + channel] = value;
    }
  });
  return grid;
}

function gridEvents(table: CsvTable): CellGrid {
  const metrics = textsOf(table, "metric");
  const values = numbersOf(table, "value");
  const times = textsOf(table, "timestamp");
  const kept = metrics.flatMap((metric, row) => {
    const channel = findChannel(COLUMNS[metric] ?? "");
    return channel === undefined ? [] : [{ row, channel }];
  });
  return gridChanges({
    atMs: Float64Array.from(kept, ({ row }) => toMs(times[row] ?? "")),
    channels: Uint8Array.from(kept, ({ channel }) => channel),
    values: Float64Array.from(kept, ({ row }) => values[row] ?? Number.NaN),
  });
}

function inject(grid: CellGrid, start: number, kind: Kind, severity: number): CellGrid {
  const values = grid.values.slice();
  let held = Number.NaN;
  for (let cell = start; cell >= 0 && Number.isNaN(held); cell--)
    held = grid.values[cell * CHANNEL_COUNT + RETURN] ?? Number.NaN;
  const end = Math.min(grid.length, start + EVENT_CELLS);
  for (let cell = start; cell < end; cell++) {
    const at = cell * CHANNEL_COUNT;
    const isRunning = grid.modes[cell] === HEATING || grid.modes[cell] === HOT_WATER;
    const added = { ...(isRunning && kind.running), ...kind.always };
    for (const [id, amount] of Object.entries(added)) {
      const place = at + (findChannel(id) ?? 0);
      values[place] = (values[place] ?? Number.NaN) + Number(amount) * severity;
    }
    const isStuck = kind.running === undefined && kind.always === undefined;
    if (isStuck && !Number.isNaN(values[at + RETURN])) values[at + RETURN] = held;
  }
  return { ...grid, values };
}
