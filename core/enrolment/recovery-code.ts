/**
 * The recovery code: 128 random bits on the owner's paper, in Crockford's base32 and groups of four,
 * for the day on which the machine is dead and the data are to be erased all the same.
 *
 * Read forgivingly: case, hyphens, spaces, and the letters I, L and O for the digits they look like.
 *
 * Source: D. Crockford, Base 32, https://www.crockford.com/base32.html
 */
import { createHmac } from "node:crypto";

export const RECOVERY_BYTES = 16;
/** 128 bits in five-bit symbols, the last one padded with two zero bits. */
const SYMBOLS = 26;
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const GROUP = 4;

/** @param random 16 random bytes */
export function formatRecoveryCode(random: Uint8Array): string {
  const number = BigInt(`0x${Buffer.from(random).toString("hex")}`) << 2n;
  const symbols = Array.from({ length: SYMBOLS }, (_, place) => {
    const shift = BigInt(5 * (SYMBOLS - 1 - place));
    return ALPHABET[Number((number >> shift) & 31n)];
  }).join("");
  return symbols.match(new RegExp(`.{1,${GROUP}}`, "g"))?.join("-") ?? "";
}

/** The 16 bytes of a code as somebody typed it, or `undefined` when it is none. */
export function parseRecoveryCode(text: string): Buffer | undefined {
  const plain = text.toUpperCase().replace(/[\s-]/g, "").replaceAll("O", "0").replace(/[IL]/g, "1");
  if (plain.length !== SYMBOLS) return undefined;
  let number = 0n;
  for (const symbol of plain) {
    const digit = ALPHABET.indexOf(symbol);
    if (digit < 0) return undefined;
    number = (number << 5n) | BigInt(digit);
  }
  if ((number & 3n) !== 0n) return undefined;
  return Buffer.from((number >> 2n).toString(16).padStart(2 * RECOVERY_BYTES, "0"), "hex");
}

/** What is kept of a code: it tells whether a code is the one, and nothing else. */
export function hmacRecoveryCode(
  key: Uint8Array,
  installationId: string,
  code: Uint8Array,
): string {
  return createHmac("sha256", key).update(`${installationId}\0`).update(code).digest("hex");
}
