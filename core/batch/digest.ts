/**
 * The name of a block's content, whatever codec carries it: a resent batch has the same digest, and
 * a changed cell, millisecond or table has another.
 */
import { createHash } from "node:crypto";

/** Bytes of a digest. */
export const DIGEST_BYTES = 16;

/** Table id, slot, step and rows before the block. */
const HEADER_BYTES = 24;

/** What a digest covers beside the block in codec 0. */
export interface DigestFacts {
  readonly tableId: Uint8Array;
  readonly slot: number;
  readonly stepMs: number;
  readonly rows: number;
}

/** First 16 bytes of SHA-256(table id, u64le slot, u32le step, u32le rows, codec-0 block). */
export function digestBlock(facts: DigestFacts, plain: Uint8Array): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  header.set(facts.tableId);
  view.setUint32(8, facts.slot >>> 0, true);
  view.setUint32(12, Math.floor(facts.slot / 2 ** 32), true);
  view.setUint32(16, facts.stepMs, true);
  view.setUint32(20, facts.rows, true);
  const hash = createHash("sha256").update(header).update(plain).digest();
  return new Uint8Array(hash.buffer, hash.byteOffset, DIGEST_BYTES);
}

/** What of a digest travels with a batch: its first four bytes, little-endian. */
export function digestCheck(digest: Uint8Array): number {
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0, true);
}

/** Whether two digests name the same content. */
export function isSameDigest(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, k) => byte === b[k]);
}
