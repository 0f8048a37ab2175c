/**
 * A real broker for one test file: own port on the loopback, own accounts and access list, nothing
 * kept on disk. Accounts: `gateway` may publish everything, `reader` may read what the list says.
 */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import type { Clock } from "#core/clock.js";
import { temporaryFolder } from "./folder.js";
import { freePort, startPeer } from "./peer.js";

/** Its program; not in everybody's PATH. */
const PROGRAM = "/usr/sbin/mosquitto";

/** A broker and its accounts. */
export interface TestBroker {
  readonly port: number;
  readonly userFile: string;
  readonly passwordFile: string;
  /** Connects as the gateway. */
  connect(options?: IClientOptions): Promise<MqttClient>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** @param more lines of mosquitto.conf for the listener, e.g. its certificates */
export async function createBroker(
  readable: readonly string[] = ["#"],
  more: readonly string[] = [],
): Promise<TestBroker> {
  const folder = temporaryFolder();
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const port = await freePort();
  const password = randomBytes(12).toString("hex");
  const accounts = file("accounts", `gateway:${password}\nreader:${password}\n`);
  spawnSync("mosquitto_passwd", ["-U", accounts]);
  const acl = [
    "user gateway",
    "topic readwrite #",
    "user reader",
    ...readable.map((topic) => `topic read ${topic}`),
  ];
  const config = file(
    "mosquitto.conf",
    [
      `listener ${port} 127.0.0.1`,
      ...more,
      "allow_anonymous false",
      `password_file ${accounts}`,
      `acl_file ${file("acl", `${acl.join("\n")}\n`)}`,
      "persistence false",
      ...(process.getuid?.() === 0 ? ["user root"] : []),
      "",
    ].join("\n"),
  );
  let stop: (() => Promise<void>) | undefined;
  return {
    port,
    userFile: file("user", "reader\n"),
    passwordFile: file("password", `${password}\n`),
    connect: (options = {}) =>
      connectAsync({
        host: "127.0.0.1",
        port,
        username: "gateway",
        password,
        reconnectPeriod: 0,
        ...options,
      }),
    async start() {
      stop = await startPeer(PROGRAM, ["-c", config], port);
    },
    async stop() {
      await stop?.();
      stop = undefined;
    },
  };
}

/** Ends a client as a crash does: the broker publishes its last will. */
export async function crash(client: MqttClient): Promise<void> {
  await new Promise<void>((gone) => {
    client.once("close", () => gone());
    client.stream.destroy();
  });
}

/** A real clock on which waiting is short, and which can be moved on. */
export function createHastyClock(): Clock & { pass(ms: number): void } {
  let ahead = 0;
  return {
    nowMs: () => Date.now() + ahead,
    monotonicMs: () => performance.now() + ahead,
    isSynced: () => true,
    sleep: (ms, signal) =>
      pause(Math.min(ms, 20), undefined, { signal }).catch(() => undefined) as Promise<void>,
    pass(ms) {
      ahead += ms;
    },
  };
}

/** Waits until something that happens elsewhere has happened. */
export async function until(happened: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (happened()) return;
    await pause(10);
  }
  throw new Error(`did not happen: ${what}`);
}
