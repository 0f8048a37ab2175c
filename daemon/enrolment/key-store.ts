/**
 * Private keys on disk, each sealed under the device's secret and authenticated with its name.
 */
import { createPrivateKey, type KeyObject } from "node:crypto";
import type { Chance } from "#core/clock.js";
import { NONCE_BYTES } from "#core/envelope/aead.js";
import { unwrapKey, wrapKey } from "#core/envelope/wrapped-key.js";
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
  has(name: string): boolean;
  /** Durable when it returns. */
  write(name: string, key: KeyObject): void;
  /** Harmless when there is none. */
  remove(name: string): void;
}

/**
 * @param file the file of a name
 * @param secret 32 bytes
 */
export function createKeyStore(
  file: (name: string) => KeyFile,
  secret: Uint8Array,
  chance: Chance,
): KeyStore {
  const place = (name: string) => ({ domain: "heatpool-keys/v1" as const, secret, name });
  return {
    read(name) {
      const sealed = file(name).readBytes();
      if (sealed === undefined) {
        throw new HeatpoolError("STATE_INVALID", `the key ${file(name).path} is gone`, {
          hint: "Restore the state directory from a backup.",
        });
      }
      const der = unwrapKey(place(name), sealed);
      if (der === undefined) {
        throw new HeatpoolError(
          "STATE_INVALID",
          `${name}: sealed under another secret, or changed`,
          {
            hint: "Restore the secret that belongs to this state; without it the keys in it are lost.",
          },
        );
      }
      try {
        return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
      } finally {
        der.fill(0);
      }
    },
    has: (name) => file(name).readBytes() !== undefined,
    write(name, key) {
      const der = key.export({ type: "pkcs8", format: "der" });
      try {
        file(name).write(wrapKey(place(name), der, chance(NONCE_BYTES)));
      } finally {
        der.fill(0);
      }
    },
    remove: (name) => file(name).remove(),
  };
}
