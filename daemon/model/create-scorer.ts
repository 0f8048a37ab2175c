/** The scorer, put together: a queue in front, a watch per device, files behind. */
import { deserialize, serialize } from "node:v8";
import { crc32 } from "node:zlib";
import { decodeArtefact } from "#core/anomaly/artefact.js";
import { channelAt, channelIndex } from "#core/anomaly/channel.js";
import type { Language } from "#core/anomaly/explanation-text.js";
import { type ModeOf, toMachineReadings } from "#core/anomaly/machine-readings.js";
import { LAST_NUMBERS } from "#core/anomaly/normal-state.js";
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import type { Log } from "../host/log.js";
import type { StateFile } from "../host/state-file.js";
import type { Notice } from "../notify/notify.js";
import type { AlarmBook } from "./alarm-book.js";
import { createAlarmDesk, MUTE_MS, QUIET_CHANGED_CELLS, QUIET_NEW_CELLS } from "./alarm-desk.js";
import type { WriteTime } from "./alarm-words.js";
import {
  createDeviceWatch,
  type DeviceMemory,
  type DeviceWatch,
  type FinishedDay,
  type WatchedModel,
} from "./device-watch.js";
import {
  daysToLearn,
  isLearningDue,
  LEARN_DAYS_MIN,
  type LearningRules,
  learnFromRows,
} from "./local-learning.js";
import { type LocalModelShelf, openLocalModels } from "./local-model.js";
import type { DayFacts, RowStore } from "./row-store.js";
import type { CommunityModels, ExplainedModelPart, Scorer, ScorerVital } from "./scorer.js";

/** A device that is to be watched. */
export interface DeviceToScore {
  readonly deviceId: string;
  readonly heatpumpModel: string;
  readonly modeOf: ModeOf;
}

/** Files of one device. */
export interface DeviceFiles {
  readonly state: Pick<StateFile, "readBytes" | "write" | "remove">;
  readonly local: Pick<StateFile, "read" | "write" | "remove">;
}

/** What the scorer is made of. */
export interface ScorerParts {
  readonly devices: readonly DeviceToScore[];
  filesOf(deviceId: string): DeviceFiles;
  readonly book: AlarmBook;
  readonly rows: RowStore;
  /** Left out: there is no community. */
  readonly community?: CommunityModels | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly language: Language;
  readonly writeTime: WriteTime;
  /** Never waits, never throws. */
  readonly tell: (notice: Notice) => void;
  /** Lets everything else go first. */
  readonly pause: () => Promise<void>;
  /** Other than usual, for replays. */
  readonly rules?: Partial<LearningRules> & { readonly quietNewCells?: number };
}

/** Snapshots that wait: minutes of a slow disk. */
export const QUEUE_MAX = 256;
const SAVE_EVERY_MS = 3_600_000;
/** State of one device, with room to spare. */
const STATE_BYTES_MAX = 8 * 1024 * 1024;
const STATE_FORMAT = 1;
const CRC_BYTES = 4;

