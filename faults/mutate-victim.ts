/** What the mutations are made on: bytes as somebody would find them, and who judges what comes of them. */
import { HeatpoolError } from "#core/errors.js";

/**
 * What became of mutated bytes.
 *
 * - `rejected`: refused, or taken for damage
 * - `same`: taken, and they mean what the sound ones mean
 * - `claim`: taken as what the sender says about itself (a name, a position, a loss), which nothing
 *   but the connection's own integrity protects; no value of a reading is in it
 * - `wrong`: taken with another meaning
 */
export type Verdict = "rejected" | "same" | "claim" | "wrong";

/** One sort of bytes. */
export interface Victim {
  readonly name: string;
  /** Awaited before each case. */
  ready?(): Promise<void>;
  /** The sound bytes, anew for each case. */
  sound(): Uint8Array;
  judge(mutated: Uint8Array): Verdict | Promise<Verdict>;
}

/** `rejected` where the product says so; any other fault is one that nobody caught. */
export function judgeBy(take: () => Verdict): Verdict {
  try {
    return take();
  } catch (fault) {
    if (fault instanceof HeatpoolError) return "rejected";
    throw fault;
  }
}

/** Whether two values say the same, typed arrays and big numbers included. */
export function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a, plain) === JSON.stringify(b, plain);
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  return ArrayBuffer.isView(value)
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")
    : value;
}
