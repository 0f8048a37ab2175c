/**
 * A month's sums as they are kept: one line of JSON about it, then the numbers as they are in
 * memory. Sums add exactly because no digit is lost on the way to the disk and back.
 */
import { crc32 } from "node:zlib";
import { CHANNELS, type ChannelId } from "#core/anomaly/channel.js";
import { planFor } from "#core/anomaly/feature-plan.js";
import { beginStatistics } from "#core/anomaly/statistics.js";
import type { MonthFit } from "./fit-month.js";
import type { MonthFacts } from "./judge-rows.js";

/** A kept month, and what it was made of. */
export interface KeptMonth extends MonthFit {
  /** SHA-256 over the blocks and the form of the sums. */
  readonly inputHash: string;
}

interface Header {
  readonly inputHash: string;
  readonly planId: string;
  readonly channels: readonly ChannelId[];
  readonly facts: MonthFacts;
  readonly check: number;
}

const LINE_FEED = 0x0a;

export function encodeMonth({ inputHash, facts, channels, statistics }: KeptMonth): Uint8Array {
  const length = statistics.sums.reduce((sum, part) => sum + part.byteLength, 0);
  const numbers = Buffer.alloc(length);
  let at = 0;
  for (const part of statistics.sums)
    for (const value of part) at = numbers.writeDoubleLE(value, at);
  const { planId } = statistics;
  const header = { inputHash, planId, channels, facts, check: crc32(numbers) } satisfies Header;
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`, "utf8"), numbers]);
}

/** `undefined`: of another plan than this program makes, or damaged; it is made again. */
export function decodeMonth(bytes: Uint8Array): KeptMonth | undefined {
  const all = Buffer.from(bytes);
  const end = all.indexOf(LINE_FEED);
  if (end < 0) return undefined;
  const header = readHeader(all.subarray(0, end).toString("utf8"));
  const numbers = all.subarray(end + 1);
  if (header === undefined || crc32(numbers) !== header.check) return undefined;
  const known: readonly string[] = CHANNELS.map(({ id }) => id);
  if (!header.channels.every((id) => known.includes(id))) return undefined;
  const plan = planFor(new Set(header.channels));
  const empty = beginStatistics(plan);
  const length = empty.sums.reduce((sum, part) => sum + part.byteLength, 0);
  if (plan.planId !== header.planId || length !== numbers.length) return undefined;
  let at = 0;
  for (const part of empty.sums)
    for (let place = 0; place < part.length; place++, at += 8)
      part[place] = numbers.readDoubleLE(at);
  const { inputHash, facts, channels } = header;
  return { inputHash, facts, channels, statistics: empty };
}

function readHeader(text: string): Header | undefined {
  try {
    return JSON.parse(text) as Header;
  } catch {
    return undefined;
  }
}
