/**
 * UUIDs as text and as the 16 bytes that records and messages hold. Ours are random (version 4).
 */

/** Bytes of a UUID. */
export const UUID_BYTES = 16;

const TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The 16 bytes of a lower-case UUID, or `undefined` when `text` is none. */
export function parseUuid(text: string): Uint8Array | undefined {
  if (!TEXT.test(text)) return undefined;
  return new Uint8Array(Buffer.from(text.replaceAll("-", ""), "hex"));
}

/** The lower-case text of 16 bytes, or `undefined` when there are not 16. */
export function formatUuid(bytes: Uint8Array): string | undefined {
  if (bytes.length !== UUID_BYTES) return undefined;
  const hex = Buffer.from(bytes).toString("hex");
  const ends = [0, 8, 12, 16, 20, 32];
  return ends
    .slice(1)
    .map((end, k) => hex.slice(ends[k], end))
    .join("-");
}

const HEX = /^[0-9a-f]{32}$/;
/** Of the longest spelling, with room for blanks. */
const SPELLING_CHARS_MAX = 64;

/**
 * Any usual spelling: capitals, braces, `urn:uuid:`, without dashes (RFC 9562, 4). In lower case with
 * dashes; `undefined`: it is none.
 */
export function readUuid(text: string): string | undefined {
  if (text.length > SPELLING_CHARS_MAX) return undefined;
  const hex = text
    .trim()
    .toLowerCase()
    .replace(/^urn:uuid:/, "")
    .replace(/^\{(.*)\}$/, "$1")
    .replaceAll("-", "");
  return HEX.test(hex) ? formatUuid(Buffer.from(hex, "hex")) : undefined;
}
