/** An answer of any bytes to a request of ours, in two pieces, through the socket's guard. */
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { GuardedSocket } from "../../daemon/device/guarded-socket.js";

/** Read four input registers at 100 of unit 1. */
const REQUEST = [0, 1, 0, 0, 0, 6, 1, 3, 0, 100, 0, 4];
/** The longest frame of Modbus TCP. */
const FRAME_BYTES_MAX = 260;

/** A socket without a network. */
class FakeSocket extends EventEmitter {
  transaction = Buffer.alloc(2);
  write(bytes: Buffer): boolean {
    this.transaction = Buffer.from(bytes.subarray(0, 2));
    return true;
  }
  destroy(): this {
    return this;
  }
}

/** Whether the bytes were taken for an answer. @throws where more is kept than a frame has */
export function feedFrames(input: Buffer): boolean {
  const socket = new FakeSocket();
  const guard = new GuardedSocket(socket as unknown as Socket, input.length % 2 === 0);
  let isTaken = false;
  guard.on("error", () => undefined);
  guard.on("data", () => {
    isTaken = true;
  });
  guard.write(Buffer.from(REQUEST));
  // The transaction is ours to choose; most attacks have to be about the rest.
  const answer = Buffer.concat([socket.transaction, input.subarray(2)]);
  const half = answer.length >> 1;
  for (const piece of [answer.subarray(0, half), answer.subarray(half)]) {
    if (piece.length === 0 || guard.broken !== undefined) continue;
    socket.emit("data", piece);
    if (guard.bufferedBytes > FRAME_BYTES_MAX)
      throw new Error(`${guard.bufferedBytes} bytes are kept of an answer`);
  }
  return isTaken;
}
