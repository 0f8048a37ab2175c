/**
 * The random key under which recovery codes are kept. It lies sealed under the store key, so that a
 * copy of the state alone does not let anybody try codes.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import type { Chance } from "#core/clock.js";
import { createRecordSeal, SEAL_NONCE_BYTES, SECRET_BYTES } from "#core/enrolment/sealed-record.js";
import { HeatpoolError } from "#core/errors.js";
import { SECRET_MODE, writeNewFile } from "./new-file.js";

/** Name of the record, which is authenticated with it. */
const RECORD = "recovery-codes";
/** Others may not even read. */
const FOREIGN_BITS = 0o077;

/**
 * The secret of this backend: 32 bytes, raw or as 64 hexadecimal digits.
 *
 * @param credential where systemd put it; it may be readable to the service alone
 * @throws HeatpoolError `STATE_INVALID` missing, too short, or readable to others
 */
export function readStoreKey(path: string, credential?: string): Buffer {
  if (credential !== undefined && existsSync(credential)) return toSecret(credential);
  try {
    const { mode } = statSync(path);
    if ((mode & FOREIGN_BITS) !== 0) {
      const hint = `Run chmod 600 ${path}.`;
      throw new HeatpoolError("STATE_INVALID", `${path} can be read by others`, { hint });
    }
  } catch (cause) {
    if (cause instanceof HeatpoolError) throw cause;
    throw new HeatpoolError("STATE_INVALID", `there is no store key ${path}`, {
      cause,
      hint: "Make one with `heatpool-backend ca init`, or give the systemd credential store-key.",
    });
  }
  return toSecret(path);
}

/** Makes a store key where there is none. @throws HeatpoolError `STATE_INVALID` not written */
export async function createStoreKey(path: string, chance: Chance): Promise<void> {
  if (existsSync(path)) return;
  await writeNewFile(path, chance(SECRET_BYTES), SECRET_MODE);
}

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
  const seal = createRecordSeal(storeKey, "heatpool-store/v1");
  if (existsSync(path)) {
    return seal.open(RECORD, Buffer.from(readFileSync(path, "utf8").trim(), "base64"));
  }
  const key = Buffer.from(chance(SECRET_BYTES));
  const sealed = seal.seal(RECORD, key, chance(SEAL_NONCE_BYTES)).toString("base64");
  await writeNewFile(path, `${sealed}\n`, SECRET_MODE);
  return key;
}

function toSecret(path: string): Buffer {
  const bytes = readFileSync(path);
  const text = bytes.toString("latin1").trim();
  if (bytes.length === SECRET_BYTES) return bytes;
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex");
  throw new HeatpoolError("STATE_INVALID", `${path} does not hold ${SECRET_BYTES} bytes`);
}
