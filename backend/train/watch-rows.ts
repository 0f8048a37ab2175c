/** What the owner of a held-out machine would have lived through: alarms over its rows. */
import { CELLS_PER_DAY } from "#core/anomaly/channel.js";
import type { Finding } from "#core/anomaly/finding.js";
import type { NormalModel } from "#core/anomaly/normal-model.js";
import { type RowBlock, rowsOf } from "#core/anomaly/operating-row.js";
import { openWatch, startWatch } from "#core/anomaly/watch.js";

/** An alarm that began. */
export interface Episode {
  readonly cell: number;
  /** Up to two parts or sensors, best first. */
  readonly named: readonly string[];
}

/** One machine watched. */
export interface Watched {
  readonly episodes: readonly Episode[];
  /** Rows after the quiet start, and those of them in alarm. */
  readonly rows: number;
  readonly alarmRows: number;
}

/** A machine that was just installed raises nothing for so long. */
export const QUIET_DAYS = 14;
/** Alarms closer together are one episode. */
const EPISODE_GAP_CELLS = CELLS_PER_DAY;

/** Watches rows as a daemon that was installed with the first of them. */
export function watchRows(
  model: NormalModel,
  rows: RowBlock,
  findings: readonly Finding[],
): Watched {
  const quietUntil = (rows.cells[0] ?? 0) + QUIET_DAYS * CELLS_PER_DAY;
  const watch = openWatch(model, startWatch(model, quietUntil));
  const episodes: Episode[] = [];
  let [counted, alarmRows] = [0, 0];
  let lastOn = Number.NEGATIVE_INFINITY;
  let wasOn = false;
  for (const row of rowsOf(rows)) {
    const active = findings.filter(({ since, last }) => since <= row.cell && row.cell <= last);
    watch.read(row, active);
    const { isOn } = watch;
    if (row.cell >= quietUntil) counted++;
    if (isOn && !wasOn && row.cell - lastOn >= EPISODE_GAP_CELLS)
      episodes.push({ cell: row.cell, named: watch.named() });
    if (isOn) {
      lastOn = row.cell;
      if (row.cell >= quietUntil) alarmRows++;
    }
    wasOn = isOn;
  }
  return { episodes, rows: counted, alarmRows };
}