/** All about one device. */
interface Scored {
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

/** Opens the scorer with what was written down before. */
export async function createScorer(parts: ScorerParts): Promise<Scorer> {
  const { clock, log, book, rows } = parts;
  const rules = { daysMin: LEARN_DAYS_MIN, ...parts.rules };
  const stopping = new AbortController();
  const waiting: Snapshot[] = [];
  let working: Promise<void> = Promise.resolve();
  let savedAtMs = clock.monotonicMs();

  const desk = createAlarmDesk({
    ...{ book, language: parts.language, writeTime: parts.writeTime, tell: parts.tell },
    onChange: ({ id, deviceId, kind, severity, title }, change) =>
      log("warn", `alarm.${change}`, {
        alarm: id,
        device: deviceId,
        kind,
        severity,
        title: title.en,
      }),
  });
  const scored: Scored[] = [];
  for (const device of parts.devices) scored.push(await openScored(parts, device, desk));
  const find = (deviceId: string): Scored => {
    const one = scored.find(({ device }) => device.deviceId === deviceId);
    if (one !== undefined) return one;
    const known = scored.map(({ device }) => device.deviceId).join(", ");
    throw new HeatpoolError("NOT_FOUND", `no device ${deviceId}`, { hint: `There is: ${known}.` });
  };
  for (const one of scored) chooseModel(parts, one);

  const putDay = async (one: Scored, { facts, rows: block }: FinishedDay) => {
    await rows.put(one.device.deviceId, facts, block).catch((fault: unknown) => {
      log("error", "rows.lost", { device: one.device.deviceId, why: String(fault) });
    });
  };
  const save = async (one: Scored) => {
    writeMemory(one.files.state, one.watch.memory());
    const today = one.watch.today();
    if (today !== undefined) await putDay(one, today);
  };
  const learn = (one: Scored, isForced: boolean): Promise<void> => {
    one.learning ??= learnDevice(parts, one, stopping.signal, isForced).finally(() => {
      one.learning = undefined;
    });
    return one.learning;
  };
  const score = async (snapshot: Snapshot) => {
    const one = scored.find(({ device }) => device.deviceId === snapshot.deviceId);
    if (one === undefined) return;
    const { day, isAlarmChanged } = one.watch.take(
      toMachineReadings(snapshot, one.device.heatpumpModel, one.device.modeOf),
    );
    if (isAlarmChanged) writeMemory(one.files.state, one.watch.memory());
    if (day === undefined) return;
    await putDay(one, day);
    one.days = await rows.days(one.device.deviceId);
    chooseModel(parts, one);
    if (isLearningDue(one.days, one.shelf.current, rules))
      void learn(one, false).catch((fault: unknown) => {
        log("error", "model.learning-failed", { device: one.device.deviceId, why: String(fault) });
      });
  };
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await score(next);
      if (clock.monotonicMs() - savedAtMs >= SAVE_EVERY_MS) {
        savedAtMs = clock.monotonicMs();
        for (const one of scored) await save(one);
        // A grant may have ended meanwhile.
        for (const one of scored) chooseModel(parts, one);
      }
      if (waiting.length > 0) await parts.pause();
    }
  };
  const startWork = () => {
    working = working.then(work).catch((fault: unknown) => {
      log("error", "scorer.failed", { why: String(fault) });
    });
  };
  return {
    take(snapshot) {
      const isIdle = waiting.length === 0;
      if (waiting.length >= QUEUE_MAX) {
        const one = scored.find(({ device }) => device.deviceId === snapshot.deviceId);
        if (one !== undefined) one.dropped++;
        return;
      }
      waiting.push(snapshot);
      if (isIdle) startWork();
    },
    modelsChanged() {
      for (const one of scored) chooseModel(parts, one);
    },
    devices: () => scored.map((one) => describe(one, book)),
    vitals: () => scored.flatMap((one) => vitalsOf(one, book)),
    alarms: () => book.list(),
    answer(id, answer) {
      const alarm = book.find(id);
      if (alarm === undefined)
        throw new HeatpoolError("NOT_FOUND", `no alarm ${id}`, {
          hint: "`heatpool alarms --all` lists them.",
        });
      const { watch } = find(alarm.deviceId);
      const nowMs = clock.nowMs();
      const isOver = answer !== "fault" && alarm.resolvedAtMs === undefined;
      const over = { resolvedAtMs: nowMs, isEndOwed: false };
      const answered = { ...alarm, answer, ...(isOver && over) };
      if (answer === "fine")
        for (const { id: part } of alarm.parts)
          book.mute({ deviceId: alarm.deviceId, part, untilMs: nowMs + MUTE_MS });
      if (answer === "changed") watch.hush(QUIET_CHANGED_CELLS);
      book.change(answered);
      writeMemory(find(alarm.deviceId).files.state, watch.memory());
      log("info", "alarm.answered", { alarm: id, answer });
      return answered;
    },
    explain: (deviceId) => explainModel(find(deviceId)),
    async relearn(deviceId) {
      const one = find(deviceId);
      await working;
      await save(one);
      one.days = await rows.days(deviceId);
      await learn(one, true);
    },
    async reset(deviceId) {
      const one = find(deviceId);
      await working;
      one.shelf.clear();
      one.files.state.remove();
      await rows.forget(deviceId);
      one.days = [];
      chooseModel(parts, one);
      log("info", "model.reset", { device: deviceId });
    },
    rollBack(deviceId) {
      const one = find(deviceId);
      const { learnedUntil } = one.shelf.rollBack();
      log("info", "model.rolled-back", { device: deviceId, learnedUntil });
      chooseModel(parts, one);
    },
    async settled() {
      await working;
      for (const one of scored) await one.learning?.catch(() => undefined);
      await working;
    },
    async run(signal) {
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener("abort", () => resolve(), { once: true });
      });
      stopping.abort();
      await working;
      for (const one of scored) {
        await one.learning?.catch(() => undefined);
        await save(one);
      }
      await rows.close();
    },
  };
}

