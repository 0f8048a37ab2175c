/**
 * `heatpool replay`: recorded polls, of a file or of the house's history, through the way that live
 * ones take, as fast as it goes, and the alarms that come of it. Nothing is written, nobody is told.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { decodeArtefact } from "#core/anomaly/artefact.js";
import { HeatpoolError } from "#core/errors.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import { letOthersGo, modeOf, pollsOf, writeLocalTime } from "../assembly/house-scorer.js";
import type { TimeRange } from "../history/history.js";
import type { Alarm } from "../model/alarm.js";
import { openAlarmBook } from "../model/alarm-book.js";
import { renderAlarm, renderScores } from "../model/alarm-text.js";
import { createScorer } from "../model/create-scorer.js";
import { openPolls } from "../model/csv-polls.js";
import { createMemoryRows } from "../model/memory-rows.js";
import type { CommunityModels, ScoredDevice } from "../model/scorer.js";
import type { DeviceToScore } from "../model/scorer-parts.js";
import { chooseDevice, openHistorySource } from "./history-source.js";
import { chooseLanguage, type Language } from "./language.js";
import { readSetup } from "./setup.js";
import type { CommonOptions, Terminal } from "./terminal.js";

/** What the command line asks. */
export interface ReplayOptions extends CommonOptions {
  readonly from: string;
  /** Where there are several. */
  readonly device?: string;
  readonly model?: string;
  readonly learnDays?: string;
  readonly speed: string;
  readonly language?: string;
}

const LEARN_DAYS = 75;
const DAYS_MAX = 400;
const PROGRESS_EVERY = 20_000;
const DEVICE_ID = "replayed";
/** Of a model nobody has named. */
const NO_NAME = "replayed";

/** @throws HeatpoolError `USAGE` · `NOT_FOUND` · `INVALID_ARGUMENT` · `STATE_INVALID` the model */
export async function replay(options: ReplayOptions, terminal: Terminal): Promise<void> {
  const { learnDays, model } = check(options);
  // A mistake is told before anything is read.
  chooseLanguage(options.language);
  const forModel = model && openModel(options.model ?? "", model);
  const recorded = await openRecorded(options, terminal, forModel ?? NO_NAME);
  const language = chooseLanguage(options.language, recorded.language ?? terminal.language);
  let watched: Watched;
  try {
    const { heatpumpModel } = recorded.device;
    const community = model && communityOf(options.model ?? "", model, heatpumpModel);
    watched = await watch(
      recorded,
      { language, learnDays, community, isQuiet: options.json === true },
      terminal,
    );
  } finally {
    await recorded.close();
  }
  const { alarms, devices } = watched;
  if (options.json === true) return terminal.print(JSON.stringify(watched, null, 2));
  for (const alarm of alarms)
    for (const line of renderAlarm(alarm, language, writeLocalTime)) terminal.print(line);
  for (const line of renderScores(devices, language, writeLocalTime)) terminal.print(line);
}

/** What came of it. */
interface Watched {
  readonly polls: number;
  readonly learned: number;
  readonly devices: readonly ScoredDevice[];
  /** The first one first. */
  readonly alarms: readonly Alarm[];
}

interface Watching {
  readonly language: Language;
  readonly learnDays: number;
  /** Nothing is said of how far it is. */
  readonly isQuiet: boolean;
  readonly community: CommunityModels | undefined;
}

async function watch(
  { device, polls }: Recorded,
  { learnDays, community, language, isQuiet }: Watching,
  terminal: Terminal,
): Promise<Watched> {
  const log: string[] = [];
  let nowMs = 0;
  const files = createMemoryFiles();
  const scorer = await createScorer({
    devices: [device],
    filesOf: () => ({ state: files(), local: files() }),
    book: openAlarmBook(files()),
    rows: createMemoryRows(),
    community,
    clock: { ...terminal.clock, nowMs: () => nowMs },
    log: (_, event) => log.push(event),
    language,
    writeTime: writeLocalTime,
    tell: () => undefined,
    pause: letOthersGo,
    rules: { daysMin: learnDays },
  });
  let count = 0;
  for await (const snapshot of polls) {
    if (terminal.ending.aborted)
      throw new HeatpoolError(
        "INTERRUPTED",
        `ended after ${count} polls; nothing was judged whole`,
      );
    nowMs = snapshot.takenAtMs;
    scorer.take(snapshot);
    await scorer.settled();
    if (++count % PROGRESS_EVERY === 0 && !isQuiet)
      terminal.progress?.(`${count} polls, ${new Date(nowMs).toISOString().slice(0, 10)}`);
  }
  return {
    polls: count,
    learned: log.filter((event) => event === "model.learnt").length,
    devices: scorer.devices(),
    alarms: [...scorer.alarms()].reverse(),
  };
}

