/**
 * Claim tokens: whoever holds one may send. The backend keeps their SHA-256 only, one a line.
 *
 * A token made while the backend runs is known within a second; one that is taken out of the file
 * is refused from then on.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import type { Chance, Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import { SECRET_MODE, writeNewFile } from "./new-file.js";

/** Tokens as the door asks about them. */
export interface ClaimTokens {
  /** How many there are. */
  readonly count: number;
  isKnown(token: string): boolean;
  /** SHA-256 of a known token, hexadecimal. */
  find(token: string): string | undefined;
}

const TOKEN_BYTES = 32;
/** Tells people and scanners what leaked. */
const TOKEN_PREFIX = "hpct_";
const HASH_LINE = /^([0-9a-f]{64})(\s|$)/;
/** The file is looked at for changes at most this often. */
const LOOK_AGAIN_MS = 1_000;
/** A hobbyist has a handful, a company gives one to each installation. */
const TOKENS_MAX = 100_000;

/** @throws HeatpoolError `STATE_INVALID` the file cannot be read, or is not one of tokens */
export function openClaimTokens(path: string, clock: Pick<Clock, "monotonicMs">): ClaimTokens {
  let hashes = readHashes(path);
  let changedAtMs = statSync(path).mtimeMs;
  let lookedAtMs = clock.monotonicMs();

  /** A file that is being changed, or went away, changes nothing. */
  const lookAgain = (isUrgent: boolean): void => {
    if (!isUrgent && clock.monotonicMs() - lookedAtMs < LOOK_AGAIN_MS) return;
    lookedAtMs = clock.monotonicMs();
    try {
      const { mtimeMs } = statSync(path);
      if (mtimeMs === changedAtMs) return;
      hashes = readHashes(path);
      changedAtMs = mtimeMs;
    } catch {
      return;
    }
  };
  const isKnown = (hash: Buffer, isUrgent = false): boolean => {
    lookAgain(isUrgent);
    // Every hash is compared, so that the time tells nothing.
    return hashes.reduce((is, one) => timingSafeEqual(one, hash) || is, false);
  };
  return {
    get count() {
      return hashes.length;
    },
    isKnown: (token) => isKnown(hashOf(token)),
    find(token) {
      const hash = hashOf(token);
      // Who enrols was given the token just now, and calls a few times an hour at most.
      return isKnown(hash) || isKnown(hash, true) ? hash.toString("hex") : undefined;
    },
  };
}

/**
 * Makes a token and makes it known. Resolves with the token, which is nowhere else.
 *
 * @param label for people, who has it
 * @throws HeatpoolError `STATE_INVALID` the file cannot be written
 */
export async function createClaimToken(
  path: string,
  label: string,
  chance: Chance,
): Promise<string> {
  const token = TOKEN_PREFIX + Buffer.from(chance(TOKEN_BYTES)).toString("base64url");
  const line = `${hashOf(token).toString("hex")} ${label.replace(/\p{Cc}/gu, " ")}\n`;
  try {
    readHashes(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
    await writeNewFile(path, line, SECRET_MODE);
    return token;
  }
  await appendFile(path, line, { flush: true } as object);
  return token;
}

function hashOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

function readHashes(path: string): Buffer[] {
  const lines = readLines(path).filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.length > TOKENS_MAX) {
    throw new HeatpoolError("STATE_INVALID", `${path}: ${lines.length} tokens`);
  }
  return lines.map((line, index) => {
    const hash = HASH_LINE.exec(line)?.[1];
    if (hash !== undefined) return Buffer.from(hash, "hex");
    const what = `${path}: entry ${index + 1} is not the SHA-256 of a token`;
    throw new HeatpoolError("STATE_INVALID", what, {
      hint: "Make tokens with `heatpool-backend token create --claim`; the token itself is never in it.",
    });
  });
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .map((line) => line.trim());
  } catch (cause) {
    throw new HeatpoolError("STATE_INVALID", `cannot read the claim tokens in ${path}`, {
      cause,
      hint: "Make the first one with `heatpool-backend token create --claim`.",
    });
  }
}

function isMissing(error: unknown): boolean {
  const cause = error instanceof HeatpoolError ? error.cause : undefined;
  return cause instanceof Error && "code" in cause && cause.code === "ENOENT";
}
