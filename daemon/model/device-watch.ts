/**
 * One heat pump: polls in, cells, operating rows, scores and alarms out. The same steps on a daemon,
 * in a replay and in a test; synchronous, without clock and disk.
 *
 * All that is remembered between cells is in `memory()`: whoever writes it down goes on later as if
 * nothing had happened, and tells nothing twice.
 */
import { CELLS_PER_DAY, CHANNELS, type ChannelId, channelIndex } from "#core/anomaly/channel.js";
import type { Finding } from "#core/anomaly/finding.js";
import type { MachineReadings } from "#core/anomaly/machine-readings.js";
import type { NormalModel } from "#core/anomaly/normal-model.js";
import { MODES, type RowBlock } from "#core/anomaly/operating-row.js";
import { createQualityWatch, type QualityMemory } from "#core/anomaly/quality.js";
import { createRowMaker, type RowMemory } from "#core/anomaly/row-maker.js";
import type { SeverityState } from "#core/anomaly/severity.js";
import { openWatch, startWatch, type Watch, type WatchState } from "#core/anomaly/watch.js";
import type { AlarmSource } from "./alarm.js";
import type { AlarmDesk } from "./alarm-desk.js";
import { type CellMemory, createCellMaker, type FinishedCell } from "./cell-maker.js";
import { createDayRows, type FinishedDay } from "./day-rows.js";
import { createSeverityWatch } from "./severity-watch.js";

/** A model to watch with. */
export interface WatchedModel {
  readonly source: Exclude<AlarmSource, "data">;
  /** Tells this model from every other: `community/2026.11`, `local/2026-11-21`. */
  readonly key: string;
  readonly label: string;
  readonly model: NormalModel;
  readonly known?: readonly Float64Array[];
}

/** Counts since the device is watched. */
export interface WatchCounts {
  readonly rowsScored: number;
  readonly rowsOutOfReach: number;
  readonly pollsLate: number;
  readonly clockJumps: number;
}

/** What is remembered, to be written down. */
export interface DeviceMemory {
  readonly cells: CellMemory;
  readonly quality: QualityMemory;
  readonly rows: RowMemory;
  readonly modelKey: string | undefined;
  readonly watch: WatchState | undefined;
  readonly severity: SeverityState;
  readonly firstCell: number;
  readonly quietUntil: number;
  readonly available: readonly ChannelId[];
  readonly counts: WatchCounts;
  /** Profile and firmware that its readings came by; left out: not known. */
  readonly readBy?: string | undefined;
}

/** Watches one device. */
export interface DeviceWatch {
  /** Says what has to be written down now. */
  take(poll: MachineReadings): { readonly day?: FinishedDay; readonly isAlarmChanged: boolean };
  /** Watches with another model, or with none. */
  use(model: WatchedModel | undefined): void;
  /** Raises nothing for so many cells; what is on now is forgotten. */
  hush(cells: number): void;
  /** By which profile and firmware it is read. Another than before is quiet for a while. */
  readBy(what: string): boolean;
  /** The machine was cleaned or mended. */
  serviced(): void;
  /** Rows of today so far. */
  today(): FinishedDay | undefined;
  /** Goes on with rows of today that were kept. */
  resumeDay(rows: RowBlock): void;
  readonly model: WatchedModel | undefined;
  readonly watch: Watch | undefined;
  /** Above 1: alarming; `undefined`: there is no model. */
  readonly score: number | undefined;
  readonly findings: readonly Finding[];
  readonly lastCell: number | undefined;
  /** Channels that had a value so far. */
  readonly available: ReadonlySet<ChannelId>;
  /** They had one before. */
  knowChannels(channels: Iterable<ChannelId>): void;
  readonly counts: WatchCounts;
  memory(): DeviceMemory;
}

/** Quiet times in cells. */
export interface QuietTimes {
  readonly newDevice: number;
  readonly newModel: number;
}

