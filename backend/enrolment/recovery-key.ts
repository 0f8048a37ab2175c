/**
 * The random key under which recovery codes are kept. It lies sealed under the store key, so that a
 * copy of the state alone does not let anybody try codes.
 */
import { existsSync, readFileSync } from "node:fs";
import type { Chance } from "#core/clock.js";
import { NONCE_BYTES } from "#core/envelope/aead.js";
import { unwrapKey, wrapKey } from "#core/envelope/wrapped-key.js";
import { HeatpoolError } from "#core/errors.js";
import { SECRET_MODE, writeNewFile } from "./new-file.js";

/** Name of the record, which is authenticated with it. */
const RECORD = "recovery-codes";
const KEY_BYTES = 32;

/**
 * The key of recovery codes; makes it the first time.
 *
 * @throws HeatpoolError `STATE_INVALID` sealed under another store key
 */
export async function openRecoveryKey(
  path: string,
  storeKey: Uint8Array,
  chance: Chance,
): Promise<Buffer> {
  const place = { domain: "heatpool-store/v1", secret: storeKey, name: RECORD } as const;
  if (existsSync(path)) {
    const sealed = Buffer.from(readText(path).trim(), "base64");
    const key = unwrapKey(place, sealed);
    if (key !== undefined) return key;
    throw new HeatpoolError(
      "STATE_INVALID",
      `${path}: sealed under another store key, or changed`,
      {
        hint: "Restore the store key that belongs to this state directory.",
      },
    );
  }
  const key = Buffer.from(chance(KEY_BYTES));
  const sealed = wrapKey(place, key, chance(NONCE_BYTES)).toString("base64");
  await writeNewFile(path, `${sealed}\n`, SECRET_MODE);
  return key;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new HeatpoolError("STATE_INVALID", `${path} cannot be read: ${code}`, {
      cause,
      hint: "Restore it from a backup: without it no owner's recovery code is known any more.",
    });
  }
}
