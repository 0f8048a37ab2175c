/**
 * Distinct days within the last 64, as bits. Days are counted in UTC from 1970.
 *
 * A bitmap costs 12 bytes whatever the installation sends, and answers "on how many days" without
 * a scan. Days that fall out of the 64 are forgotten; they never come back.
 */

/** Days remembered. */
const BITMAP_DAYS = 64;

/** Milliseconds of a UTC day. */
const DAY_MS = 86_400_000;

/** Bit 0 of `low` is `lastDay`, bit 31 of `high` is 63 days before it. */
export interface DayBitmap {
  /** Newest day marked; -1: none yet. */
  readonly lastDay: number;
  /** Unsigned. */
  readonly low: number;
  /** Unsigned. */
  readonly high: number;
}

/** No day marked. */
export const NO_DAYS: DayBitmap = { lastDay: -1, low: 0, high: 0 };

/** The UTC day of a time. */
export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS);
}

/** Marks one day. A day older than the window changes nothing. */
export function markDay(bitmap: DayBitmap, day: number): DayBitmap {
  if (day > bitmap.lastDay) {
    const moved = bitmap.lastDay < 0 ? NO_DAYS : shifted(bitmap, day - bitmap.lastDay);
    return { lastDay: day, low: (moved.low | 1) >>> 0, high: moved.high };
  }
  const age = bitmap.lastDay - day;
  if (age >= BITMAP_DAYS || isMarked(bitmap, age)) return bitmap;
  return age < 32
    ? { ...bitmap, low: (bitmap.low | (1 << age)) >>> 0 }
    : { ...bitmap, high: (bitmap.high | (1 << (age - 32))) >>> 0 };
}

/** Marked days among the `window` days that end with `today`; later days do not count. */
export function countDays(
  { lastDay, low, high }: DayBitmap,
  today: number,
  window: number,
): number {
  // Bits of the days asked for: from (included) to (excluded).
  const from = Math.max(0, lastDay - today);
  const to = Math.min(BITMAP_DAYS, lastDay - today + window);
  return countBits(low, from, to) + countBits(high, from - 32, to - 32);
}

/** Bits set among bits `from` (included) to `to` (excluded) of a word of 32. */
function countBits(word: number, from: number, to: number): number {
  if (to <= 0 || from >= 32 || from >= to) return 0;
  const below = to >= 32 ? word : word & ((1 << to) - 1);
  // Sums of two, four and eight bits side by side (Warren, Hacker's Delight, 5-1).
  let bits = below >>> Math.max(0, from);
  bits -= (bits >>> 1) & 0x55555555;
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function isMarked(bitmap: DayBitmap, age: number): boolean {
  const word = age < 32 ? bitmap.low : bitmap.high;
  return ((word >>> (age & 31)) & 1) === 1;
}

function shifted(bitmap: DayBitmap, days: number): DayBitmap {
  if (days >= BITMAP_DAYS) return NO_DAYS;
  const { low, high, lastDay } = bitmap;
  if (days >= 32) return { lastDay, low: 0, high: days === 32 ? low : (low << (days - 32)) >>> 0 };
  return {
    lastDay,
    low: (low << days) >>> 0,
    high: ((high << days) | (low >>> (32 - days))) >>> 0,
  };
}
