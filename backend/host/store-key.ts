/**
 * The store key: 32 random bytes that open what the backend keeps sealed, i.e. content keys, signing
 * keys and the key of recovery codes. A systemd credential, or a file for the backend's eyes only.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { link, mkdir, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Chance } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";

const STORE_KEY_BYTES = 32;
/** Others may not even read. */
const FOREIGN_BITS = 0o077;
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const HEX_KEY = /^[0-9a-f]{64}$/i;

/**
 * The secret of this backend: 32 bytes, raw or as 64 hexadecimal digits.
 *
 * @param credential where systemd put it; it may be readable to the service alone
 * @throws HeatpoolError `NOT_FOUND` there is none · `STATE_INVALID` no key, or readable to others
 */
export function readStoreKey(path: string, credential?: string): Buffer {
  if (credential !== undefined && existsSync(credential)) return toKey(credential);
  let mode: number;
  try {
    ({ mode } = statSync(path));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw new HeatpoolError("NOT_FOUND", `there is no store key at ${path}`, {
      cause,
      hint: "`heatpool-backend ca init` or `keys init` makes one; or give the systemd credential store-key.",
    });
  }
  if ((mode & FOREIGN_BITS) !== 0) {
    throw new HeatpoolError("STATE_INVALID", `${path} can be read by others`, {
      hint: `Run chmod 600 ${path}.`,
    });
  }
  return toKey(path);
}

/** Makes one where there is none; resolves with whether it did. @throws HeatpoolError `STATE_INVALID` */
export async function makeStoreKey(path: string, chance: Chance): Promise<boolean> {
  if (existsSync(path)) return false;
  const draft = `${path}.${process.pid}.new`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE });
    const file = await open(draft, "wx", FILE_MODE);
    try {
      await file.writeFile(chance(STORE_KEY_BYTES));
      await file.sync();
    } finally {
      await file.close();
    }
    // A link fails where a rename would replace.
    await link(draft, path);
    const folder = await open(dirname(path), "r");
    await folder.sync().finally(() => folder.close());
    return true;
  } catch (cause) {
    throw new HeatpoolError("STATE_INVALID", `cannot write ${path}`, {
      cause,
      hint: "Run the command as a user who may write there.",
    });
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

const LOST = "Restore it from its safe copy; what is sealed under it opens with no other.";

function toKey(path: string): Buffer {
  const bytes = readBytes(path);
  if (bytes.length === STORE_KEY_BYTES) return bytes;
  const text = bytes.toString("latin1").trim();
  if (HEX_KEY.test(text)) return Buffer.from(text, "hex");
  throw new HeatpoolError("STATE_INVALID", `${path} does not hold ${STORE_KEY_BYTES} bytes`, {
    hint: LOST,
  });
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new HeatpoolError("STATE_INVALID", `${path} cannot be read: ${code}`, {
      cause,
      hint: LOST,
    });
  }
}
