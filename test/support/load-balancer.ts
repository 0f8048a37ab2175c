/**
 * Debian's nginx as a TCP load balancer, on the loopback, in a folder of its own, with the
 * configuration that is shipped; only addresses and places of files are others.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, STREAM_MODULE, startPeer } from "./peer.js";
import { makeRunFolder } from "./run-folder.js";

/** The configuration of the composed backend. */
export const SHIPPED = "systemd/compose/nginx.conf";

/** What stands before several processes. */
export interface LoadBalancer {
  readonly port: number;
  stop(): Promise<void>;
}

/** What is put in for what is shipped. */
interface Places {
  readonly folder: string;
  /** Of the listeners for telemetry and enrolment. */
  readonly listen: readonly [number, number];
  /** Of the processes behind the first. */
  readonly behind: readonly number[];
}

/** @param ports of the processes behind it, all on the loopback */
export async function startLoadBalancer(ports: readonly number[]): Promise<LoadBalancer> {
  const folder = makeRunFolder();
  const [port, enrol] = [await freePort(), await freePort()];
  const file = join(folder, "nginx.conf");
  writeFileSync(file, localise({ folder, listen: [port, enrol], behind: ports }));
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

/** The shipped configuration for this machine. */
export function localise({ folder, listen, behind }: Places): string {
  const [telemetry, enrolment] = listen;
  const servers = behind.map((one) => `server 127.0.0.1:${one};`).join(" ");
  const changes: readonly (readonly [string, string])[] = [
    ["worker_processes auto;", "daemon off; worker_processes 1;"],
    ["/tmp/nginx.pid", join(folder, "pid")],
    ["error_log stderr warn;", `error_log ${join(folder, "error.log")} warn;`],
    ["worker_connections 8192;", "worker_connections 256;"],
    ["server backend:7443;", servers],
    ["server backend:7445;", servers],
    ["listen 7443;", `listen 127.0.0.1:${telemetry};`],
    ["listen 7445;", `listen 127.0.0.1:${enrolment};`],
  ];
  const text = changes.reduce(
    (sofar, [from, to]) => {
      if (!sofar.includes(from)) throw new Error(`${SHIPPED} does not say ${from}`);
      return sofar.replace(from, to);
    },
    readFileSync(SHIPPED, "utf8"),
  );
  return `load_module ${STREAM_MODULE};\n${text}`;
}
