/**
 * Whose values stand behind a figure, from one release to the next.
 *
 * Two means that differ by one household give that household's value away, however large the
 * cohort. So the households behind a figure change together, at least five at a time: those who
 * join wait until enough others do, and where somebody left the last figure stays as it was. Pure.
 */

/** Households behind a figure: rising numbers that name nobody. */
export type Members = Uint32Array;

/** What may be published of those who have a value now. */
export type MembershipChange =
  /** All of them. */
  | "everybody"
  /** Those of the last release; all of them are there. */
  | "those-before"
  /** Nothing new; the last figure stays. */
  | "hold";

/** Households that must differ, when any do. */
const CHANGE_MIN = 5;

/** @param before of the last figure that was told */
export function changeMembers(before: Members, now: Members): MembershipChange {
  const known = new Set(before);
  const stayed = now.reduce((count, one) => count + (known.has(one) ? 1 : 0), 0);
  const joined = now.length - stayed;
  const left = before.length - stayed;
  if (joined + left === 0 || joined + left >= CHANGE_MIN) return "everybody";
  return left === 0 ? "those-before" : "hold";
}

/**
 * A number for one household's column. It changes when the column is given to another household.
 *
 * FNV-1a over both numbers; equal numbers of two households make two changes look like fewer, which
 * in a cohort of thousands is one in millions.
 */
export function memberNumber(column: number, firstSeenAtMs: number): number {
  let hash = 0x811c9dc5;
  for (const part of [column, Math.floor(firstSeenAtMs / 2 ** 32), firstSeenAtMs >>> 0]) {
    for (let shift = 0; shift < 32; shift += 8) {
      hash = Math.imul(hash ^ ((part >>> shift) & 0xff), 0x01000193) >>> 0;
    }
  }
  return hash;
}

/** As text, for the record of a release. */
export function encodeMembers(members: Members): string {
  const { buffer, byteOffset, byteLength } = members;
  return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
}

/** Reads what `encodeMembers` wrote; anything else is nobody. */
export function decodeMembers(text: string): Members {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length % 4 !== 0) return new Uint32Array();
  return new Uint32Array(new Uint8Array(bytes).buffer);
}
