/**
 * The fastest honest baseline in the same runtime: one TCP connection, one request in flight, one
 * preformatted request, answers only counted, never checked or decoded. What it reaches is what
 * the peer, the kernel and Node's sockets allow.
 */
import { once } from "node:events";
import { connect } from "node:net";

/** What is asked again and again. */
export interface RawRequest {
  readonly port: number;
  readonly address: number;
  readonly count: number;
}

/** Asks `requests` times; resolves with the seconds it took, without the connecting. */
export async function askRaw(request: RawRequest, requests: number): Promise<number> {
  const socket = connect({ host: "127.0.0.1", port: request.port, noDelay: true });
  await once(socket, "connect");
  const frame = Buffer.from([0, 1, 0, 0, 0, 6, 1, 4, 0, 0, 0, 0]);
  frame.writeUInt16BE(request.address, 8);
  frame.writeUInt16BE(request.count, 10);
  const answerBytes = 9 + request.count * 2;
  const start = process.hrtime.bigint();
  await new Promise<void>((resolve, reject) => {
    let [answered, bytes] = [0, 0];
    socket.on("error", reject);
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes < answerBytes) return;
      bytes -= answerBytes;
      answered++;
      if (answered === requests) resolve();
      else socket.write(frame);
    });
    socket.write(frame);
  });
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const closed = once(socket, "close");
  socket.destroy();
  await closed;
  return seconds;
}
