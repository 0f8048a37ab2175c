/**
 * Blocks of one device → cells → operating rows → the sums of one month. Depends on its arguments
 * alone, so that any worker may do it and the same blocks give the same bits.
 *
 * Rows far from what the machine itself did that month are not learnt: a month's sums need no
 * model of others, and so never have to be made again because others changed.
 */

import { CELLS_PER_DAY, type ChannelId, channelIndex } from "#core/anomaly/channel.js";
import { planFor } from "#core/anomaly/feature-plan.js";
import type { Finding } from "#core/anomaly/finding.js";
import { type CellGrid, gridPolls } from "#core/anomaly/grid.js";
import { guessModes } from "#core/anomaly/guess-mode.js";
import {
  channelOfMetric,
  MODE_METRICS,
  type ModeMetric,
  modeOfStates,
} from "#core/anomaly/metric-channels.js";
import { MODES, type RowBlock, rowAt, rowsOf, sliceRows } from "#core/anomaly/operating-row.js";
import { checkGrid } from "#core/anomaly/quality.js";
import { makeRows } from "#core/anomaly/row-maker.js";
import { solveNormal } from "#core/anomaly/solve-normal.js";
import { beginStatistics, learnRows, type Statistics } from "#core/anomaly/statistics.js";
import { trimAround } from "#core/anomaly/trim.js";
import { openSealed } from "#core/batch/batch-reader.js";
import type { ChannelTable } from "#core/batch/channel-table.js";
import { type Columns, isPresent, readTimes } from "#core/batch/columns.js";
import type { SealedBatch } from "#core/batch/sealed-batch.js";
import { listChannelLanes, readValue } from "#core/batch/value-lanes.js";
import { untouchedBy } from "./after-findings.js";
import { judgeRows, type MonthFacts } from "./judge-rows.js";

/** What one device sent, to be put on one grid. */
export interface DeviceBlocks {
  readonly heatpumpModel: string;
  readonly tables: readonly ChannelTable[];
  readonly blocks: readonly SealedBatch[];
}

/** One device's month to be learnt. */
export interface MonthTask extends DeviceBlocks {
  /** Days since 1970; blocks of the day before are there too, for what needs a day past. */
  readonly fromDay: number;
  readonly toDay: number;
  /** Channels of the plan; left out: all that are there. */
  readonly channels?: readonly ChannelId[] | undefined;
}

/** A month learnt. */
export interface MonthFit {
  readonly facts: MonthFacts;
  /** Channels of the plan that the sums are of. */
  readonly channels: readonly ChannelId[];
  readonly statistics: Statistics;
}

/** A device's cells, checked. */
export interface DeviceGrid {
  /** Before anything was taken away: faults are injected here. */
  readonly grid: CellGrid;
  readonly readings: number;
}

const UNKNOWN = MODES.indexOf("unknown");
/** Where states tell the mode of fewer polls than this, it is guessed from temperatures. */
const TOLD_SHARE = 0.5;
const MEASURED = channelIndex("to24");

/** Learns a month. */
export function fitMonth(task: MonthTask): MonthFit {
  const { grid, readings } = gridDevice(task, task.fromDay - 1, task.toDay);
  const { rows, findings } = cleanRows(grid);
  const from = rowAt(rows, task.fromDay * CELLS_PER_DAY);
  const own = sliceRows(rows, from, rowAt(rows, task.toDay * CELLS_PER_DAY));
  const facts = judgeRows(own, findings, readings);
  const channels = task.channels ?? facts.channels;
  const plan = planFor(new Set(channels));
  const begin = beginStatistics(plan);
  if (facts.reasons.length > 0 || plan.parts.length === 0)
    return { facts, channels, statistics: begin };
  const untouched = untouchedBy(findings, plan);
  const all = learnRows(plan, begin, rowsOf(own), untouched);
  const usual = solveNormal(plan, [{ installationId: "own", statistics: all }]);
  const near = trimAround(usual, all);
  const statistics = learnRows(
    plan,
    begin,
    rowsOf(own),
    (...row) => untouched(...row) && near(...row),
  );
  return { facts, channels, statistics };
}

/** Checked rows of a grid. */
export function cleanRows(grid: CellGrid): { rows: RowBlock; findings: readonly Finding[] } {
  const checked = checkGrid(grid);
  return { rows: makeRows(checked.grid), findings: checked.findings };
}

