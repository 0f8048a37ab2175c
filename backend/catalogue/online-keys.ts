/**
 * Keys that sign on the backend, at rest: `nonce | ChaCha20-Poly1305(K, nonce, PKCS#8, aad) | tag`
 * with `K` = HKDF-SHA256(store key, no salt, "heatpool-store/v1") and the file's name in `aad`, so
 * that no file can take another's place. A stolen folder or backup without the store key is of no
 * use.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  hkdfSync,
  type KeyObject,
} from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { describeKey, keyIdOf, type PublicKey, toPrivateDer } from "#core/catalogue/public-key.js";
import type { Chance } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { OnlineRole } from "./catalogue.js";
import { writeSynced } from "./metadata-folder.js";

const CONTEXT = "heatpool-store/v1";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export const STORE_KEY_BYTES = 32;
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

/** @throws HeatpoolError `STATE_INVALID` the store key is not one, or others may read it */
export function openOnlineKeys(folder: string, storeKey: Buffer, chance: Chance): OnlineKeys {
  const key = Buffer.from(hkdfSync("sha256", storeKey, "", CONTEXT, STORE_KEY_BYTES));
  const nameOf = (role: OnlineRole, keyId: string) => `${role}-${keyId}.sealed`;
  return {
    async all() {
      const names = (await readdir(folder).catch(() => [])).sort();
      const found: OnlineKey[] = [];
      for (const name of names) {
        const [, role, keyId] = FILE_NAME.exec(name) ?? [];
        if (role === undefined || keyId === undefined) continue;
        const der = open(key, name, await readFile(join(folder, name)));
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
      const sealed = seal(key, name, der, chance(NONCE_BYTES));
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

function aadOf(name: string): Buffer {
  return Buffer.from(`${CONTEXT}\0${name}`);
}

function seal(key: Buffer, name: string, plain: Buffer, nonce: Uint8Array): Buffer {
  const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(aadOf(name), { plaintextLength: plain.length });
  const body = [cipher.update(plain), cipher.final()];
  return Buffer.concat([nonce, ...body, cipher.getAuthTag()]);
}

function open(key: Buffer, name: string, sealed: Buffer): Buffer {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw damaged(name);
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const body = sealed.subarray(NONCE_BYTES, -TAG_BYTES);
  const cipher = createDecipheriv("chacha20-poly1305", key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(aadOf(name), { plaintextLength: body.length });
  cipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([cipher.update(body), cipher.final()]);
  } catch (cause) {
    throw damaged(name, cause);
  }
}

function damaged(name: string, cause?: unknown): HeatpoolError {
  return new HeatpoolError("STATE_INVALID", `the key ${name} cannot be opened`, {
    cause,
    hint: "Either it is damaged or this is another store key; restore both from the same backup.",
  });
}
