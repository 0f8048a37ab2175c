/** A TCP proxy whose connections come from another address of this machine, as from a household. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A running one. */
export interface ForeignWay {
  readonly port: number;
  close(): Promise<void>;
}

/** @param from any address of 127.0.0.0/8 */
export async function openForeignWay(targetPort: number, from: string): Promise<ForeignWay> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const target = connect({ host: "127.0.0.1", port: targetPort, localAddress: from });
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
