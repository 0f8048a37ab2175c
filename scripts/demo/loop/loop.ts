/**
 * `npm run demo -- --loop`: the whole loop, once. Progress goes to standard error; the last line on
 * standard output is one JSON object with what was seen.
 *
 * As a rule by the ordinary rules of a pool: 15 homes, because a model of fewer is not published.
 * `--short` is a closed test pool of five, as an operator may set one up.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type StoryFacts, type StoryOptions, tellStory } from "./story.js";

const DAYS = 30;
const SEED = 3;

const WHOLE: StoryOptions = {
  ...{ homes: 15, living: 3, days: DAYS, seed: SEED },
  pool: { publishInstallationsMin: 15, isClosedTestPool: false },
};
const SHORT: StoryOptions = {
  ...{ homes: 5, living: 2, days: DAYS, seed: SEED },
  pool: { publishInstallationsMin: 5, isClosedTestPool: true },
};

/** @returns what the process ends with */
export async function runLoop(isShort: boolean): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "heatpool-loop-"));
  const ending = new AbortController();
  process.once("SIGINT", () => ending.abort());
  process.once("SIGTERM", () => ending.abort());
  const startedMs = performance.now();
  const note = (text: string) => {
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(0).padStart(4);
    console.error(`${seconds} s  ${text}`);
  };
  try {
    const facts = await tellStory(folder, isShort ? SHORT : WHOLE, note, ending.signal);
    const missing = whatIsMissing(facts);
    for (const one of missing) note(`NOT AS PROMISED: ${one}`);
    console.log(JSON.stringify({ loop: missing.length === 0 ? "closed" : "open", ...facts }));
    return missing.length === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the product promises of a loop and this one did not show; empty: nothing. */
export function whatIsMissing(facts: StoryFacts): readonly string[] {
  const { alarm } = facts;
  const promises: readonly (readonly [boolean, string])[] = [
    [facts.training.outcome === "candidate", "training makes a model that passes every gate"],
    [facts.receivedBy === facts.living, "who contributes has the model"],
    [facts.heldByBackend === facts.living, "the backend knows who has the model"],
    [alarm.source === "community", "the community's model alarms"],
    [alarm.told.includes("fan speed"), "the owner reads which part failed"],
    [alarm.parts.some((part) => part.endsWith(".fan")), "the alarm names the part that failed"],
    [
      alarm.hoursAfterFault > 0 && alarm.toldHoursAfterFault > 0,
      "the fault is told, not before it",
    ],
    [alarm.resolvedHoursAfterMending > 0, "the end is seen, not before the fault was mended"],
    [alarm.endToldHoursAfterMending > 0, "the end is told"],
    [facts.alarmsOfTheFaultyHome === 1, "one event is one alarm"],
    [facts.alarmsOfNeighbours === 0, "healthy neighbours stay silent"],
    [!facts.noticesOfNeighbours.some(isComplaint), "healthy neighbours are told of no fault"],
    [facts.snapshotsUnaccounted === 0, "nothing is lost unseen"],
  ];
  return promises.flatMap(([isKept, what]) => (isKept ? [] : [what]));
}

/** Of a machine or its data; a hint is information. */
function isComplaint(notice: string): boolean {
  const [kind = "", severity] = notice.split(" ");
  return ["anomaly", "data-quality", "device-silent"].includes(kind) && severity !== "info";
}
