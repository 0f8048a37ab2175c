/**
 * Blocks as lines of VictoriaMetrics' JSON import: one line per channel, values and timestamps as
 * arrays (https://docs.victoriametrics.com/#how-to-import-data-in-json-line-format).
 *
 * This is the one place where names reach the engine, and all of them go through JSON: no name,
 * whatever it holds, ends a string. Absent cells are left out with their timestamp, because one
 * `null` makes the engine drop the whole line without an error. Times are those of the grid: a time
 * off the grid costs five times the disk, and stays exact in the block.
 */
import type { Channel, ChannelTable } from "#core/batch/channel-table.js";
import { type Columns, isPresent } from "#core/batch/columns.js";
import { type ChannelLanes, listChannelLanes, readValue } from "#core/batch/value-lanes.js";
import type { DecodedBlock } from "./series-engine.js";

/** What names of series begin with. */
export const SERIES_PREFIX = "heatpump_";

/** Text that grows. */
export interface LineBuffer {
  bytes: Buffer;
  length: number;
}

const BUFFER_BYTES = 1024 * 1024;
/** Longest number: `-1.2345678901234567e-308`, and its comma. */
const NUMBER_BYTES_MAX = 26;

const [ZERO, MINUS, DOT, COMMA] = [48, 45, 46, 44];

/** An empty one. */
export function createLines(): LineBuffer {
  return { bytes: Buffer.allocUnsafe(BUFFER_BYTES), length: 0 };
}

/** Adds the lines of a block; resolves with its cells. */
export function addLines(lines: LineBuffer, { block, table, columns }: DecodedBlock): number {
  const stamps = gridTimes(columns);
  const labels = JSON.stringify({
    installation: block.installationId,
    device: block.batch.deviceId,
    model: block.heatpumpModel,
  });
  const channelLanes = listChannelLanes(columns, table);
  const common = commonTimes(stamps);
  let cells = 0;
  for (const [c, channel] of table.channels.entries()) {
    const lanes = channelLanes[c];
    if (lanes === undefined || columns.counts[c] === 0) continue;
    const rows = presentRows(columns, table, c, lanes);
    if (rows.length === 0) continue;
    cells += rows.length;
    const name = JSON.stringify(SERIES_PREFIX + channel.metric);
    // `labels` begins with a brace of its own.
    addText(lines, `{"metric":{"__name__":${name},${labels.slice(1)},"values":[`);
    addValues(lines, rows, lanes, channel);
    addText(lines, '],"timestamps":[');
    if (rows.length === columns.rows) addBytes(lines, common);
    else addBytes(lines, commonTimes(rows.map((row) => stamps[row] as number)));
    addText(lines, "]}\n");
  }
  return cells;
}

/**
 * Times of the grid. A row in the same slot as the one before keeps its own time, so that the
 * engine does not take it for a repeat.
 */
export function gridTimes({ rows, slot, stepMs, gap, off }: Columns): number[] {
  const times: number[] = [];
  let at = slot - 1;
  for (let row = 0; row < rows; row++) {
    const skipped = gap[row] as number;
    at += 1 + skipped;
    const gridMs = at * stepMs;
    times.push(skipped === -1 ? gridMs + Math.max(1, off[row] as number) : gridMs);
  }
  return times;
}

function presentRows(
  columns: Columns,
  table: ChannelTable,
  c: number,
  lanes: ChannelLanes,
): number[] {
  const channel = table.channels[c] as Channel;
  const mayBeNone = channel.encoding !== "int" && channel.encoding !== "uint";
  const rows: number[] = [];
  for (let row = 0; row < columns.rows; row++) {
    if (!isPresent(columns, c, row)) continue;
    if (mayBeNone && !Number.isFinite(readValue(lanes, row, channel))) continue;
    rows.push(row);
  }
  return rows;
}

function addValues(
  lines: LineBuffer,
  rows: readonly number[],
  lanes: ChannelLanes,
  channel: Channel,
): void {
  reserve(lines, rows.length * NUMBER_BYTES_MAX);
  const { encoding, multiplier, decimals } = channel;
  for (const row of rows) {
    if (encoding === "int" || encoding === "uint") {
      const high = lanes.high[row] as number;
      addDecimal(lines, (encoding === "uint" ? high >>> 0 : high) * multiplier, decimals);
    } else {
      const text = String(readValue(lanes, row, channel));
      lines.length += lines.bytes.write(text, lines.length, "latin1");
    }
    lines.bytes[lines.length++] = COMMA;
  }
  lines.length--;
}

/** `whole / 10 ** decimals`, digit by digit: the shortest way is also the exact one. */
function addDecimal(lines: LineBuffer, whole: number, decimals: number): void {
  const { bytes } = lines;
  let rest = Math.abs(whole);
  if (whole < 0) bytes[lines.length++] = MINUS;
  let digits = decimals + 1;
  for (let bound = 10 ** digits; bound <= rest; bound *= 10) digits++;
  const end = lines.length + digits + (decimals > 0 ? 1 : 0);
  let at = end;
  for (let place = 0; place < digits; place++) {
    if (place === decimals && decimals > 0) bytes[--at] = DOT;
    const next = Math.floor(rest / 10);
    bytes[--at] = ZERO + (rest - next * 10);
    rest = next;
  }
  lines.length = end;
}

function commonTimes(times: readonly number[]): Buffer {
  return Buffer.from(times.join(","), "latin1");
}

function addText(lines: LineBuffer, text: string): void {
  reserve(lines, text.length * 3);
  lines.length += lines.bytes.write(text, lines.length, "utf8");
}

function addBytes(lines: LineBuffer, bytes: Buffer): void {
  reserve(lines, bytes.length);
  lines.bytes.set(bytes, lines.length);
  lines.length += bytes.length;
}

function reserve(lines: LineBuffer, more: number): void {
  if (lines.length + more <= lines.bytes.length) return;
  const grown = Buffer.allocUnsafe(Math.max(lines.bytes.length * 2, lines.length + more));
  lines.bytes.copy(grown, 0, 0, lines.length);
  lines.bytes = grown;
}
