/**
 * Private keys on disk, each sealed under the device's secret and authenticated with its name.
 */
import { createPrivateKey, type KeyObject } from "node:crypto";
import type { Chance } from "#core/clock.js";
import { type RecordSeal, SEAL_NONCE_BYTES } from "#core/enrolment/sealed-record.js";
import { HeatpoolError } from "#core/errors.js";

/** A small durable file of bytes. */
export interface KeyFile {
  readonly path: string;
  readBytes(): Buffer | undefined;
  write(content: Uint8Array): void;
  remove(): void;
}

/** Private keys by name. */
export interface KeyStore {
  /** @throws HeatpoolError `STATE_INVALID` missing, or sealed under another secret */
  read(name: string): KeyObject;
  /** Durable when it returns. */
  write(name: string, key: KeyObject): void;
  /** Harmless when there is none. */
  remove(name: string): void;
}

/** @param file the file of a name */
export function createKeyStore(
  file: (name: string) => KeyFile,
  seal: RecordSeal,
  chance: Chance,
): KeyStore {
  return {
    read(name) {
      const sealed = file(name).readBytes();
      if (sealed === undefined) {
        throw new HeatpoolError("STATE_INVALID", `the key ${file(name).path} is gone`, {
          hint: "Restore the state directory from a backup.",
        });
      }
      const der = seal.open(name, sealed);
      try {
        return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
      } finally {
        der.fill(0);
      }
    },
    write(name, key) {
      const der = key.export({ type: "pkcs8", format: "der" });
      try {
        file(name).write(seal.seal(name, der, chance(SEAL_NONCE_BYTES)));
      } finally {
        der.fill(0);
      }
    },
    remove: (name) => file(name).remove(),
  };
}