/** Puts what a device sent on a grid, from one day to before another. */
export function gridDevice(device: DeviceBlocks, fromDay: number, toDay: number): DeviceGrid {
  const polls = readPolls(device, fromDay * 86_400_000, toDay * 86_400_000);
  const { atMs, columns, states, readings } = polls;
  const told = modesOf(device.heatpumpModel, atMs.length, columns, states);
  const count = told.reduce((sum, mode) => sum + (mode === UNKNOWN ? 0 : 1), 0);
  const isTold = count >= TOLD_SHARE * atMs.length;
  const grid = gridPolls({
    atMs,
    channels: columns.flatMap((values, channel) => (values === undefined ? [] : [channel])),
    columns: columns.flatMap((values) => values ?? []),
    ...(isTold && { modes: told }),
  });
  return { grid: isTold ? grid : guessModes(grid), readings };
}

interface Polled {
  readonly atMs: Float64Array;
  /** By channel; left out where no table has it. */
  readonly columns: readonly (Float64Array | undefined)[];
  readonly states: ReadonlyMap<ModeMetric, Float64Array>;
  readonly readings: number;
}

function readPolls(device: DeviceBlocks, fromMs: number, toMs: number): Polled {
  const tables = new Map(device.tables.map((table) => [hex(table.id), table]));
  const most = device.blocks.reduce((sum, { rows }) => sum + rows, 0);
  const atMs = new Float64Array(most);
  const columns: (Float64Array | undefined)[] = Array.from({ length: MEASURED });
  const states = new Map<ModeMetric, Float64Array>();
  const empty = () => new Float64Array(most).fill(Number.NaN);
  const target = (metric: string): Float64Array | undefined => {
    const channel = channelOfMetric(metric);
    if (channel !== undefined) {
      const known = columns[channel] ?? empty();
      columns[channel] = known;
      return known;
    }
    const state = MODE_METRICS.find((one) => one === metric);
    if (state === undefined) return undefined;
    const known = states.get(state) ?? empty();
    states.set(state, known);
    return known;
  };
  let next = 0;
  let readings = 0;
  for (const batch of device.blocks) {
    const table = tables.get(hex(batch.tableId));
    if (table === undefined) continue;
    const block = openSealed(batch, table);
    const times = new Float64Array(block.rows);
    readTimes(block, times);
    const kept = keptRows(times, fromMs, toMs);
    for (const [place, row] of kept.entries()) atMs[next + place] = times[row] ?? 0;
    const lanes = listChannelLanes(block, table);
    for (const [c, channel] of table.channels.entries()) {
      const [into, cells] = [target(channel.metric), lanes[c]];
      if (into === undefined || cells === undefined) continue;
      for (const [place, row] of kept.entries())
        if (isPresent(block, c, row)) into[next + place] = readValue(cells, row, channel);
    }
    readings += countReadings(block, kept);
    next += kept.length;
  }
  const cut = (values: Float64Array) => values.subarray(0, next);
  return {
    atMs: cut(atMs),
    columns: columns.map((values) => values && cut(values)),
    states: new Map([...states].map(([metric, values]) => [metric, cut(values)])),
    readings,
  };
}

function keptRows(times: Float64Array, fromMs: number, toMs: number): number[] {
  const kept: number[] = [];
  for (const [row, at] of times.entries()) if (at >= fromMs && at < toMs) kept.push(row);
  return kept;
}

function countReadings(block: Columns, kept: readonly number[]): number {
  let readings = 0;
  for (let c = 0; c < block.counts.length; c++)
    for (const row of kept) if (isPresent(block, c, row)) readings++;
  return readings;
}

function modesOf(
  heatpumpModel: string,
  length: number,
  columns: readonly (Float64Array | undefined)[],
  states: ReadonlyMap<ModeMetric, Float64Array>,
): Uint8Array {
  const drives = {
    frequency: columns[channelIndex("frequency")],
    rating: columns[channelIndex("rating")],
    power: columns[channelIndex("power")],
  };
  let at = 0;
  const read = (name: ModeMetric | keyof typeof drives): number => {
    const values =
      name === "frequency" || name === "rating" || name === "power"
        ? drives[name]
        : states.get(name);
    return values?.[at] ?? Number.NaN;
  };
  const modes = new Uint8Array(length);
  for (at = 0; at < length; at++) modes[at] = modeOfStates(heatpumpModel, read);
  return modes;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
