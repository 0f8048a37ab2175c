/**
 * Real programs to test against. A peer that is not installed skips its suites by name; with
 * `CI=true` it fails them instead, so that a green run never means an absent peer.
 */
import { type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** What lets nginx pass TCP on. */
export const STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";

/** Debian package → a command that succeeds where it is installed. */
const PEERS = {
  "python3-pymodbus": ["/usr/bin/python3", "-c", "import pymodbus"],
  "libmodbus-dev": ["pkg-config", "--exists", "libmodbus"],
  mbpoll: ["mbpoll", "-V"],
  // It has no option that only tells its version and ends well.
  mosquitto: ["test", "-x", "/usr/sbin/mosquitto"],
  chromium: ["test", "-x", "/usr/bin/chromium"],
  openssl: ["openssl", "version"],
  "victoria-metrics": ["sh", "-c", "command -v victoria-metrics"],
  postgresql: ["sh", "-c", "ls /usr/lib/postgresql/*/bin/initdb"],
  "libnginx-mod-stream": ["test", "-x", "/usr/sbin/nginx", "-a", "-r", STREAM_MODULE],
  "python3-aiosmtpd": ["/usr/bin/python3", "-c", "import aiosmtpd"],
} as const;

/** Whether suites that need `peer` must be skipped here. With `CI=true` never: then they fail. */
export function isPeerMissing(peer: keyof typeof PEERS): boolean {
  const [command, ...args] = PEERS[peer];
  const works = spawnSync(command, args, { stdio: "ignore" }).status === 0;
  if (!works && process.env.CI === "true") {
    throw new Error(`the peer ${peer} is missing: apt-get install ${peer}`);
  }
  return !works;
}

/** A port for programs that cannot choose one themselves; our own servers listen on port 0. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Starts a program and waits until `port` accepts. Resolves with the way to stop it. */
export async function startPeer(
  command: string,
  args: readonly string[],
  port: number,
  options: SpawnOptions = {},
): Promise<() => Promise<void>> {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "ignore", "pipe"] });
  let tail = "";
  // A pipe that nobody reads fills up and stops the peer.
  child.stderr?.on("data", (text) => {
    tail = (tail + text).slice(-2000);
  });
  await once(child, "spawn");
  const gone = once(child, "exit");
  for (let tries = 0; tries < 400 && child.exitCode === null; tries++) {
    const socket = connect(port, "127.0.0.1");
    const up = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (up) {
      return async () => {
        child.kill("SIGTERM");
        await gone;
      };
    }
    await pause(50);
  }
  child.kill("SIGKILL");
  throw new Error(`${command} did not come up: ${tail}`);
}
