/** One device of the scorer: its watch, its models, its files, and what is counted of it. */
import type { createAlarmDesk } from "./alarm-desk.js";
import { QUIET_CHANGED_CELLS, QUIET_NEW_CELLS } from "./alarm-desk.js";
import { createDeviceWatch, type DeviceWatch } from "./device-watch.js";
import { type LocalModelShelf, openLocalModels } from "./local-model.js";
import type { DayFacts } from "./row-store.js";
import type { DeviceFiles, DeviceToScore, ScorerParts } from "./scorer-parts.js";
import { readMemory } from "./watch-file.js";

/** All about one device. */
export interface Scored {
  readonly device: DeviceToScore;
  readonly files: DeviceFiles;
  readonly shelf: LocalModelShelf;
  readonly watch: DeviceWatch;
  days: readonly DayFacts[];
  learning: Promise<void> | undefined;
  dropped: number;
  refused: number;
  /** Release that was refused last: it is told once. */
  refusedRelease: number | undefined;
}

/** A device with what was written down before. */
export async function openScored(
  parts: ScorerParts,
  device: DeviceToScore,
  desk: ReturnType<typeof createAlarmDesk>,
): Promise<Scored> {
  const { log, rows, rules } = parts;
  const { deviceId, heatpumpModel } = device;
  const files = parts.filesOf(deviceId);
  const shelf = openLocalModels(files.local, heatpumpModel, (why) =>
    log("warn", "model.local-lost", { device: deviceId, why }),
  );
  const memory = readMemory(files.state);
  const quiet = {
    newDevice: rules?.quietNewCells ?? QUIET_NEW_CELLS,
    newModel: QUIET_CHANGED_CELLS,
  };
  const watch = createDeviceWatch(deviceId, desk, quiet, memory);
  const days = await rows.days(deviceId);
  const lastDay = days.at(-1)?.day;
  const previousCell = memory?.rows.previousCell ?? Number.NaN;
  if (lastDay !== undefined && lastDay === Math.floor(previousCell / 288)) {
    const today = await rows.read(deviceId, lastDay);
    if (today !== undefined) watch.resumeDay(today);
  }
  return {
    ...{ device, files, shelf, watch, days },
    ...{ learning: undefined, dropped: 0, refused: 0, refusedRelease: undefined },
  };
}
