/** A wire between two programs that can be cut: a TCP proxy on loopback that counts bytes. */
import { connect, createServer, type Socket } from "node:net";

/** The wire. */
export interface Link {
  readonly port: number;
  /** Bytes from the dialling side to the other since the start, TLS included. */
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** Cuts every connection and refuses new ones, or lets them through again. */
  setCut(cut: boolean): void;
  close(): Promise<void>;
}

/** Forwards 127.0.0.1:(free port) to 127.0.0.1:`targetPort`. */
export async function openLink(targetPort: number): Promise<Link> {
  const sockets = new Set<Socket>();
  let isCut = false;
  let up = 0;
  let down = 0;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  };
  const server = createServer((near) => {
    keep(near);
    if (isCut) return void near.resetAndDestroy();
    const far = connect(targetPort, "127.0.0.1");
    keep(far);
    near.on("data", (chunk) => {
      up += chunk.length;
    });
    far.on("data", (chunk) => {
      down += chunk.length;
    });
    near.pipe(far);
    far.pipe(near);
    near.once("close", () => far.destroy());
    far.once("close", () => near.destroy());
  });
  await new Promise<void>((ready) => {
    server.listen(0, "127.0.0.1", ready);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const drop = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port,
    get bytesUp() {
      return up;
    },
    get bytesDown() {
      return down;
    },
    setCut(cut) {
      isCut = cut;
      if (cut) drop();
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        drop();
      }),
  };
}
