/** Debian's nginx as a TCP load balancer, on the loopback, in a folder of its own. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, STREAM_MODULE, startPeer } from "./peer.js";
import { makeRunFolder } from "./run-folder.js";

/** What stands before several processes. */
export interface LoadBalancer {
  readonly port: number;
  stop(): Promise<void>;
}

/** @param ports of the processes behind it, all on the loopback */
export async function startLoadBalancer(ports: readonly number[]): Promise<LoadBalancer> {
  const folder = makeRunFolder();
  const port = await freePort();
  const servers = ports.map((one) => `server 127.0.0.1:${one} max_fails=1 fail_timeout=1s;`);
  const file = join(folder, "nginx.conf");
  const lines = [
    `load_module ${STREAM_MODULE};`,
    "daemon off;",
    "worker_processes 1;",
    `pid ${join(folder, "pid")};`,
    `error_log ${join(folder, "error.log")};`,
    "events { worker_connections 256; }",
    `stream { upstream pool { ${servers.join(" ")} }`,
    `server { listen 127.0.0.1:${port}; proxy_pass pool; proxy_connect_timeout 1s; } }`,
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  const args = ["-c", file, "-p", folder, "-e", join(folder, "error.log")];
  const stop = await startPeer("/usr/sbin/nginx", args, port);
  return {
    port,
    async stop() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
