/**
 * Rows of days that only the history knows: taken in by an import, or back from a backup. They are
 * made as they would have been when the days were lived, by the same steps; days that were lived
 * are left as they are.
 */
import type { ChannelId } from "#core/anomaly/channel.js";
import { toMachineReadings } from "#core/anomaly/machine-readings.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import { createDeviceWatch } from "./device-watch.js";
import type { RowStore } from "./row-store.js";
import type { DeviceToScore } from "./scorer-parts.js";

/** What making rows works with. */
export interface PastRowsParts {
  readonly rows: RowStore;
  /** Lets everything else go first. */
  readonly pause: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** Polls between two breaths. */
const SLICE_POLLS = 200;
/** Nobody is told about what is over. */
const DEAF = { judge: () => false };
const NO_QUIET = { newDevice: 0, newModel: 0 };

/** Resolves with the channels that were seen. @param polls in the order of time */
export async function makePastRows(
  { rows, pause, signal }: PastRowsParts,
  { deviceId, heatpumpModel, modeOf }: DeviceToScore,
  polls: AsyncIterable<Snapshot>,
): Promise<ReadonlySet<ChannelId>> {
  const lived = new Set((await rows.days(deviceId)).map(({ day }) => day));
  const watch = createDeviceWatch(deviceId, DEAF, NO_QUIET);
  let count = 0;
  for await (const poll of polls) {
    if (signal.aborted) break;
    const { day } = watch.take(toMachineReadings(poll, heatpumpModel, modeOf));
    if (day !== undefined && !lived.has(day.facts.day))
      await rows.put(deviceId, day.facts, day.rows);
    if (++count % SLICE_POLLS === 0) await pause();
  }
  return watch.available;
}
