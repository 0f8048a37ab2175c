/**
 * Bearer tokens of clients that send by HTTP. A token is one installation's, or shared: who holds a
 * shared one may say any id. The backend keeps their SHA-256 only, one a line with its holder.
 *
 * A token made while the backend runs is known within a second; one that is taken out of the file
 * is refused from then on.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { appendFile, rename, rm } from "node:fs/promises";
import type { Chance, Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { BearerTokens, TokenHolder } from "../http/http.js";
import { SECRET_MODE, writeNewFile } from "./new-file.js";

const TOKEN_BYTES = 32;
/** Tells people and scanners what leaked. */
const TOKEN_PREFIX = "hpbt_";
const SHARED = "shared";
const LINE =
  /^([0-9a-f]{64}) (shared|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?:\s|$)/;
/** The file is looked at for changes at most this often. */
const LOOK_AGAIN_MS = 1_000;
const TOKENS_MAX = 100_000;

interface Entry {
  readonly hash: Buffer;
  readonly holder: TokenHolder;
}

/** A file that is not there holds no token. @throws HeatpoolError `STATE_INVALID` it is no such file */
export function openBearerTokens(path: string, clock: Pick<Clock, "monotonicMs">): BearerTokens {
  let entries = readEntries(path);
  let changedAtMs = changeTime(path);
  let lookedAtMs = clock.monotonicMs();
  const lookAgain = (): void => {
    if (clock.monotonicMs() - lookedAtMs < LOOK_AGAIN_MS) return;
    lookedAtMs = clock.monotonicMs();
    const atMs = changeTime(path);
    if (atMs === changedAtMs) return;
    try {
      entries = readEntries(path);
      changedAtMs = atMs;
    } catch {
      // A file that is being changed: what was known stays until it can be read.
    }
  };
  return {
    get count() {
      return entries.length;
    },
    find(token) {
      lookAgain();
      const hash = hashOf(token);
      let found: TokenHolder | undefined;
      // Every hash is compared, so that the time tells nothing.
      for (const one of entries) if (timingSafeEqual(one.hash, hash)) found = one.holder;
      return found;
    },
  };
}

/**
 * Makes a token and makes it known. Resolves with the token, which is nowhere else.
 *
 * @param installationId lower-case UUID; left out: shared
 * @throws HeatpoolError `STATE_INVALID` the file cannot be written
 */
export async function createBearerToken(
  path: string,
  { installationId, label }: { installationId?: string; label: string },
  chance: Chance,
): Promise<string> {
  const token = TOKEN_PREFIX + Buffer.from(chance(TOKEN_BYTES)).toString("base64url");
  const holder = installationId ?? SHARED;
  const line = `${hashOf(token).toString("hex")} ${holder} ${label.replace(/\p{Cc}/gu, " ")}\n`;
  if (changeTime(path) === undefined) await writeNewFile(path, line, SECRET_MODE);
  else {
    readEntries(path);
    await appendFile(path, line, { flush: true } as object);
  }
  return token;
}

/**
 * Takes the tokens of an installation out of the file; shared ones stay. Whole or not at all.
 *
 * @throws HeatpoolError `STATE_INVALID` the file is none of tokens, or cannot be written
 */
export async function removeBearerTokens(path: string, installationId: string): Promise<void> {
  const lines = readLines(path);
  readEntries(path);
  const kept = lines.filter((line) => LINE.exec(line)?.[2] !== installationId);
  if (kept.length === lines.length) return;
  const beside = `${path}.new`;
  await rm(beside, { force: true });
  await writeNewFile(beside, kept.join("\n"), SECRET_MODE);
  await rename(beside, path);
}

function changeTime(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

function hashOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

function readEntries(path: string): Entry[] {
  const lines = readLines(path).filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.length > TOKENS_MAX) {
    throw new HeatpoolError("STATE_INVALID", `${path}: ${lines.length} tokens`);
  }
  return lines.map((line, index) => {
    const [, hash, holder] = LINE.exec(line) ?? [];
    if (hash === undefined || holder === undefined) {
      const what = `${path}: entry ${index + 1} is not the SHA-256 of a token and its holder`;
      throw new HeatpoolError("STATE_INVALID", what, {
        hint: "Make tokens with `heatpool-backend token create`; the token itself is never in it.",
      });
    }
    return {
      hash: Buffer.from(hash, "hex"),
      holder:
        holder === SHARED
          ? ({ kind: "shared" } as const)
          : ({ kind: "installation", installationId: holder } as const),
    };
  });
}

function readLines(path: string): string[] {
  if (changeTime(path) === undefined) return [];
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .map((line) => line.trim());
  } catch (cause) {
    throw new HeatpoolError("STATE_INVALID", `cannot read the tokens in ${path}`, { cause });
  }
}
