/**
 * The store key: 32 random bytes that open what the backend keeps sealed. A systemd credential, or
 * a file for the backend's eyes only.
 */
import { readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Chance } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import { writeSynced } from "./metadata-folder.js";
import { STORE_KEY_BYTES } from "./online-keys.js";

const OTHERS = 0o077;

/** @throws HeatpoolError `NOT_FOUND` no such file · `STATE_INVALID` others may read it, or no key */
export function readStoreKey(path: string): Buffer {
  let mode: number;
  let key: Buffer;
  try {
    mode = statSync(path).mode;
    key = readFileSync(path);
  } catch (cause) {
    throw new HeatpoolError("NOT_FOUND", `there is no store key at ${path}`, {
      cause,
      hint: "`heatpool-backend keys init` makes one; with systemd name the credential's path.",
    });
  }
  if ((mode & OTHERS) !== 0) {
    throw new HeatpoolError("STATE_INVALID", `${path} may be read by others`, {
      hint: `Run chmod 600 ${path}.`,
    });
  }
  if (key.length !== STORE_KEY_BYTES) {
    throw new HeatpoolError("STATE_INVALID", `${path} has ${key.length} bytes, not 32`);
  }
  return key;
}

/** Makes one where there is none. Resolves with whether it did. */
export async function makeStoreKey(path: string, chance: Chance): Promise<boolean> {
  try {
    readStoreKey(path);
    return false;
  } catch (error) {
    if (!(error instanceof HeatpoolError) || error.code !== "NOT_FOUND") throw error;
  }
  await writeSynced(dirname(path), path, chance(STORE_KEY_BYTES));
  return true;
}
