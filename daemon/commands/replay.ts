/**
 * `heatpool replay`: recorded polls through the way that live ones take, as fast as it goes, and the
 * alarms that come of it. Nothing is written, nobody is told.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { type Artefact, decodeArtefact } from "#core/anomaly/artefact.js";
import { HeatpoolError } from "#core/errors.js";
import { letOthersGo, writeLocalTime } from "../assembly/house-scorer.js";
import { openAlarmBook } from "../model/alarm-book.js";
import { renderAlarm, renderScores } from "../model/alarm-text.js";
import { createScorer } from "../model/create-scorer.js";
import { readPolls, recordedMode } from "../model/csv-polls.js";
import { createMemoryRows } from "../model/memory-rows.js";
import type { CommunityModels } from "../model/scorer.js";
import type { CommonOptions, Terminal } from "./terminal.js";

/** What the command line asks. */
export interface ReplayOptions extends CommonOptions {
  readonly from: string;
  readonly model?: string;
  readonly learnDays?: string;
  readonly speed: string;
  readonly language?: "de" | "en";
}

const LEARN_DAYS = 75;
const DAYS_MAX = 400;
const PROGRESS_EVERY = 20_000;
const DEVICE_ID = "replayed";
/** Of a model nobody has named. */
const NO_NAME = "replayed";

/** @throws HeatpoolError `USAGE` · `NOT_FOUND` · `INVALID_ARGUMENT` · `STATE_INVALID` the model */
export async function replay(options: ReplayOptions, terminal: Terminal): Promise<void> {
  const { learnDays, artefact } = check(options);
  const log: string[] = [];
  let nowMs = 0;
  const files = createMemoryFiles();
  const scorer = await createScorer({
    devices: [
      {
        deviceId: DEVICE_ID,
        heatpumpModel: artefact?.heatPumpModel ?? NO_NAME,
        modeOf: recordedMode,
      },
    ],
    filesOf: () => ({ state: files(), local: files() }),
    book: openAlarmBook(files()),
    rows: createMemoryRows(),
    community: artefact && communityOf(options.model ?? "", artefact.heatPumpModel),
    clock: { ...terminal.clock, nowMs: () => nowMs },
    log: (_, event) => log.push(event),
    language: options.language ?? "en",
    writeTime: writeLocalTime,
    tell: () => undefined,
    pause: letOthersGo,
    rules: { daysMin: learnDays },
  });
  let polls = 0;
  for await (const snapshot of readPolls(options.from, DEVICE_ID)) {
    if (terminal.ending.aborted) break;
    nowMs = snapshot.takenAtMs;
    scorer.take(snapshot);
    await scorer.settled();
    if (++polls % PROGRESS_EVERY === 0)
      terminal.warn(`${polls} polls, ${new Date(nowMs).toISOString().slice(0, 10)}`);
  }
  const alarms = [...scorer.alarms()].reverse();
  const devices = scorer.devices();
  const learned = log.filter((event) => event === "model.learnt").length;
  if (options.json === true)
    return terminal.print(JSON.stringify({ polls, learned, devices, alarms }, null, 2));
  const language = options.language ?? "en";
  for (const alarm of alarms)
    for (const line of renderAlarm(alarm, language, writeLocalTime)) terminal.print(line);
  for (const line of renderScores(devices, language)) terminal.print(line);
}

function check(options: ReplayOptions) {
  const { from, speed, model } = options;
  if (speed !== "max")
    throw new HeatpoolError("USAGE", `--speed ${speed}: recorded polls are replayed at max only`);
  if (from === "history")
    throw new HeatpoolError("USAGE", "--from history: only files are replayed", {
      hint: "Write it to a file with `heatpool history export --csv` and name that file.",
    });
  const learnDays = Number(options.learnDays ?? LEARN_DAYS);
  if (!Number.isSafeInteger(learnDays) || learnDays < 1 || learnDays > DAYS_MAX)
    throw new HeatpoolError("USAGE", `--learn-days is a number from 1 to ${DAYS_MAX}`);
  return { learnDays, artefact: model === undefined ? undefined : readArtefact(model) };
}

function readArtefact(path: string): Artefact {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new HeatpoolError("NOT_FOUND", `${path} cannot be read`, { cause });
  }
  return decodeArtefact(bytes);
}

/** A file of the owner stands for a release of the community. */
function communityOf(path: string, heatpumpModel: string): CommunityModels {
  const plain = readFileSync(path);
  const model = { modelId: basename(path), release: 1, plain };
  return { newest: (wanted) => (wanted === heatpumpModel ? model : undefined) };
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
