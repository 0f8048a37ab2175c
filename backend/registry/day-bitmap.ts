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
export function countDays(bitmap: DayBitmap, today: number, window: number): number {
  const from = Math.max(0, bitmap.lastDay - today);
  const to = Math.min(BITMAP_DAYS, bitmap.lastDay - today + window);
  if (to <= from) return 0;
  return (
    countBits(bitmap.low & maskOf(from, to)) + countBits(bitmap.high & maskOf(from - 32, to - 32))
  );
}

/** Bits `from` to before `to` of a word, as far as it has them. */
function maskOf(from: number, to: number): number {
  return below(to) & ~below(from);
}

function below(bit: number): number {
  if (bit <= 0) return 0;
  return bit >= 32 ? -1 : (1 << bit) - 1;
}

/** Bits that are set: in pairs, in fours, in bytes, then all four bytes at once. */
function countBits(word: number): number {
  const pairs = word - ((word >>> 1) & 0x5555_5555);
  const fours = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
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
