/**
 * Signatures that minisign 0.11 and newer verifies, made with node:crypto: Ed25519 over the BLAKE2b-512
 * of the file, and over that signature with its comment.
 *
 * Source: the description of the formats of signatures and public keys at jedisct1.github.io/minisign.
 */
import { createHash, createPublicKey, sign, verify } from "node:crypto";

/** Of the prehashed form. */
const ALGORITHM = Buffer.from("ED");
/** Of a public key, whatever form is signed with it. */
const KEY_ALGORITHM = Buffer.from("Ed");
const KEY_ID_BYTES = 8;
const SIGNATURE_BYTES = 64;
const PUBLIC_BYTES = 32;
/** What an Ed25519 SPKI begins with. */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
const TRUSTED = "trusted comment: ";

/** @typedef {{ keyId: Buffer, raw: Buffer }} PublicKey */

/** @param {import("node:crypto").KeyObject} privateKey @returns {PublicKey} */
export function publicKeyOf(privateKey) {
  const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const raw = spki.subarray(SPKI_PREFIX.length);
  if (!spki.subarray(0, SPKI_PREFIX.length).equals(SPKI_PREFIX) || raw.length !== PUBLIC_BYTES)
    throw new Error("not an Ed25519 key");
  return { keyId: createHash("sha256").update(raw).digest().subarray(0, KEY_ID_BYTES), raw };
}

/** The file that whoever verifies needs. @param {PublicKey} key */
export function writePublicKey({ keyId, raw }) {
  const text = Buffer.concat([KEY_ALGORITHM, keyId, raw]).toString("base64");
  return `untrusted comment: heatpool releases\n${text}\n`;
}

/** @param {string} text @returns {PublicKey} @throws {Error} no such file */
export function readPublicKey(text) {
  const bytes = Buffer.from(text.split("\n")[1] ?? "", "base64");
  const isKey = bytes.length === 2 + KEY_ID_BYTES + PUBLIC_BYTES;
  if (!isKey || !bytes.subarray(0, 2).equals(KEY_ALGORITHM)) throw new Error("no public key");
  return { keyId: bytes.subarray(2, 2 + KEY_ID_BYTES), raw: bytes.subarray(2 + KEY_ID_BYTES) };
}

/**
 * The text of `<file>.minisig`.
 *
 * @param {Uint8Array} content @param {import("node:crypto").KeyObject} privateKey
 * @param {string} comment one line that is signed too, e.g. the file's name
 */
export function signFile(content, privateKey, comment) {
  const signature = sign(null, hash(content), privateKey);
  const { keyId } = publicKeyOf(privateKey);
  const whole = sign(null, Buffer.concat([signature, Buffer.from(comment)]), privateKey);
  return [
    "untrusted comment: signature of a heatpool release",
    Buffer.concat([ALGORITHM, keyId, signature]).toString("base64"),
    `${TRUSTED}${comment}`,
    whole.toString("base64"),
    "",
  ].join("\n");
}

/**
 * Why a signature does not hold; `undefined`: it does.
 *
 * @param {Uint8Array} content @param {string} text of the signature @param {PublicKey} key
 * @param {string} comment that must be the signed one
 * @returns {string | undefined}
 */
export function faultOf(content, text, key, comment) {
  const [, first = "", line = "", last = ""] = text.split("\n");
  const bytes = Buffer.from(first, "base64");
  const signature = bytes.subarray(2 + KEY_ID_BYTES);
  if (signature.length !== SIGNATURE_BYTES || !bytes.subarray(0, 2).equals(ALGORITHM))
    return "no signature";
  if (!bytes.subarray(2, 2 + KEY_ID_BYTES).equals(key.keyId)) return "signed by another key";
  const spki = Buffer.concat([SPKI_PREFIX, key.raw]);
  const publicKey = createPublicKey({ key: spki, format: "der", type: "spki" });
  if (!verify(null, hash(content), publicKey, signature)) return "changed since it was signed";
  const signed = Buffer.concat([signature, Buffer.from(line.slice(TRUSTED.length))]);
  if (!verify(null, signed, publicKey, Buffer.from(last, "base64")))
    return "its comment was changed";
  return line === `${TRUSTED}${comment}` ? undefined : "signed under another name";
}

/** @param {Uint8Array} content */
function hash(content) {
  return createHash("blake2b512").update(content).digest();
}
