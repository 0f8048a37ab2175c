/**
 * The guard between a TCP socket and jsmodbus: lets through only the one whole frame that answers
 * the request in flight, and lets out only reads (function codes 1 to 4).
 *
 * It owns the bytes of its socket: at most one unfinished frame, gone with the socket. It numbers
 * requests itself, so that no transaction repeats on a connection whatever unit is asked. What the
 * device sent wrongly ends the connection with a reason. Needed because jsmodbus 5.0.0 dies of
 * exception codes it cannot name, takes a short answer for success, and keeps stale bytes.
 */
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import {
  type Expected,
  FRAME_BYTES_MAX,
  findViolation,
  frameLength,
  HEADER_BYTES,
  isException,
  type Violation,
} from "./answer-check.js";

/** Exception codes that jsmodbus 5.0.0 knows; any other throws inside its socket handler. */
const NAMED_BY_JSMODBUS = new Set([1, 2, 3, 4, 5, 6, 8, 10, 11]);
/** What jsmodbus sees instead of a code it does not know. */
const STAND_IN_CODE = 4;
/** Frames in a row that answer nothing before the connection counts as broken. */
const STRAY_FRAMES_MAX = 16;
/** Stands for no transaction: no frame carries it. */
const NO_REQUEST = -1;
/** Length of a read request: header, function, address, count. */
const REQUEST_BYTES = 12;

/** Stands in for `net.Socket` towards jsmodbus. */
export class GuardedSocket extends EventEmitter {
  /** The unit that the next request goes to: one jsmodbus client serves all units of a socket. */
  unitId = 1;
  /** The device's own code of the last exception, as it was sent. */
  exceptionCode = 0;
  /** Why the connection was given up; `undefined` while it can be trusted. */
  broken: Violation | undefined;
  /** Frames that answered nothing and were dropped. */
  strayFrames = 0;
  /** An unfinished frame; never longer than the longest one. */
  readonly #rest = Buffer.allocUnsafe(FRAME_BYTES_MAX);
  #restBytes = 0;
  #strayRow = 0;
  #transaction = 0;
  #libraryTransaction = 0;
  #libraryUnitId = 0;
  readonly #expected: Expected = {
    transaction: NO_REQUEST,
    unitId: 0,
    functionCode: 0,
    dataBytes: 0,
  };
  readonly #socket: Socket;
  readonly #anyUnit: boolean;

  /** @param anyUnit accept answers of any unit: some gateways answer as unit 0 or 255 */
  constructor(socket: Socket, anyUnit: boolean) {
    super();
    this.#socket = socket;
    this.#anyUnit = anyUnit;
    socket.on("connect", () => this.emit("connect"));
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("close", (hadError: boolean) => this.#onClose(hadError));
  }

  /** Bytes kept of an unfinished answer. */
  get bufferedBytes(): number {
    return this.#restBytes;
  }

  /** Whether the next request may be sent: trusted, and no bytes that nobody asked for. */
  get isClean(): boolean {
    return this.broken === undefined && this.#restBytes === 0;
  }

  /** Sends a read request of jsmodbus; anything else ends the connection before a byte leaves. */
  write(frame: Buffer): boolean {
    const functionCode = frame.length === REQUEST_BYTES ? frame.readUInt8(7) : 0;
    if (functionCode < 1 || functionCode > 4) return this.#break("only reads may leave");
    if (this.#expected.transaction !== NO_REQUEST)
      return this.#break("request while another is in flight");
    if (this.#restBytes > 0) return this.#break("rest of an unfinished answer");
    const count = frame.readUInt16BE(10);
    this.#transaction = (this.#transaction + 1) & 0xffff;
    this.#libraryTransaction = frame.readUInt16BE(0);
    frame.writeUInt16BE(this.#transaction, 0);
    this.#expected.transaction = this.#transaction;
    this.#libraryUnitId = frame.readUInt8(6);
    this.#expected.unitId = this.unitId;
    frame.writeUInt8(this.unitId, 6);
    this.#expected.functionCode = functionCode;
    this.#expected.dataBytes = functionCode > 2 ? count * 2 : Math.ceil(count / 8);
    // Without the callback that jsmodbus gives: it only logs, and 'close' tells of a failure.
    return this.#socket.write(frame);
  }

  #receive(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && this.broken === undefined) {
      if (this.#restBytes === 0) {
        const used = this.#take(chunk, at, chunk.length);
        if (used === 0) this.#keep(chunk, at, chunk.length);
        if (used === 0) return;
        at += used;
        continue;
      }
      const before = this.#restBytes;
      const end = Math.min(chunk.length, at + FRAME_BYTES_MAX - before);
      this.#keep(chunk, at, end);
      const used = this.#take(this.#rest, 0, this.#restBytes);
      if (used === 0) return; // the frame is unfinished, so the whole chunk was kept
      this.#restBytes = 0;
      at += used - before;
    }
  }

  /** Handles the frame at `offset`; returns its length, 0 when it is not whole or broken. */
  #take(bytes: Buffer, offset: number, end: number): number {
    if (end - offset < HEADER_BYTES) return 0;
    const length = frameLength(bytes, offset);
    if (length === 0) {
      this.#break("not a Modbus header");
      return 0;
    }
    if (end - offset < length) return 0;
    this.#judge(bytes, offset, length);
    return length;
  }

  #judge(bytes: Buffer, offset: number, length: number): void {
    if (bytes.readUInt16BE(offset) !== this.#expected.transaction) {
      this.strayFrames++;
      this.#strayRow++;
      if (this.#strayRow > STRAY_FRAMES_MAX) this.#break("too many stray answers");
      return;
    }
    const violation = findViolation(bytes, offset, length, this.#expected, this.#anyUnit);
    if (violation !== undefined) {
      this.#break(violation);
      return;
    }
    this.#expected.transaction = NO_REQUEST;
    this.#strayRow = 0;
    // Changed in place: jsmodbus copies what it is given before it returns.
    const frame = bytes.subarray(offset, offset + length);
    if (isException(frame, 0)) {
      this.exceptionCode = frame.readUInt8(8);
      if (!NAMED_BY_JSMODBUS.has(this.exceptionCode)) frame.writeUInt8(STAND_IN_CODE, 8);
    }
    frame.writeUInt16BE(this.#libraryTransaction, 0);
    frame.writeUInt8(this.#libraryUnitId, 6); // jsmodbus waits in vain for any other
    this.emit("data", frame);
  }

  #keep(bytes: Buffer, from: number, to: number): void {
    if (this.broken !== undefined) return;
    bytes.copy(this.#rest, this.#restBytes, from, to);
    this.#restBytes += to - from;
  }

  #onClose(hadError: boolean): void {
    if (this.#restBytes > 0) {
      this.broken ??= "half an answer, then closed";
    }
    this.emit("close", hadError);
  }

  #break(why: Violation): false {
    this.broken ??= why;
    this.#restBytes = 0;
    this.#socket.destroy();
    return false;
  }
}
