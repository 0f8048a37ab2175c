/**
 * Bearer tokens of clients that send by HTTP. A token is one installation's, or shared: who holds a
 * shared one may say any id.
 */
import { rename, rm } from "node:fs/promises";
import type { Chance, Clock } from "#core/clock.js";
import type { BearerTokens, TokenHolder } from "../http/http.js";
import { SECRET_MODE, writeNewFile } from "./new-file.js";
import {
  addToken,
  openTokenFile,
  readTokenLines,
  readTokens,
  type TokenForm,
} from "./token-file.js";

const SHARED = "shared";
const BEARER: TokenForm<TokenHolder> = {
  prefix: "hpbt_",
  line: /^([0-9a-f]{64}) (shared|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?:\s|$)/,
  content: "the SHA-256 of a token and its holder",
  mayBeMissing: true,
  hint: "Make tokens with `heatpool-backend token create`.",
  readFacts([, , holder = ""]) {
    return holder === SHARED
      ? { kind: "shared" }
      : { kind: "installation", installationId: holder };
  },
};

/** A file that is not there holds no token. @throws HeatpoolError `STATE_INVALID` it is no such file */
export function openBearerTokens(path: string, clock: Pick<Clock, "monotonicMs">): BearerTokens {
  const file = openTokenFile(path, BEARER, clock);
  return {
    get count() {
      return file.count;
    },
    find: (token) => file.find(token)?.facts,
  };
}

/**
 * Makes a token and makes it known. Resolves with the token, which is nowhere else.
 *
 * @param installationId lower-case UUID; left out: shared
 * @throws HeatpoolError `STATE_INVALID` the file cannot be written
 */
export function createBearerToken(
  path: string,
  { installationId, label }: { installationId?: string; label: string },
  chance: Chance,
): Promise<string> {
  return addToken(path, BEARER, `${installationId ?? SHARED} ${label}`, chance);
}

/**
 * Takes the tokens of an installation out of the file; shared ones stay. Whole or not at all.
 *
 * @throws HeatpoolError `STATE_INVALID` the file is none of tokens, or cannot be written
 */
export async function removeBearerTokens(path: string, installationId: string): Promise<void> {
  const lines = readTokenLines(path, BEARER);
  readTokens(path, BEARER);
  const kept = lines.filter((line) => BEARER.line.exec(line)?.[2] !== installationId);
  if (kept.length === lines.length) return;
  const beside = `${path}.new`;
  await rm(beside, { force: true });
  await writeNewFile(beside, kept.join("\n"), SECRET_MODE);
  await rename(beside, path);
}
