/** Releases that wait for the workstation's signature: a file that `keys export` carries there. */
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Release } from "#core/catalogue/release.js";
import { HeatpoolError } from "#core/errors.js";
import { writeSynced } from "./metadata-folder.js";
import { makeTargets } from "./sign-metadata.js";

/** A month of training makes a few dozen. */
const PROPOSALS_MAX = 1_000;
const BYTES_MAX = 4 * 1024 * 1024;

/** @throws HeatpoolError `STATE_INVALID` not a list of releases */
export async function readProposals(path: string): Promise<Release[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as { code?: unknown }).code === "ENOENT") return [];
    throw new HeatpoolError("STATE_INVALID", `cannot read ${path}`, { cause });
  }
  return parseProposals(text, path);
}

export function parseProposals(text: string, name: string): Release[] {
  try {
    if (text.length > BYTES_MAX) throw new RangeError(`${text.length} characters`);
    const list: Release[] = JSON.parse(text);
    if (!Array.isArray(list)) throw new TypeError("not a list");
    // Listed for a moment, in metadata that nobody signs: its shape is the check.
    makeTargets({ version: 1, expiresAtMs: 0 }, list);
    return list;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HeatpoolError("STATE_INVALID", `${name} is no list of releases: ${why}`, {
      cause,
      hint:
        "`keys export` writes one. Remove it where it is the backend's own: the next start of " +
        "`serve` lists again what waits.",
    });
  }
}

/** @throws HeatpoolError `RATE_LIMITED` more than anybody will look at */
export async function writeProposals(path: string, releases: readonly Release[]): Promise<void> {
  if (releases.length > PROPOSALS_MAX) {
    throw new HeatpoolError("RATE_LIMITED", `${releases.length} releases wait for a signature`);
  }
  const text = `${JSON.stringify(releases, undefined, 2)}\n`;
  await writeSynced(dirname(path), path, Buffer.from(text));
}
