/**
 * Keys that sign on the backend, at rest: PKCS#8 under the store key, as `core/envelope` wraps
 * secrets, with the file's name bound in, so that no file can take another's place. A stolen folder
 * or backup without the store key is of no use.
 */
import { createPrivateKey, type KeyObject } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { describeKey, keyIdOf, type PublicKey, toPrivateDer } from "#core/catalogue/public-key.js";
import type { Chance } from "#core/clock.js";
import { NONCE_BYTES } from "#core/envelope/aead.js";
import { unwrapKey, wrapKey } from "#core/envelope/wrapped-key.js";
import { HeatpoolError } from "#core/errors.js";
import type { OnlineRole } from "./catalogue.js";
import { writeSynced } from "./metadata-folder.js";

const SEED_BYTES = 32;
const FILE_NAME = /^(snapshot|timestamp|director|targets)-([0-9a-f]{64})\.sealed$/;

/** A key that this backend holds. */
export interface OnlineKey {
  readonly role: OnlineRole;
  readonly keyId: string;
  readonly publicKey: PublicKey;
  readonly privateKey: KeyObject;
}

/** Keys that this backend holds. */
export interface OnlineKeys {
  /** @throws HeatpoolError `STATE_INVALID` one cannot be opened */
  all(): Promise<readonly OnlineKey[]>;
  make(role: OnlineRole): Promise<OnlineKey>;
  forget(key: OnlineKey): Promise<void>;
}

/** Keys in a folder, under the store key. */
export function openOnlineKeys(folder: string, storeKey: Buffer, chance: Chance): OnlineKeys {
  const place = (name: string) => ({
    domain: "heatpool-store/v1" as const,
    secret: storeKey,
    name,
  });
  const nameOf = (role: OnlineRole, keyId: string) => `${role}-${keyId}.sealed`;
  return {
    async all() {
      const names = (await readdir(folder).catch(() => [])).sort();
      const found: OnlineKey[] = [];
      for (const name of names) {
        const [, role, keyId] = FILE_NAME.exec(name) ?? [];
        if (role === undefined || keyId === undefined) continue;
        const der = unwrapKey(place(name), await readFile(join(folder, name)));
        if (der === undefined) throw damaged(name);
        const opened = toOnlineKey(role as OnlineRole, der);
        if (opened.keyId !== keyId) throw damaged(name);
        found.push(opened);
      }
      return found;
    },
    async make(role) {
      const made = toOnlineKey(role, toPrivateDer(chance(SEED_BYTES)));
      const name = nameOf(role, made.keyId);
      const der = made.privateKey.export({ type: "pkcs8", format: "der" });
      const sealed = wrapKey(place(name), der, chance(NONCE_BYTES));
      await writeSynced(folder, join(folder, name), sealed);
      return made;
    },
    async forget({ role, keyId }) {
      await rm(join(folder, nameOf(role, keyId)), { force: true });
    },
  };
}

function toOnlineKey(role: OnlineRole, der: Buffer): OnlineKey {
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const publicKey = describeKey(privateKey);
  return { role, keyId: keyIdOf(publicKey), publicKey, privateKey };
}

function damaged(name: string): HeatpoolError {
  return new HeatpoolError("STATE_INVALID", `the key ${name} cannot be opened`, {
    hint: "Either it is damaged or this is another store key; restore both from the same backup.",
  });
}
