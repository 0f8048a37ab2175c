/**
 * The first record of TLS, read before anything is made for its connection: who begins a handshake
 * and does not go on costs a few kilobytes and no session.
 *
 * Source: RFC 8446, 5.1: a byte of type, two of version, two of length; 22 is a handshake.
 */
import type { Socket } from "node:net";

const HEADER_BYTES = 5;
const HANDSHAKE = 22;
/**
 * A daemon's hello has 300 bytes, and 3 KiB with a post-quantum key and a ticket that holds its
 * certificate. A record may have 16 KiB.
 */
export const RECORD_BYTES_MAX = 8 * 1024;

/**
 * Calls `onWhole` once, when the record is there; `socket` is paused then, and everything that came
 * can be read from it. What does not begin a handshake is closed at once.
 */
export function readFirstRecord(socket: Socket, onWhole: () => void): void {
  let held: Buffer = Buffer.alloc(0);
  let missing = HEADER_BYTES;
  const onData = (chunk: Buffer): void => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    if (held.length < missing) return;
    missing = lengthOf(held);
    if (missing === 0) {
      socket.destroy();
      return;
    }
    if (held.length < missing) return;
    socket.pause();
    socket.off("data", onData);
    socket.unshift(held);
    onWhole();
  };
  socket.on("data", onData);
}

/** Of the whole record. 0: no handshake, or none that we read. */
function lengthOf(held: Buffer): number {
  if (held[0] !== HANDSHAKE || held[1] !== 3) return 0;
  const length = HEADER_BYTES + held.readUInt16BE(3);
  return length > HEADER_BYTES && length <= RECORD_BYTES_MAX ? length : 0;
}
