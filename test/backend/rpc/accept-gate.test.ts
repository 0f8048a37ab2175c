/** Who is refused is gone before a socket is made; everybody else comes in as ever. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, it } from "vitest";
import { guardAccept } from "../../../backend/rpc/accept-gate.js";

it("makes no socket of who may not enter, on this Node", async () => {
  const made: string[] = [];
  const asked: string[] = [];
  const server = createServer((socket) => {
    made.push(socket.remoteAddress ?? "");
    socket.end("hello");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const isGuarded = guardAccept(server, (address) => {
    asked.push(address);
    return address === "127.0.0.2";
  });
  expect(isGuarded).toBe(true);
  const address = server.address();
  const port = typeof address === "string" || address === null ? 0 : address.port;
  const dial = async (localAddress: string): Promise<string> => {
    const socket: Socket = connect({ port, host: "127.0.0.1", localAddress });
    let heard = "";
    socket
      .on("error", () => undefined)
      .on("data", (bytes) => {
        heard += String(bytes);
      });
    await once(socket, "close");
    return heard;
  };
  const heard = [await dial("127.0.0.3"), await dial("127.0.0.2"), await dial("127.0.0.3")];
  expect(heard).toEqual(["", "hello", ""]);
  expect(made).toEqual(["127.0.0.2"]);
  expect(asked).toEqual(["127.0.0.3", "127.0.0.2", "127.0.0.3"]);
  server.close();
});

it("refuses nobody where a server does not listen", () => {
  expect(guardAccept(createServer(), () => false)).toBe(false);
});
