/**
 * The wire of the fault suites does what TCP does: whatever goes wrong, the far end gets a beginning
 * of what was sent, in its order. What may not happen to a connection must not be blamed on those
 * who speak over it.
 */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { afterEach, expect, it } from "vitest";
import { openWire, type Wire } from "../../faults/wire.js";

/** Long beside the time in which bytes cross loopback. */
const LONG_DELAY_MS = 300;

const endings: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** A wire between a socket of ours and a far end that notes what it gets until the connection ends. */
async function open(): Promise<{ wire: Wire; near: Socket; heard: Promise<string> }> {
  const server = createServer();
  const heard = new Promise<string>((resolve) => {
    server.once("connection", (far) => {
      let text = "";
      far.on("data", (chunk) => {
        text += String(chunk);
      });
      far.on("error", () => far.destroy());
      far.once("close", () => resolve(text));
      far.once("end", () => far.end());
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  endings.push(() => server.close());
  const address = server.address();
  const wire = await openWire(typeof address === "object" ? (address?.port ?? 0) : 0);
  endings.push(() => wire.close());
  const near = connect({ port: wire.port, host: "127.0.0.1", noDelay: true });
  near.on("error", () => near.destroy());
  near.resume();
  await once(near, "connect");
  return { wire, near, heard };
}

/** Sends, and returns when the wire has it. */
async function send(wire: Wire, near: Socket, text: string): Promise<void> {
  const before = wire.bytesUp;
  near.write(text);
  while (wire.bytesUp < before + text.length) await wire.nextBytes(LONG_DELAY_MS);
}

it("bytes that were delayed arrive before those that follow without a delay", async () => {
  const { wire, near, heard } = await open();
  wire.setRules({ delayMs: LONG_DELAY_MS });
  await send(wire, near, "first ");
  wire.setRules({ delayMs: 1 });
  await send(wire, near, "second ");
  wire.setRules({});
  await send(wire, near, "third");
  near.end();
  expect(await heard).toBe("first second third");
});

it("after a cut nothing more passes, even when the rule is over", async () => {
  const { wire, near, heard } = await open();
  wire.setRules({ cutAfterBytes: 3 });
  await send(wire, near, "abcdef");
  wire.setRules({});
  await send(wire, near, "ghi");
  expect(await heard).toBe("abc");
});

it("bytes that were held up arrive when the way is free again", async () => {
  const { wire, near, heard } = await open();
  await send(wire, near, "one ");
  wire.setRules({ stall: "up" });
  near.write("two ");
  near.write("three");
  near.end();
  wire.setRules({});
  expect(await heard).toBe("one two three");
});