/** A device with its recorded polls, in the order of time. */
interface Recorded {
  readonly device: DeviceToScore;
  /** What the house speaks; left out: a file is nobody's. */
  readonly language?: Language;
  readonly polls: AsyncIterable<Snapshot>;
  close(): Promise<void>;
}

async function openRecorded(
  options: ReplayOptions,
  terminal: Terminal,
  heatpumpModel: string,
): Promise<Recorded> {
  if (options.from === "history") return openFromHistory(options, terminal);
  const wanted = { path: options.from, deviceId: DEVICE_ID, recordedDevice: options.device };
  const { polls, modeOf } = await openPolls(wanted);
  return {
    device: { deviceId: DEVICE_ID, heatpumpModel, modeOf },
    polls,
    close: async () => undefined,
  };
}

/** As the daemon knows the device: its codes of the mode are those of its profile. */
async function openFromHistory(options: ReplayOptions, terminal: Terminal): Promise<Recorded> {
  const setup = readSetup(options.config);
  const deviceId = chooseDevice(setup, options.device);
  const found = setup.devices.find(({ config }) => config.deviceId === deviceId);
  if (found === undefined) throw new HeatpoolError("NOT_FOUND", `no device ${deviceId}`);
  const source = await openHistorySource(setup, terminal);
  const past = {
    oldestMs: async () => (await source.status()).oldestMs,
    rows: ({ deviceId: id }: { deviceId: string }, range: TimeRange) => source.rows(id, range),
  };
  const heatpumpModel = found.config.heatpumpModel ?? found.profile.name;
  const device = { deviceId, heatpumpModel, modeOf: modeOf(found.profile) };
  return {
    device,
    language: setup.config.language,
    polls: pollsOf(past, deviceId, terminal.clock.nowMs() + 1),
    close: () => source.close(),
  };
}

function check(options: ReplayOptions) {
  const { speed, model } = options;
  if (speed !== "max")
    throw new HeatpoolError("USAGE", `--speed ${speed}: recorded polls are replayed at max only`);
  const learnDays = Number(options.learnDays ?? LEARN_DAYS);
  if (!Number.isSafeInteger(learnDays) || learnDays < 1 || learnDays > DAYS_MAX)
    throw new HeatpoolError(
      "USAGE",
      `--learn-days ${options.learnDays}: a whole number from 1 to ${DAYS_MAX}`,
    );
  return { learnDays, model: model === undefined ? undefined : readModel(model) };
}

function readModel(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new HeatpoolError("NOT_FOUND", `${path} cannot be read`, { cause });
  }
}

/** The heat pump model that it is for. @throws HeatpoolError `STATE_INVALID` it is no model */
function openModel(path: string, plain: Buffer): string {
  try {
    return decodeArtefact(plain).heatPumpModel;
  } catch (cause) {
    if (!(cause instanceof HeatpoolError)) throw cause;
    throw new HeatpoolError(cause.code, `${path}: ${cause.message}`, {
      cause,
      hint: "--model names what `heatpool-backend train --out` or `npm run detect` wrote.",
    });
  }
}

/**
 * A file of the owner stands for a release of the community.
 *
 * @throws HeatpoolError `STATE_INVALID` it is for another heat pump
 */
function communityOf(path: string, plain: Buffer, heatpumpModel: string): CommunityModels {
  decodeArtefact(plain, heatpumpModel);
  return { newest: () => ({ modelId: basename(path), release: 1, plain }) };
}

/** Files that are gone afterwards. */
function createMemoryFiles() {
  return () => {
    let kept: Buffer | undefined;
    return {
      path: "memory",
      read: () => kept?.toString("utf8"),
      readBytes: () => kept,
      write: (content: string | Uint8Array) => {
        kept = Buffer.from(content);
      },
      remove: () => {
        kept = undefined;
      },
    };
  };
}
