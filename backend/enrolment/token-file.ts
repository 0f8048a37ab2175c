/**
 * Files of tokens: the SHA-256 of each, one a line, with what belongs to it and a label for people.
 * A token itself stands nowhere.
 *
 * A token made while the backend runs is known within a second; one that is taken out of the file
 * is refused from then on. A file that is being changed changes nothing until it can be read.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import type { Chance, Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import { SECRET_MODE, writeNewFile } from "./new-file.js";

/** What the tokens of a file are for. */
export interface TokenForm<Facts> {
  /** Tells people and scanners what leaked. */
  readonly prefix: string;
  /** A line; its first group is the hash. */
  readonly line: RegExp;
  /** What stands in a line, for people. */
  readonly content: string;
  /** Whether a file that is not there holds no token; else it is a fault. */
  readonly mayBeMissing: boolean;
  /** How tokens are made, for people. */
  readonly hint: string;
  /** What belongs to a token. */
  readFacts(line: RegExpExecArray): Facts;
}

/** A token as its file has it. */
export interface TokenEntry<Facts> {
  readonly hash: Buffer;
  readonly facts: Facts;
}

/** A file of tokens that is followed. */
export interface TokenFile<Facts> {
  readonly count: number;
  /** @param isUrgent looks at the file at once */
  find(token: string, isUrgent?: boolean): TokenEntry<Facts> | undefined;
}

const TOKEN_BYTES = 32;
/** The file is looked at for changes at most this often. */
const LOOK_AGAIN_MS = 1_000;
/** A hobbyist has a handful, a company gives one to each installation. */
const TOKENS_MAX = 100_000;

/** @throws HeatpoolError `STATE_INVALID` the file cannot be read, or is not one of tokens */
export function openTokenFile<Facts>(
  path: string,
  form: TokenForm<Facts>,
  clock: Pick<Clock, "monotonicMs">,
): TokenFile<Facts> {
  let entries = readTokens(path, form);
  let changedAtMs = changeTime(path);
  let lookedAtMs = clock.monotonicMs();
  const lookAgain = (isUrgent: boolean): void => {
    if (!isUrgent && clock.monotonicMs() - lookedAtMs < LOOK_AGAIN_MS) return;
    lookedAtMs = clock.monotonicMs();
    const atMs = changeTime(path);
    if (atMs === changedAtMs) return;
    try {
      entries = readTokens(path, form);
      changedAtMs = atMs;
    } catch {
      // What was known stays until the file can be read.
    }
  };
  return {
    get count() {
      return entries.length;
    },
    find(token, isUrgent = false) {
      lookAgain(isUrgent);
      const hash = hashOf(token);
      let found: TokenEntry<Facts> | undefined;
      // Every hash is compared, so that the time tells nothing.
      for (const one of entries) if (timingSafeEqual(one.hash, hash)) found = one;
      return found;
    },
  };
}

/**
 * Makes a token and makes it known. Resolves with the token, which is nowhere else.
 *
 * @param words what stands after the hash; control characters become spaces
 * @throws HeatpoolError `STATE_INVALID` the file is none of tokens, or cannot be written
 */
export async function addToken<Facts>(
  path: string,
  form: TokenForm<Facts>,
  words: string,
  chance: Chance,
): Promise<string> {
  const token = form.prefix + Buffer.from(chance(TOKEN_BYTES)).toString("base64url");
  const line = `${hashOf(token).toString("hex")} ${words.replace(/\p{Cc}/gu, " ")}\n`;
  if (changeTime(path) === undefined) await writeNewFile(path, line, SECRET_MODE);
  else {
    readTokens(path, form);
    await appendFile(path, line, { flush: true } as object);
  }
  return token;
}

/** @throws HeatpoolError `STATE_INVALID` with the first line that is none */
export function readTokens<Facts>(path: string, form: TokenForm<Facts>): TokenEntry<Facts>[] {
  const lines = readTokenLines(path, form).filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.length > TOKENS_MAX) {
    throw new HeatpoolError("STATE_INVALID", `${path}: ${lines.length} tokens`);
  }
  return lines.map((line, index) => {
    const parts = form.line.exec(line);
    const hash = parts?.[1];
    if (parts !== null && hash !== undefined) {
      return { hash: Buffer.from(hash, "hex"), facts: form.readFacts(parts) };
    }
    const what = `${path}: entry ${index + 1} is not ${form.content}`;
    throw new HeatpoolError("STATE_INVALID", what, {
      hint: `${form.hint} The token itself is never in it.`,
    });
  });
}

/** All lines, also empty ones and those for people. @throws HeatpoolError `STATE_INVALID` */
export function readTokenLines(
  path: string,
  { mayBeMissing, hint }: Pick<TokenForm<unknown>, "mayBeMissing" | "hint">,
): string[] {
  if (mayBeMissing && changeTime(path) === undefined) return [];
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .map((line) => line.trim());
  } catch (cause) {
    throw new HeatpoolError("STATE_INVALID", `cannot read the tokens in ${path}`, { cause, hint });
  }
}

/** `undefined`: there is no such file. */
function changeTime(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

function hashOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
