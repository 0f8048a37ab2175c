/**
 * Between protobuf messages and our numbers and bytes. A message that cannot be read, or a number
 * that a double cannot hold, is our own error with the field's name.
 */
import { type ErrorCode, HeatpoolError } from "#core/errors.js";

/** What ts-proto gives per message. */
export interface MessageType<M> {
  encode(message: M): { finish(): Uint8Array };
  decode(bytes: Uint8Array): M;
}

/** @throws HeatpoolError `code` when the bytes are no such message */
export function parseMessage<M>(
  type: MessageType<M>,
  bytes: Uint8Array,
  what: string,
  code: ErrorCode = "BATCH_MALFORMED",
): M {
  try {
    return type.decode(bytes);
  } catch (cause) {
    throw new HeatpoolError(code, `${what} cannot be read: ${String(cause)}`, { cause });
  }
}

/** @throws HeatpoolError `BATCH_MALFORMED` beyond what a double holds exactly */
export function toNumber(value: bigint, field: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new HeatpoolError("BATCH_MALFORMED", `${field} ${value} is too large`);
  }
  return number;
}

/** The same bytes as the Buffer that messages want; nothing is copied. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A view of a message's bytes as a plain array. */
export function fromBuffer(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
