/**
 * What a month of one machine is good for: which channels it fills, how cold it was, and why it
 * must not be learnt when its channels are constant, missing or in another unit.
 */
import {
  CELLS_PER_DAY,
  CHANNEL_COUNT,
  CHANNELS,
  type ChannelId,
  channelAt,
  channelIndex,
} from "#core/anomaly/channel.js";
import { isPlanPossible } from "#core/anomaly/feature-plan.js";
import { type Finding, TELL_CELLS } from "#core/anomaly/finding.js";
import { MODES, type RowBlock } from "#core/anomaly/operating-row.js";

/** What is known about a month without its rows. */
export interface MonthFacts {
  readonly readings: number;
  readonly rows: number;
  readonly steadyRows: number;
  readonly heatingRows: number;
  /** Distinct days with rows. */
  readonly days: number;
  /** Measured channels present in most rows in which they can be. */
  readonly channels: readonly ChannelId[];
  /** Outdoor temperature, °C, of steady rows; absent: none was measured. */
  readonly coldest?: number;
  readonly warmest?: number;
  /** Why it is left out; empty: it is learnt. */
  readonly reasons: readonly string[];
}

/** Of the rows in which a channel can be. */
const PRESENT_SHARE = 0.8;
/** Running rows that are enough to judge by them alone. */
const RUNNING_ROWS_MIN = 50;
/** Rows for which a channel with analogue noise is never the same. */
const CONSTANT_ROWS = 300;
/** Where the middle value of a machine in Celsius lies, while it runs. */
const MIDDLES: readonly (readonly [ChannelId, number, number])[] = [
  ["outdoor", -35, 40],
  ["flow", 12, 68],
  ["return", 8, 64],
  ["tank", 10, 75],
];
const MEASURED = CHANNELS.slice(0, channelIndex("to24")).map(({ id }) => id);
const RUNS: ReadonlySet<number> = new Set(
  (["heating", "hot_water", "cooling", "running"] as const).map((mode) => MODES.indexOf(mode)),
);
const HEATING = MODES.indexOf("heating");
const OUTDOOR = channelIndex("outdoor");

/** Judges the rows of a month. */
export function judgeRows(
  rows: RowBlock,
  findings: readonly Finding[],
  readings: number,
): MonthFacts {
  const steady = rowsWhere(rows, (row) => rows.steady[row] === 1);
  const running = steady.filter((row) => RUNS.has(rows.modes[row] ?? 0));
  const judged = running.length >= RUNNING_ROWS_MIN ? running : steady;
  const channels = MEASURED.filter((_, channel) => {
    const present = judged.filter((row) => !Number.isNaN(valueAt(rows, row, channel))).length;
    return judged.length > 0 && present >= PRESENT_SHARE * judged.length;
  });
  const outdoor = steady
    .map((row) => valueAt(rows, row, OUTDOOR))
    .filter((one) => !Number.isNaN(one));
  const range = outdoor.reduce(
    ([low, high], one) => [Math.min(low, one), Math.max(high, one)] as const,
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY] as const,
  );
  return {
    readings,
    rows: rows.length,
    steadyRows: steady.length,
    heatingRows: running.filter((row) => rows.modes[row] === HEATING).length,
    days: new Set(rows.cells.map((cell) => Math.floor(cell / CELLS_PER_DAY))).size,
    channels,
    ...(outdoor.length > 0 && { coldest: range[0], warmest: range[1] }),
    reasons: [
      ...(judged.length === 0 ? ["no steady rows: nothing tells what it does"] : lacking(channels)),
      ...lasting(findings),
      ...constants(rows, running),
      ...strange(rows, judged),
    ],
  };
}

function lacking(channels: readonly ChannelId[]): string[] {
  if (isPlanPossible(new Set(channels))) return [];
  const wanted = (["outdoor", "flow", "return"] as const).filter((id) => !channels.includes(id));
  const missing = wanted.length > 0 ? wanted.join(", ") : "power, frequency or rating";
  return [`lacks ${missing}`];
}

/** What is told to an owner is no ground to learn from. */
function lasting(findings: readonly Finding[]): string[] {
  const long = findings.filter(({ kind, since, last }) => {
    return kind === "mapping" && last - since >= TELL_CELLS;
  });
  return [...new Set(long.map(({ channel, detail }) => `${channelAt(channel).id}: ${detail}`))];
}

function constants(rows: RowBlock, running: readonly number[]): string[] {
  if (running.length < CONSTANT_ROWS) return [];
  return MEASURED.flatMap((id, channel) => {
    if (!channelAt(channel).isAnalogue) return [];
    const values = running
      .map((row) => valueAt(rows, row, channel))
      .filter((one) => !Number.isNaN(one));
    const [first] = values;
    const isConstant = values.length >= CONSTANT_ROWS && values.every((one) => one === first);
    return isConstant ? [`${id} stands at ${first}`] : [];
  });
}

function strange(rows: RowBlock, judged: readonly number[]): string[] {
  return MIDDLES.flatMap(([id, least, most]) => {
    const channel = channelIndex(id);
    const values = Float64Array.from(judged, (row) => valueAt(rows, row, channel))
      .filter((one) => !Number.isNaN(one))
      .sort();
    const middle = values[values.length >> 1];
    if (middle === undefined || (middle >= least && middle <= most)) return [];
    return [`${id} is ${middle.toFixed(0)} in the middle: another unit or channel`];
  });
}

function rowsWhere(rows: RowBlock, is: (row: number) => boolean): number[] {
  const places: number[] = [];
  for (let row = 0; row < rows.length; row++) if (is(row)) places.push(row);
  return places;
}

function valueAt(rows: RowBlock, row: number, channel: number): number {
  return rows.values[row * CHANNEL_COUNT + channel] ?? Number.NaN;
}
