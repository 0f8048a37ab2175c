/**
 * `heatpool backlog rejected` and `heatpool backlog replay`: asks the daemon, or does it itself when
 * none runs.
 */
import { existsSync } from "node:fs";
import { HeatpoolError } from "#core/errors.js";
import { openBacklog } from "../assembly/open-backlog.js";
import { openState } from "../assembly/state-files.js";
import {
  answerDeadLetters,
  type DeadLetterAnswer,
  type DeadLetterAsk,
} from "../backlog/dead-letter-desk.js";
import { askDaemon, controlSocketPath, deadLetterQuestion } from "../local/control-socket.js";
import { renderAnswerJson, renderDone, renderLetter, renderLetters } from "./rejected.js";
import { readSetup } from "./setup.js";
import type { CommonOptions, Terminal } from "./terminal.js";

/** Options of the commands that change something. */
export interface RejectedOptions extends CommonOptions {
  readonly all?: boolean;
}

const NOTHING: DeadLetterAnswer = { letters: [] };

export async function listRejected(options: CommonOptions, terminal: Terminal): Promise<void> {
  const answer = await ask(options, terminal, { action: "list" });
  terminal.print(options.json === true ? renderAnswerJson(answer) : renderLetters(answer));
}

export async function showRejected(
  options: CommonOptions,
  terminal: Terminal,
  words: readonly string[],
): Promise<void> {
  const [number = 0] = parseNumbers(words);
  const answer = await ask(options, terminal, { action: "show", number });
  terminal.print(options.json === true ? renderAnswerJson(answer) : renderLetter(answer));
}

export function replayRejected(
  options: RejectedOptions,
  terminal: Terminal,
  words: readonly string[],
): Promise<void> {
  return change("replay", options, terminal, words);
}

export function dropRejected(
  options: RejectedOptions,
  terminal: Terminal,
  words: readonly string[],
): Promise<void> {
  return change("drop", options, terminal, words);
}

/** `heatpool backlog replay`: everything that was set aside. */
export function replayAll(options: CommonOptions, terminal: Terminal): Promise<void> {
  return change("replay", { ...options, all: true }, terminal, []);
}

async function change(
  action: "replay" | "drop",
  options: RejectedOptions,
  terminal: Terminal,
  words: readonly string[],
): Promise<void> {
  if ((options.all === true) === words.length > 0) {
    throw new HeatpoolError("USAGE", `${action}: which ones?`, {
      hint: `Give their numbers, or --all.`,
    });
  }
  const numbers = options.all === true ? "all" : parseNumbers(words);
  const answer = await ask(options, terminal, { action, numbers });
  terminal.print(options.json === true ? renderAnswerJson(answer) : renderDone(action, answer));
}

function parseNumbers(words: readonly string[]): number[] {
  return words.map((word) => {
    if (/^[1-9]\d{0,14}$/.test(word)) return Number(word);
    throw new HeatpoolError("USAGE", `${word} is no number of a rejected batch`, {
      hint: "`heatpool backlog rejected list` shows them.",
    });
  });
}

async function ask(
  options: CommonOptions,
  terminal: Terminal,
  question: DeadLetterAsk,
): Promise<DeadLetterAnswer> {
  const setup = readSetup(options.config);
  const { clock, version } = terminal;
  const socket = controlSocketPath(setup.config.runtimeDir);
  const answer = await askDaemon(clock, socket, deadLetterQuestion(question));
  if (answer !== undefined) return (answer as { rejected?: DeadLetterAnswer }).rejected ?? NOTHING;
  const { backlogFolder } = openState(setup.config, clock, version);
  // Looking must not make a backlog where there is none.
  if (!existsSync(backlogFolder)) return NOTHING;
  const backlog = await openBacklog({ ...setup, ...terminal }, backlogFolder);
  try {
    return await answerDeadLetters(backlog, question);
  } finally {
    await backlog.close();
  }
}
