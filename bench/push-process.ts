/**
 * A backend with models, alone in a process: listens, publishes at a word, and says what memory and
 * CPU it used. Also the plainest way to send a file to many, as a baseline: bytes into a socket.
 */
import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { openDoor } from "../test/support/door.js";
import { createFakeBehind } from "../test/support/fake-behind.js";
import { candidate, createModelBackend } from "../test/support/push-bed.js";
import { createDeviceKey } from "./push-daemons.js";

/** What the process is told. */
export type PushOrder =
  | { readonly order: "publish"; readonly bytes: number }
  | { readonly order: "measure" };

/** What it answers. */
export type PushAnswer =
  | { readonly kind: "listening"; readonly port: number; readonly plainPort: number }
  | { readonly kind: "published"; readonly length: number }
  | { readonly kind: "measured"; readonly rssBytes: number; readonly cpuSeconds: number };

const [folder = "", daemons = "0"] = process.argv.slice(2);
const clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  isSynced: () => true,
  sleep: (ms: number, signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      if (signal.aborted) return resolve();
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener("abort", end, { once: true });
    }),
};
const backend = createModelBackend(folder, clock);
for (let number = 1; number <= Number(daemons); number++) {
  const { installationId, spki } = createDeviceKey(number);
  backend.deviceKeys.set(installationId, spki);
}
const door = await openDoor({
  behind: { ...createFakeBehind(), push: backend.push },
  clock,
  limits: {
    messageBytesMax: 512 * 1024,
    streamsMax: 4,
    connectionAgeMaxMs: 86_400_000,
    keepaliveMs: 0,
    front: { socketsPerPrefixMax: 0 },
  },
});
let plainFile = Buffer.alloc(0);
const plain = createServer((socket) => socket.on("error", () => {}).end(plainFile));
await new Promise<void>((resolve) => {
  plain.listen(0, "127.0.0.1", resolve);
});
const answer = (what: PushAnswer) => process.send?.(what);

process.on("message", (message: PushOrder) => {
  if (message.order === "measure") {
    const { user, system } = process.cpuUsage();
    const cpuSeconds = (user + system) / 1e6;
    return answer({ kind: "measured", rssBytes: process.memoryUsage().rss, cpuSeconds });
  }
  void publish(message.bytes);
});

async function publish(bytes: number): Promise<void> {
  // Noise does not pack: the file is as long as the model.
  const noise = randomBytes(bytes);
  const { facts } = await backend.publishing.publish(candidate({ plain: noise }));
  plainFile = Buffer.alloc(facts.length);
  answer({ kind: "published", length: facts.length });
}

const { port } = plain.address() as { port: number };
answer({ kind: "listening", port: door.ports.main, plainPort: port });
