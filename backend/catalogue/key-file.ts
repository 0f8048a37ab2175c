/**
 * Key files of a workstation: `<name>.key` for its owner's eyes, `<name>.pub` for everybody.
 *
 * The private half is wrapped by a passphrase (scrypt, ChaCha20-Poly1305) or, when the operator says
 * so, plain in a file of mode 0600, for a medium that is locked away. Role and key id are bound in.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  type KeyObject,
  scryptSync,
} from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { describeKey, keyIdOf, type PublicKey, toPrivateDer } from "#core/catalogue/public-key.js";
import type { Chance } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { KeyRole } from "./catalogue.js";

const FORMAT = "heatpool-key/v1";
const SEED_BYTES = 32;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
/** RFC 7914; OWASP's password storage sheet asks for N = 2^17, r = 8, p = 1: 128 MiB, 0.3 s. */
const SCRYPT = { N: 2 ** 17, r: 8, p: 1, maxmem: 192 * 1024 * 1024 };
const FILE_BYTES_MAX = 16 * 1024;
const OTHERS = 0o077;
/** Shorter ones are guessed. */
export const PASSPHRASE_LENGTH_MIN = 12;

/** What everybody may know of a key. */
export interface PublicEntry {
  readonly role: KeyRole;
  readonly keyid: string;
  readonly key: PublicKey;
}

interface KeyFile {
  readonly format: string;
  readonly role: KeyRole;
  readonly keyid: string;
  /** Base64; without `salt` and `nonce`: PKCS#8, else its ciphertext and tag. */
  readonly key: string;
  readonly salt?: string;
  readonly nonce?: string;
}

/** Makes a key. Resolves with the texts of its two files. @param passphrase left out: plain */
export function makeKeyFiles(
  role: KeyRole,
  passphrase: string | undefined,
  chance: Chance,
): { entry: PublicEntry; privateText: string; publicText: string } {
  const der = toPrivateDer(chance(SEED_BYTES));
  const key = describeKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
  const entry = { role, keyid: keyIdOf(key), key };
  const head = { format: FORMAT, role, keyid: entry.keyid };
  const file: KeyFile =
    passphrase === undefined
      ? { ...head, key: der.toString("base64") }
      : { ...head, ...wrap(der, passphrase, aadOf(head), chance) };
  return { entry, privateText: toText(file), publicText: toText(entry) };
}

/**
 * Opens a private key file.
 *
 * @throws HeatpoolError `STATE_INVALID` not a key file, others may read it, or a wrong passphrase
 */
export async function openKeyFile(
  path: string,
  passphrase: string | undefined,
): Promise<{ role: KeyRole; keyId: string; key: KeyObject }> {
  const file = parse(path, await readText(path)) as Partial<KeyFile>;
  const { format, role, keyid, key } = file;
  if (format !== FORMAT || role === undefined || keyid === undefined || key === undefined) {
    throw new HeatpoolError("STATE_INVALID", `${path} is no private key file`);
  }
  if (((await stat(path)).mode & OTHERS) !== 0) {
    throw new HeatpoolError("STATE_INVALID", `${path} may be read by others`, {
      hint: `Run chmod 600 ${path}, and think about who may have read it.`,
    });
  }
  const der = unwrap(path, { ...file, format, role, keyid, key }, passphrase);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  if (keyIdOf(describeKey(privateKey)) !== keyid) {
    throw new HeatpoolError("STATE_INVALID", `${path} holds another key than it says`);
  }
  return { role, keyId: keyid, key: privateKey };
}

/** Reads one or several public entries. @throws HeatpoolError `STATE_INVALID` */
export async function readPublicEntries(path: string): Promise<PublicEntry[]> {
  const json = parse(path, await readText(path));
  const list: unknown[] = Array.isArray(json) ? json : [json];
  return list.map((one) => {
    const { role, keyid, key } = (one ?? {}) as Partial<PublicEntry>;
    const isEntry =
      role !== undefined &&
      ROLES.includes(role) &&
      /^[0-9a-f]{64}$/.test(key?.keyval?.public ?? "");
    if (!isEntry || key === undefined || keyIdOf(key) !== keyid) {
      throw new HeatpoolError("STATE_INVALID", `${path} holds no public key of a role`, {
        hint: "Take the .pub files of `keys add` and the list that `keys init` wrote.",
      });
    }
    return { role, keyid, key };
  });
}

const ROLES: readonly KeyRole[] = ["root", "targets", "snapshot", "timestamp", "director"];

function aadOf({ role, keyid }: Pick<KeyFile, "role" | "keyid">): Buffer {
  return Buffer.from(`${FORMAT}\0${role}\0${keyid}`);
}

function wrap(der: Buffer, passphrase: string, aad: Buffer, chance: Chance) {
  const [salt, nonce] = [Buffer.from(chance(SALT_BYTES)), Buffer.from(chance(NONCE_BYTES))];
  const key = scryptSync(passphrase.normalize("NFC"), salt, KEY_BYTES, SCRYPT);
  const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(aad, { plaintextLength: der.length });
  const sealed = Buffer.concat([cipher.update(der), cipher.final(), cipher.getAuthTag()]);
  return {
    key: sealed.toString("base64"),
    salt: salt.toString("base64"),
    nonce: nonce.toString("base64"),
  };
}

function unwrap(path: string, file: KeyFile, passphrase: string | undefined): Buffer {
  const sealed = Buffer.from(file.key, "base64");
  if (file.salt === undefined || file.nonce === undefined) return sealed;
  if (passphrase === undefined) {
    throw new HeatpoolError("STATE_INVALID", `${path} is wrapped by a passphrase`, {
      hint: "Name a file that holds it with --passphrase-file; /dev/stdin is one.",
    });
  }
  const salt = Buffer.from(file.salt, "base64");
  const key = scryptSync(passphrase.normalize("NFC"), salt, KEY_BYTES, SCRYPT);
  try {
    const nonce = Buffer.from(file.nonce, "base64");
    const cipher = createDecipheriv("chacha20-poly1305", key, nonce, { authTagLength: TAG_BYTES });
    const body = sealed.subarray(0, -TAG_BYTES);
    cipher.setAAD(aadOf(file), { plaintextLength: body.length });
    cipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    return Buffer.concat([cipher.update(body), cipher.final()]);
  } catch (cause) {
    throw new HeatpoolError("STATE_INVALID", `${path}: not opened by this passphrase`, { cause });
  }
}

async function readText(path: string): Promise<string> {
  try {
    if ((await stat(path)).size > FILE_BYTES_MAX) throw new RangeError("too long");
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new HeatpoolError("NOT_FOUND", `cannot read ${path}`, { cause });
  }
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new HeatpoolError("STATE_INVALID", `${path} is no key file`, { cause });
  }
}

function toText(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
