/**
 * The secret under which this machine's private keys lie on disk: systemd's credential `device-key`,
 * or the file that `keys.secretFile` names. Without either there are no keys, and nothing is shared.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import type { Chance } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";

/** Where a secret may come from. */
export interface SecretPlaces {
  /** Of systemd's credential; left out: it gave none. */
  readonly credential: string | undefined;
  /** `keys.secretFile` */
  readonly secretFile: string | undefined;
  /** Whether there are keys already, which another secret would not open. */
  readonly hasKeys: boolean;
  /** Durable when it returns, for its owner alone. */
  writeNew(path: string, text: string): void;
}

const SECRET_BYTES = 32;
/** Group and others. */
const FOREIGN_BITS = 0o077;

/**
 * The 32 bytes; makes the file the first time, where one is named and there are no keys yet.
 *
 * @throws HeatpoolError `CONFIG_INVALID` neither is there · `STATE_INVALID` lost, too short, or
 *   readable to others
 */
export function readDeviceSecret(places: SecretPlaces, chance: Chance): Buffer {
  const { credential, secretFile, hasKeys } = places;
  // systemd keeps its file readable to the service alone, in memory.
  if (credential !== undefined && existsSync(credential)) return parseSecret(credential);
  if (secretFile === undefined) {
    throw new HeatpoolError("CONFIG_INVALID", "no secret for this machine's keys", {
      hint:
        "Run under systemd/heatpool.service, which brings the credential device-key, " +
        "or name a file under keys.secretFile; it is made with mode 0600.",
    });
  }
  if (!existsSync(secretFile)) {
    if (hasKeys) {
      throw new HeatpoolError("STATE_INVALID", `${secretFile} is gone, and there are keys`, {
        hint: "Restore it from its backup. Without it this installation has to be given up.",
      });
    }
    places.writeNew(secretFile, `${Buffer.from(chance(SECRET_BYTES)).toString("hex")}\n`);
  }
  if ((statSync(secretFile).mode & FOREIGN_BITS) !== 0) {
    throw new HeatpoolError("STATE_INVALID", `${secretFile} can be read by others`, {
      hint: `Run chmod 600 ${secretFile}.`,
    });
  }
  return parseSecret(secretFile);
}

function parseSecret(path: string): Buffer {
  const bytes = readSecret(path);
  if (bytes.length === SECRET_BYTES) return bytes;
  const text = bytes.toString("latin1").trim();
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex");
  throw new HeatpoolError("STATE_INVALID", `${path} does not hold ${SECRET_BYTES} bytes`, {
    hint: LOST,
  });
}

const LOST = "Restore it from its backup; without it the keys in the state directory are lost.";

function readSecret(path: string): Buffer {
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
