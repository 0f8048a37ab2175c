/** A TCP proxy that counts Modbus requests and exceptions on their way and changes nothing. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A request as it passed. */
export interface PassedRequest {
  readonly unitId: number;
  readonly functionCode: number;
  readonly address: number;
  readonly count: number;
}

/** A running proxy. */
export interface CountingProxy {
  readonly port: number;
  readonly requests: PassedRequest[];
  /** Exception codes in their order. */
  readonly exceptions: number[];
  connections: number;
  reset(): void;
  close(): Promise<void>;
}

/** Stands between a reader and the server on `targetPort`. */
export async function startCountingProxy(targetPort: number): Promise<CountingProxy> {
  const sockets = new Set<Socket>();
  const requests: PassedRequest[] = [];
  const exceptions: number[] = [];
  const server = createServer({ noDelay: true }, (client) => {
    proxy.connections++;
    const target = connect({ host: "127.0.0.1", port: targetPort, noDelay: true });
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    pass(client, target, (frame) =>
      requests.push({
        unitId: frame.readUInt8(6),
        functionCode: frame.readUInt8(7),
        address: frame.readUInt16BE(8),
        count: frame.readUInt16BE(10),
      }),
    );
    pass(target, client, (frame) => {
      if (frame.readUInt8(7) > 0x80) exceptions.push(frame.readUInt8(8));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy: CountingProxy = {
    port: (server.address() as AddressInfo).port,
    requests,
    exceptions,
    connections: 0,
    reset() {
      requests.length = 0;
      exceptions.length = 0;
      proxy.connections = 0;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}

/** Hands bytes on as they are and shows each whole frame. */
function pass(from: Socket, to: Socket, see: (frame: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  from.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 6 && rest.length >= 6 + rest.readUInt16BE(4)) {
      const length = 6 + rest.readUInt16BE(4);
      see(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
    to.write(chunk);
  });
}
