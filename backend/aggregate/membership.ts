/**
 * Whose values stand behind a figure, from one release to the next.
 *
 * Two means that differ by one household give that household's value away, however large the
 * cohort. So the households behind a figure change together, at least five at a time: those who
 * join wait until enough others do, and where somebody left the last figure stays as it was. Pure.
 */

/** Households behind a figure: numbers that name nobody, in no order. */
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
  const isKnown = indexMembers(before);
  let stayed = 0;
  for (const one of now) if (isKnown(one)) stayed++;
  const joined = now.length - stayed;
  const left = before.length - stayed;
  if (joined + left === 0 || joined + left >= CHANGE_MIN) return "everybody";
  return left === 0 ? "those-before" : "hold";
}

/** 2^32 / the golden ratio: spreads numbers that follow each other (Knuth, TAOCP 3, 6.4). */
const SPREAD = 0x9e3779b1;

/**
 * Whether somebody is among `members`. Open addressing in one flat array: at 100,000 members a `Set`
 * of numbers takes longer to fill than the rest of a release.
 */
export function indexMembers(members: Members): (one: number) => boolean {
  const bits = Math.max(1, Math.ceil(Math.log2(2 * members.length + 1)));
  const mask = 2 ** bits - 1;
  const table = new Uint32Array(mask + 1);
  // 0 marks a free place, so that number is remembered beside the table.
  let hasZero = false;
  const placeOf = (one: number): number => {
    let place = Math.imul(one, SPREAD) >>> (32 - bits);
    while (table[place] !== 0 && table[place] !== one) place = (place + 1) & mask;
    return place;
  };
  for (const one of members) {
    if (one === 0) hasZero = true;
    else table[placeOf(one)] = one;
  }
  return (one) => (one === 0 ? hasZero : table[placeOf(one)] === one);
}

/**
 * A number for one household's column. It changes when the column is given to another household.
 *
 * FNV-1a over both numbers; equal numbers of two households make two changes look like fewer, which
 * in a cohort of thousands is one in millions.
 */
export function memberNumber(column: number, firstSeenAtMs: number): number {
  const seed = addWord(0x811c9dc5, column);
  return addWord(addWord(seed, Math.floor(firstSeenAtMs / 2 ** 32)), firstSeenAtMs >>> 0) >>> 0;
}

/** FNV-1a over the four bytes of a word, lowest first. */
function addWord(hash: number, word: number): number {
  let sum = hash;
  for (let shift = 0; shift < 32; shift += 8) {
    sum = Math.imul(sum ^ ((word >>> shift) & 0xff), 0x01000193);
  }
  return sum;
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