const UNKNOWN = MODES.indexOf("unknown");
const MEASURED = channelIndex("to24");
/** @param from what was written down, which is then owned; left out: a device not seen before */
export function createDeviceWatch(
  deviceId: string,
  desk: AlarmDesk,
  quiet: QuietTimes,
  from?: DeviceMemory,
): DeviceWatch {
  let cells = createCellMaker(from?.cells);
  let quality = createQualityWatch(from?.quality);
  let rowMaker = createRowMaker(from?.rows);
  let severity = createSeverityWatch(from?.severity);
  let firstCell = from?.firstCell ?? Number.NaN;
  let quietUntil = from?.quietUntil ?? Number.NEGATIVE_INFINITY;
  let model: WatchedModel | undefined;
  let watch: Watch | undefined;
  /** Good for the model it was made with. */
  let kept = from?.watch === undefined ? undefined : { key: from.modelKey, state: from.watch };
  let findings: readonly Finding[] = [];
  const previousCell = from?.rows.previousCell ?? Number.NaN;
  let lastCell = Number.isNaN(previousCell) ? undefined : previousCell;
  let source = from?.readBy;
  let reachBefore = from?.counts.rowsOutOfReach ?? 0;
  const available = new Set<ChannelId>(from?.available);
  const counts = { rowsScored: 0, pollsLate: 0, clockJumps: 0, ...from?.counts };
  let day = createDayRows();

  const begin = (state: WatchState | undefined) => {
    if (model === undefined) return;
    watch = openWatch(model.model, state ?? startWatch(model.model, quietUntil, model.known));
  };
  const outOfReach = () => reachBefore + (watch?.reader.state().rowsOutOfReach ?? 0);

  const score = (cell: FinishedCell): boolean => {
    const { mode, values } = cell;
    noteChannels(available, values);
    quality.check(cell.cell, mode, values, 0, cell.outside);
    findings = quality.active();
    const isSteady = rowMaker.add(cell.cell, mode, values, 0) && mode !== UNKNOWN;
    const row = { cell: cell.cell, mode, steady: isSteady, values, at: 0 };
    if (watch !== undefined) {
      watch.read(row, findings);
      if (isSteady) counts.rowsScored++;
    }
    day.add(row, watch?.score ?? 0);
    lastCell = cell.cell;
    return desk.judge({
      ...{ deviceId, cell: cell.cell, findings, quietUntil },
      severity: severity.judge(cell, watch, model?.model),
      watched:
        watch === undefined || model === undefined
          ? undefined
          : { watch, model: model.model, source: model.source, label: model.label },
    });
  };
  const start = (cell: number) => {
    if (Number.isNaN(firstCell)) {
      firstCell = cell;
      quietUntil = Math.max(quietUntil, cell + quiet.newDevice);
      begin(undefined);
    }
    const newDay = Math.floor(cell / CELLS_PER_DAY);
    const finished = day.facts() !== undefined && day.day !== newDay ? day.finish() : undefined;
    if (day.day !== newDay) day = createDayRows();
    return finished;
  };
  const hush = (quietCells: number) => {
    if (lastCell === undefined) return;
    quietUntil = Math.max(quietUntil, lastCell + quietCells);
    if (watch === undefined || model === undefined) return;
    reachBefore = outOfReach();
    watch = openWatch(model.model, startWatch(model.model, quietUntil, model.known));
  };
  return {
    take(poll) {
      const taken = cells.add(poll);
      if (taken === "kept") return { isAlarmChanged: false };
      if (taken === "late") {
        counts.pollsLate++;
        return { isAlarmChanged: false };
      }
      if (taken === "jumped-back") {
        // What lies ahead of the clock cannot be gone on from, except what was learnt.
        counts.clockJumps++;
        rowMaker = createRowMaker();
        quality = createQualityWatch();
        quietUntil = Math.floor(poll.atMs / 300_000) + quiet.newModel;
        firstCell = Number.NEGATIVE_INFINITY;
        cells = createCellMaker();
        day = createDayRows();
        begin(undefined);
        return { isAlarmChanged: false };
      }
      const finished = start(taken.cell);
      const isAlarmChanged = score(taken);
      return { isAlarmChanged, ...(finished !== undefined && { day: finished }) };
    },
    use(next) {
      if (next?.key === model?.key) return;
      reachBefore = outOfReach();
      const state = kept?.key === next?.key ? kept?.state : undefined;
      kept = undefined;
      const isFirst = next !== undefined && model === undefined && state === undefined;
      model = next;
      watch = undefined;
      severity = createSeverityWatch();
      if (next === undefined) return;
      if (state === undefined && (lastCell !== undefined || !isFirst))
        quietUntil = Math.max(quietUntil, (lastCell ?? 0) + quiet.newModel);
      if (state !== undefined) reachBefore -= state.normal.rowsOutOfReach;
      begin(state);
    },
    hush,
    readBy(what) {
      const isOther = source !== undefined && source !== what;
      source = what;
      if (isOther) hush(quiet.newModel);
      return isOther;
    },
    serviced: () => watch?.serviced(),
    today: () => (day.facts() === undefined ? undefined : day.finish()),
    resumeDay: (rows) => day.resume(rows),
    get model() {
      return model;
    },
    get watch() {
      return watch;
    },
    get score() {
      return watch?.score;
    },
    get findings() {
      return findings;
    },
    get lastCell() {
      return lastCell;
    },
    available,
    knowChannels(channels) {
      for (const id of channels) available.add(id);
    },
    get counts() {
      return { ...counts, rowsOutOfReach: outOfReach() };
    },
    memory: () => ({
      ...{ cells: cells.memory(), quality: quality.memory(), rows: rowMaker.memory() },
      ...{ modelKey: model?.key ?? kept?.key, watch: watch?.state() ?? kept?.state },
      ...{ severity: severity.memory(), firstCell, quietUntil, available: [...available] },
      counts: { ...counts, rowsOutOfReach: outOfReach() },
      readBy: source,
    }),
  };
}

function noteChannels(available: Set<ChannelId>, values: Float64Array): void {
  for (let channel = 0; channel < MEASURED; channel++) {
    const id = CHANNELS[channel]?.id;
    if (id !== undefined && !Number.isNaN(values[channel])) available.add(id);
  }
}
