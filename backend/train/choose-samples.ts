/** Which installations' readings limits and figures come from. */
import { createHash } from "node:crypto";
import type { ChannelTable } from "#core/batch/channel-table.js";
import type { LearntFleet, TrainingStore } from "./learn-fleet.js";
import type { Sample } from "./make-model.js";
import type { Month } from "./month.js";
import { readBlocks } from "./read-blocks.js";

/** Machine-days whose rows are in memory at once for limits and figures. */
const SAMPLE_DAYS_MAX = 1_500;
/** Days of one machine that limits come from. */
const SAMPLE_DAYS_EACH = 90;

/** Chosen by id and seed, so that nobody can choose it by sending more. */
export async function chooseSamples(
  { store, seed }: { readonly store: TrainingStore; readonly seed: number },
  { contributions, months }: LearntFleet,
  periods: readonly Month[],
): Promise<Sample[]> {
  const tables: ChannelTable[] = [];
  for await (const table of store.tables()) tables.push(table);
  const toDay = periods.at(-1)?.toDay ?? 0;
  const days = Math.min(SAMPLE_DAYS_EACH, toDay - (periods[0]?.fromDay ?? toDay));
  const most = Math.floor(SAMPLE_DAYS_MAX / Math.max(1, days));
  const order = contributions
    .map(({ installationId }) => ({ installationId, draw: drawOf(seed, installationId) }))
    .sort((a, b) => (a.draw < b.draw ? -1 : 1));
  const samples: Sample[] = [];
  for (const { installationId } of order.slice(0, most)) {
    const newest = months.filter((one) => one.installationId === installationId).at(-1);
    if (newest === undefined) continue;
    const { deviceId, heatpumpModel, period } = newest;
    const fromDay = Math.max(period.toDay - days, periods[0]?.fromDay ?? 0);
    const place = { installationId, deviceId, heatpumpModel, fromDay, toDay: period.toDay };
    const device = await readBlocks(store, tables, place);
    if (device !== undefined) samples.push({ ...place, device });
  }
  return samples;
}

function drawOf(seed: number, installationId: string): string {
  return createHash("sha256").update(`${seed} ${installationId}`).digest("hex");
}
