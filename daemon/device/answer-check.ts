/**
 * Which bytes are the answer to the request in flight. Pure: bytes and the request in, verdict out.
 *
 * A frame is an answer only when transaction, unit, function and byte count all say so; anything
 * else is an answer to a request that is over, or proof that the connection cannot be trusted.
 * Source: Modbus Messaging on TCP/IP Implementation Guide V1.0b, section 3.1.3 (MBAP header).
 */

/** The longest frame: 6 bytes of header and 254 that its length field counts. */
export const FRAME_BYTES_MAX = 260;
/** Bytes needed before a frame can be judged: header, unit and function code. */
export const HEADER_BYTES = 8;
/** What the length field counts at least and at most: unit, function and one byte; 254. */
const LENGTH_MIN = 3;
const LENGTH_MAX = FRAME_BYTES_MAX - 6;
/** Set in the function code of an exception. */
const EXCEPTION_BIT = 0x80;

/** The request in flight, as its answer must match it. */
export interface Expected {
  transaction: number;
  unitId: number;
  functionCode: number;
  /** Bytes of payload behind the byte count. */
  dataBytes: number;
}

/** Why bytes from the device end the connection. */
export type Violation =
  | "not a Modbus header"
  | "answer of another unit"
  | "answer of another function"
  | "wrong byte count"
  | "too many stray answers"
  | "half an answer, then closed"
  | "rest of an unfinished answer"
  | "request while another is in flight"
  | "only reads may leave";

/** Length of the frame that begins at `offset` of `bytes`; 0 when no Modbus frame begins there. */
export function frameLength(bytes: Buffer, offset: number): number {
  const length = bytes.readUInt16BE(offset + 4);
  if (bytes.readUInt16BE(offset + 2) !== 0) return 0;
  return length < LENGTH_MIN || length > LENGTH_MAX ? 0 : length + 6;
}

/** Whether the frame carries the exception bit. */
export function isException(bytes: Buffer, offset: number): boolean {
  return (bytes.readUInt8(offset + 7) & EXCEPTION_BIT) !== 0;
}

/** Why a frame with the right transaction is not the answer; `undefined` when it is. */
export function findViolation(
  bytes: Buffer,
  offset: number,
  length: number,
  expected: Expected,
  anyUnit: boolean,
): Violation | undefined {
  if (!anyUnit && bytes.readUInt8(offset + 6) !== expected.unitId) return "answer of another unit";
  const functionCode = bytes.readUInt8(offset + 7);
  if ((functionCode & ~EXCEPTION_BIT) !== expected.functionCode) {
    return "answer of another function";
  }
  if (functionCode !== expected.functionCode) {
    return length === 9 ? undefined : "wrong byte count";
  }
  const dataBytes = bytes.readUInt8(offset + 8);
  const isWhole = dataBytes === expected.dataBytes && length === 9 + dataBytes;
  return isWhole ? undefined : "wrong byte count";
}