async function openScored(
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

/** Community, else local, else none. What cannot be read is refused; the one in use stays. */
function chooseModel(parts: ScorerParts, one: Scored): void {
  const { device, watch, shelf } = one;
  const found = parts.community?.newest(device.heatpumpModel);
  const key = found && `community/${found.modelId}/${found.release}`;
  if (found !== undefined && key === watch.model?.key) return;
  if (found !== undefined && key !== undefined && one.refusedRelease !== found.release) {
    try {
      const { model, known } = decodeArtefact(found.plain, device.heatpumpModel);
      const label = String(found.release);
      const next = { source: "community", key, label, model } as const;
      watch.use({ ...next, ...(known !== undefined && { known }) });
      parts.log("info", "model.used", { device: device.deviceId, model: key });
      return;
    } catch (fault) {
      one.refused++;
      one.refusedRelease = found.release;
      parts.log("warn", "model.not-used", {
        device: device.deviceId,
        model: key,
        why: String(fault),
      });
    }
  }
  // A release that cannot be used does not end the one before it.
  if (found !== undefined && watch.model?.source === "community") return;
  const local = toWatched(shelf);
  if (local?.key === watch.model?.key) return;
  watch.use(local);
  parts.log("info", "model.used", { device: device.deviceId, model: local?.key ?? "none" });
}

function toWatched({ current }: LocalModelShelf): WatchedModel | undefined {
  if (current === undefined) return undefined;
  const { model, known } = current.artefact;
  const label = current.learnedUntil;
  const next = { source: "local", key: `local/${label}/${current.days}`, label, model } as const;
  return { ...next, ...(known !== undefined && { known }) };
}

async function learnDevice(
  parts: ScorerParts,
  one: Scored,
  signal: AbortSignal,
  isForced: boolean,
): Promise<void> {
  const { device, shelf, watch } = one;
  const { deviceId, heatpumpModel } = device;
  const days = daysToLearn(one.days, shelf.current === undefined);
  const enough = days.length >= (parts.rules?.daysMin ?? LEARN_DAYS_MIN);
  const learnt = enough
    ? await learnFromRows(
        { rows: parts.rows, monotonicMs: () => parts.clock.monotonicMs(), pause: parts.pause },
        { deviceId, heatPumpModel: heatpumpModel, available: watch.available, days },
        signal,
      )
    : undefined;
  if (learnt === undefined) {
    if (!isForced) return;
    throw new HeatpoolError("STATE_INVALID", `${deviceId}: too little to learn from`, {
      hint: `${days.length} days may be learnt; it takes ${LEARN_DAYS_MIN}, with flow, return and outdoor temperature, and power, frequency or rating.`,
    });
  }
  shelf.put(learnt);
  parts.log("info", "model.learnt", { device: deviceId, days: learnt.days });
  chooseModel(parts, one);
}

function describe(one: Scored, book: AlarmBook) {
  const { device, watch, shelf } = one;
  const { deviceId } = device;
  const { model } = watch;
  const { learnedUntil, days } = shelf.current ?? { learnedUntil: "", days: 0 };
  return {
    deviceId,
    score: watch.score,
    isAlarmOn: isOn(book, deviceId),
    model: {
      source: model?.source ?? ("none" as const),
      label: model?.label ?? "",
      parts: model?.model.parts.filter(({ isUsable }) => isUsable).length ?? 0,
      ...(shelf.current !== undefined && { local: { learnedUntil, days } }),
      daysKept: one.days.length,
      isLearning: one.learning !== undefined,
    },
    findings: watch.findings.map(({ kind, channel }) => ({ kind, channel: channelAt(channel).id })),
    ...watch.counts,
    dropped: one.dropped,
    modelsRefused: one.refused,
  };
}

function isOn(book: AlarmBook, deviceId: string): boolean {
  return (["machine", "sensor"] as const).some((kind) => book.open(deviceId, kind) !== undefined);
}

function vitalsOf(one: Scored, book: AlarmBook): readonly ScorerVital[] {
  const { deviceId } = one.device;
  const labels = { device: deviceId };
  const { rowsScored, rowsOutOfReach } = one.watch.counts;
  const score = one.watch.score;
  return [
    ...(score === undefined
      ? []
      : [
          {
            name: "heatpool_anomaly_score",
            help: "How far the machine departs from normal; above 1 is alarming",
            value: score,
            labels,
          },
        ]),
    {
      name: "heatpool_alarm_active",
      help: "Whether an alarm is on",
      value: isOn(book, deviceId) ? 1 : 0,
      labels,
    },
    {
      name: "heatpool_rows_scored_total",
      help: "Operating rows that were scored",
      value: rowsScored,
      labels,
    },
    {
      name: "heatpool_rows_out_of_reach_total",
      help: "Parts of rows in conditions that the model never saw",
      value: rowsOutOfReach,
      labels,
    },
    {
      name: "heatpool_scorer_dropped_total",
      help: "Snapshots that did not fit into the queue of the scorer",
      value: one.dropped,
      labels,
    },
  ];
}

function explainModel({ watch }: Scored): readonly ExplainedModelPart[] {
  const { model, watch: live } = watch;
  if (model === undefined || live === undefined) return [];
  const { last, fits } = live.reader.live;
  return model.model.plan.parts.flatMap((part, index) => {
    if (model.model.parts[index]?.isUsable !== true) return [];
    const { label, unit } = channelAt(channelIndex(part.target));
    const measured = last[index * LAST_NUMBERS] ?? Number.NaN;
    const expected = last[index * LAST_NUMBERS + 1] ?? Number.NaN;
    return {
      ...{ part: part.id, label, unit, share: live.reader.shares[index] ?? 0 },
      ...(!Number.isNaN(expected) && { measured, expected }),
      absorbed: fits[index]?.deviation[0] ?? 0,
    };
  });
}

/** Typed arrays as they are, behind a checksum. Of this file alone, written by this user. */
function writeMemory(file: DeviceFiles["state"], memory: DeviceMemory): void {
  const body = serialize({ format: STATE_FORMAT, memory });
  const sum = Buffer.alloc(CRC_BYTES);
  sum.writeUInt32LE(crc32(body));
  file.write(Buffer.concat([sum, body]));
}

/** `undefined`: there is none that can be read; the watch begins anew. */
function readMemory(file: DeviceFiles["state"]): DeviceMemory | undefined {
  const bytes = file.readBytes();
  if (bytes === undefined || bytes.length <= CRC_BYTES || bytes.length > STATE_BYTES_MAX)
    return undefined;
  const body = bytes.subarray(CRC_BYTES);
  if (crc32(body) !== bytes.readUInt32LE(0)) return undefined;
  try {
    const { format, memory } = deserialize(body) as { format: number; memory: DeviceMemory };
    return format === STATE_FORMAT ? memory : undefined;
  } catch {
    return undefined;
  }
}
