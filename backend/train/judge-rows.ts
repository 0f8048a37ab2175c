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
import { type Finding, type FindingKind, TELL_CELLS } from "#core/anomaly/finding.js";
import { MODES, type RowBlock } from "#core/anomaly/operating-row.js";

/** Something wrong with the data of a month, in words that are the same for everybody who has it. */
export interface DataFault {
  readonly kind: "absent" | "unit" | "constant" | "mode" | "unreadable" | FindingKind;
  /** Empty: of the whole device. */
  readonly channel: ChannelId | "";
  readonly detail: string;
  /** Why a month is left out; left out itself where it only takes the channel away. */
  readonly reason?: string;
}

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
  /** For the operator, with those that leave nothing out. */
  readonly faults: readonly DataFault[];
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
  const faults = [
    ...(judged.length === 0 ? [NO_MODE] : lacking(channels)),
    ...lasting(findings),
    ...constants(rows, running),
    ...strange(rows, judged),
  ];
  return {
    readings,
    rows: rows.length,
    steadyRows: steady.length,
    heatingRows: running.filter((row) => rows.modes[row] === HEATING).length,
    days: new Set(rows.cells.map((cell) => Math.floor(cell / CELLS_PER_DAY))).size,
    channels,
    ...(outdoor.length > 0 && { coldest: range[0], warmest: range[1] }),
    reasons: [...new Set(faults.flatMap(({ reason }) => reason ?? []))],
    faults,
  };
}

const NO_MODE: DataFault = {
  kind: "mode",
  channel: "",
  detail: "nothing tells what it does: no state, speed or power",
  reason: "no steady rows: nothing tells what it does",
};

function lacking(channels: readonly ChannelId[]): DataFault[] {
  if (isPlanPossible(new Set(channels))) return [];
  const wanted = (["outdoor", "flow", "return"] as const).filter((id) => !channels.includes(id));
  if (wanted.length === 0) {
    const [detail, reason] = ["no power, frequency or rating", "lacks power, frequency or rating"];
    return [{ kind: "absent", channel: "", detail, reason }];
  }
  const reason = `lacks ${wanted.join(", ")}`;
  const detail = "missing in most rows; nothing can be learnt without it";
  return wanted.map((channel) => ({ kind: "absent", channel, detail, reason }));
}

/** What is told to an owner is no ground to learn from. */
function lasting(findings: readonly Finding[]): DataFault[] {
  const long = findings.filter(({ since, last }) => last - since >= TELL_CELLS);
  return long.map(({ kind, channel, detail }) => {
    const { id } = channelAt(channel);
    const fault = { kind, channel: id, detail };
    return kind === "mapping" ? { ...fault, reason: `${id}: ${detail}` } : fault;
  });
}

function constants(rows: RowBlock, running: readonly number[]): DataFault[] {
  if (running.length < CONSTANT_ROWS) return [];
  return MEASURED.flatMap((channel, index): DataFault[] => {
    if (!channelAt(index).isAnalogue) return [];
    const values = running
      .map((row) => valueAt(rows, row, index))
      .filter((one) => !Number.isNaN(one));
    const [first] = values;
    const isConstant = values.length >= CONSTANT_ROWS && values.every((one) => one === first);
    if (!isConstant) return [];
    const reason = `${channel} stands at ${first}`;
    return [{ kind: "constant", channel, detail: "the same value for a month of running", reason }];
  });
}

function strange(rows: RowBlock, judged: readonly number[]): DataFault[] {
  return MIDDLES.flatMap(([id, least, most]): DataFault[] => {
    const channel = channelIndex(id);
    const values = Float64Array.from(judged, (row) => valueAt(rows, row, channel))
      .filter((one) => !Number.isNaN(one))
      .sort();
    const middle = values[values.length >> 1];
    if (middle === undefined || (middle >= least && middle <= most)) return [];
    const reason = `${id} is ${middle.toFixed(0)} in the middle: another unit or channel`;
    return [{ kind: "unit", channel: id, detail: "values of another unit or channel", reason }];
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
