/** Calendar months (UTC), the unit in which sums are kept. */
import { HeatpoolError } from "#core/errors.js";

export const DAY_MS = 86_400_000;

/** A month as `2026-11`, with the days it has. */
export interface Month {
  readonly name: string;
  /** Days since 1970; `toDay` is the first one after. */
  readonly fromDay: number;
  readonly toDay: number;
}

const NAME = /^(\d{4})-(0[1-9]|1[0-2])$/;

/** @throws HeatpoolError `USAGE` not `YYYY-MM` */
export function parseMonth(name: string): Month {
  const [, year, month] = NAME.exec(name) ?? [];
  if (year === undefined || month === undefined)
    throw new HeatpoolError("USAGE", `${name}: a month like 2026-05`);
  return monthAt(Number(year) * 12 + Number(month) - 1);
}

/** The month that a time lies in. */
export function monthOf(atMs: number): Month {
  const date = new Date(atMs);
  return monthAt(date.getUTCFullYear() * 12 + date.getUTCMonth());
}

/**
 * Months up to the day before `nowMs`, oldest first; the newest may not be over.
 *
 * @param count at most so many
 */
export function monthsBefore(nowMs: number, count: number, since?: Month): Month[] {
  const today = Math.floor(nowMs / DAY_MS);
  const newest = monthOf((today - 1) * DAY_MS);
  const last = indexOf(newest);
  const months = Array.from({ length: count }, (_, index) => monthAt(last - count + 1 + index));
  return months
    .filter((month) => since === undefined || month.fromDay >= since.fromDay)
    .map((month) => ({ ...month, toDay: Math.min(month.toDay, today) }));
}

function indexOf({ name }: Month): number {
  const [year = 0, month = 0] = name.split("-").map(Number);
  return year * 12 + month - 1;
}

function monthAt(index: number): Month {
  const [year, month] = [Math.floor(index / 12), index % 12];
  return {
    name: `${year}-${String(month + 1).padStart(2, "0")}`,
    fromDay: Date.UTC(year, month, 1) / DAY_MS,
    toDay: Date.UTC(year, month + 1, 1) / DAY_MS,
  };
}
