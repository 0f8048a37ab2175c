/**
 * The rollups' snapshot file, so that a start need not decode two days of the fleet.
 *
 * The file names the newest commit it holds; blocks of later commits are replayed from the store's
 * journal. A file that is missing, cut, changed, of other metrics or newer than the store is
 * ignored, and the rollups are built from the blocks.
 */
import { open, readFile, rename } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { emptyState, type MetricArrays, RING_HOURS, type RollupState } from "./rollups.js";

const VERSION = 2;

/** Length of the header's JSON, before it. */
const LENGTH_BYTES = 4;
const CRC_BYTES = 4;

interface Header {
  readonly version: number;
  readonly metrics: readonly string[];
  readonly newestHour: number;
  readonly columns: number;
  readonly appliedThrough: number;
}

/** The state as bytes, copied at once: what happens later does not change them. */
export function encodeRollups(state: RollupState): Buffer[] {
  const { metrics, newestHour, columns, appliedThrough } = state;
  const header: Header = { version: VERSION, metrics, newestHour, columns, appliedThrough };
  const json = Buffer.from(JSON.stringify(header), "utf8");
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(json.length, 0);
  const parts = [length, json];
  for (const arrays of state.arrays) {
    for (const array of listArrays(arrays)) {
      const cells = array.slice(0, columns * RING_HOURS);
      parts.push(Buffer.from(cells.buffer, cells.byteOffset, cells.byteLength));
    }
  }
  const check = Buffer.alloc(CRC_BYTES);
  check.writeUInt32LE(
    parts.reduce((crc, part) => crc32(part, crc), 0),
    0,
  );
  return [...parts, check];
}

/** Reads what `encodeRollups` wrote; `undefined` when it is not usable. */
export function decodeRollups(bytes: Buffer, metrics: readonly string[]): RollupState | undefined {
  const body = bytes.subarray(0, Math.max(0, bytes.length - CRC_BYTES));
  if (body.length < LENGTH_BYTES || bytes.readUInt32LE(body.length) !== crc32(body))
    return undefined;
  const start = LENGTH_BYTES + body.readUInt32LE(0);
  const header = JSON.parse(body.toString("utf8", LENGTH_BYTES, start)) as Header;
  const isSame = JSON.stringify(header.metrics) === JSON.stringify(metrics);
  if (header.version !== VERSION || !isSame) return undefined;
  const state = emptyState(metrics, Math.max(1, header.columns));
  state.columns = header.columns;
  state.appliedThrough = header.appliedThrough;
  state.newestHour = header.newestHour;
  for (let hour = header.newestHour; hour >= 0 && hour > header.newestHour - RING_HOURS; hour--) {
    state.ringHours[hour % RING_HOURS] = hour;
  }
  let at = start;
  for (const arrays of state.arrays) {
    for (const array of listArrays(arrays)) {
      const length = header.columns * RING_HOURS * array.BYTES_PER_ELEMENT;
      at += body.copy(Buffer.from(array.buffer), 0, at, at + length);
    }
  }
  return at === body.length ? state : undefined;
}

/** Saves that are under way: an older one must not replace a newer. */
const saving = new WeakMap<RollupState, Promise<unknown>>();

/** Writes the snapshot; durable when it resolves. Resolves with its newest commit. */
export function saveRollups(path: string, state: RollupState): Promise<number> {
  const saved = (saving.get(state) ?? Promise.resolve()).then(() => write(path, state));
  const settled = saved.catch(() => undefined);
  saving.set(state, settled);
  return saved;
}

async function write(path: string, state: RollupState): Promise<number> {
  const { appliedThrough } = state;
  const parts = encodeRollups(state);
  const file = await open(`${path}.new`, "w");
  try {
    await file.writev(parts);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  return appliedThrough;
}

/** The snapshot, when there is a usable one. */
export async function loadRollups(
  path: string,
  metrics: readonly string[],
): Promise<RollupState | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  return bytes === undefined ? undefined : decodeRollups(bytes, metrics);
}

function listArrays(arrays: MetricArrays) {
  return [arrays.count, arrays.sum, arrays.min, arrays.max] as const;
}
