/**
 * Words about dead letters, for a person or as JSON. Pure: the answers come from whoever holds the
 * backlog.
 */
import type { DeadLetterReason } from "../backlog/backlog.js";
import type { DeadLetterAnswer } from "../backlog/dead-letter-desk.js";
import { alignColumns, timeOf } from "./backlog.js";

/** What each reason means to the owner. */
const REASONS: Record<DeadLetterReason, string> = {
  "too-large": "one snapshot is above what the backend takes",
  refused: "the backend refuses it",
  poison: "every connection broke with it",
  forked: "the backend has other data under its number: was this disk copied?",
  unreadable: "cannot be read on this disk",
};
/** Snapshots shown to a person; JSON has all. */
const ROWS_SHOWN_MAX = 20;

/** What is kept aside, oldest first. */
export function renderLetters({ letters }: DeadLetterAnswer): string {
  if (letters.length === 0) return "Nothing was rejected.";
  const head = ["number", "from", "to", "snapshots", "device", "reason", ""];
  const rows = letters.map((letter) => [
    String(letter.number),
    timeOf(letter.fromMs),
    timeOf(letter.toMs),
    String(letter.snapshots),
    letter.deviceId,
    letter.reason,
    REASONS[letter.reason],
  ]);
  return alignColumns([head, ...rows]).join("\n");
}

/** One of them with its values. */
export function renderLetter({ letters, rows }: DeadLetterAnswer): string {
  const [letter] = letters;
  if (letter === undefined) return "Nothing was rejected.";
  const facts = alignColumns([
    ["number", String(letter.number)],
    ["device", letter.deviceId],
    ["time", `${timeOf(letter.fromMs)} to ${timeOf(letter.toMs)}`],
    ["snapshots", `${letter.snapshots} with ${letter.readings} readings`],
    ["reason", `${letter.reason}: ${REASONS[letter.reason]}`],
    ["said", letter.detail],
    ["set aside", timeOf(letter.setAsideAtMs)],
  ]);
  if (rows === undefined) return [...facts, "Its values cannot be read."].join("\n");
  const shown = rows.slice(0, ROWS_SHOWN_MAX).map(({ atMs, values }) => {
    const readings = Object.entries(values).map(([metric, value]) => `${metric}=${value}`);
    return `${timeOf(atMs)}  ${readings.join(" ")}`;
  });
  const more = rows.length > shown.length ? [`and ${rows.length - shown.length} more`] : [];
  return [...facts, ...shown, ...more].join("\n");
}

/** What became of those that were replayed or dropped. */
export function renderDone(action: "replay" | "drop", { count = 0 }: DeadLetterAnswer): string {
  const batches = count === 1 ? "1 batch" : `${count} batches`;
  return action === "replay"
    ? `${batches} will be sent again with the next upload.`
    : `${batches} dropped; the loss ledger says so.`;
}

export function renderAnswerJson(answer: DeadLetterAnswer): string {
  return JSON.stringify(answer, undefined, 2);
}
