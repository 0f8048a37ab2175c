/**
 * The real backend as a process of its own, with its certificates, as an attacker finds it: what it
 * costs to keep it busy is read from the system, not asked of it.
 */
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodePem } from "#core/certificate/der.js";
import { withEnrolment } from "../../daemon/uplink/enrolment-client.js";
import {
  type RunningBackend,
  runBackendCommand,
  startBackend,
  writeBackendConfig,
} from "../../test/support/backend-process.js";
import { enrolRequest, newDevice } from "../../test/support/installation.js";

/** What an installation shows. */
export interface Shown {
  readonly installationId: string;
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
}

/** What the process takes. */
export interface Taken {
  readonly cpuSeconds: number;
  /** How long its main thread wanted a core and had none. */
  readonly waitedSeconds: number;
  readonly rssMiB: number;
  /** Most of them sockets. To look which they are would keep the honest clients waiting. */
  readonly openFiles: number;
}

/** A backend under attack. */
export interface AttackedBackend {
  readonly port: number;
  readonly ca: Buffer;
  readonly events: RunningBackend["events"];
  /** Where `loop-probe.mjs` writes. */
  readonly delaysFile: string;
  hasExited(): boolean;
  /** A new installation. */
  enrol(): Promise<Shown>;
  taken(): Taken;
  /** Resolves with the exit code of an end in order. */
  stop(): Promise<number | null>;
}

const PROBE = new URL("./loop-probe.mjs", import.meta.url).href;
const PROGRAM = fileURLToPath(new URL("../../dist/backend/main.js", import.meta.url));
/** USER_HZ, which Linux tells programs since 2.4 whatever the kernel counts in (proc(5)). */
const TICKS_PER_SECOND = 100;
const KIB_PER_MIB = 1024;

/** @param folder an empty one. The built program is what runs: `npm run build` first. */
export async function startAttackedBackend(folder: string): Promise<AttackedBackend> {
  const config = writeBackendConfig(folder, "enrolment: { claimTokens: off }");
  const made = runBackendCommand("ca", "init", "--config", config, "--host", "127.0.0.1");
  if (made.status !== 0) throw new Error(`ca init: ${made.stderr}`);
  const delaysFile = join(folder, "delays.jsonl");
  const into = encodeURIComponent(delaysFile);
  const backend = await startBackend(config, ["--import", `${PROBE}?into=${into}`, PROGRAM]);
  const caFile = join(folder, "state/tls/ca.crt");
  const { child } = backend;
  return {
    port: backend.mainPort,
    ca: readFileSync(caFile),
    events: backend.events,
    delaysFile,
    hasExited: () => child.exitCode !== null || child.signalCode !== null,
    async enrol() {
      const device = newDevice();
      const { consent, ...request } = enrolRequest(device);
      const endpoint = {
        address: `127.0.0.1:${backend.enrolPort}`,
        caFile,
        tlsMinVersion: "TLSv1.3",
        claimTokenFile: undefined,
        insecureLoopback: false,
      } as const;
      const { chain } = await withEnrolment(endpoint, (port) =>
        port.enrol({
          ...request,
          consentRecord: consent.record,
          consentSignature: consent.signature,
        }),
      );
      return {
        installationId: device.installationId,
        certificate: chain.map((one) => encodePem("CERTIFICATE", one)).join(""),
        key: device.tls.export({ type: "pkcs8", format: "pem" }).toString(),
      };
    },
    taken: () => readTaken(child.pid ?? 0),
    async stop() {
      if (child.exitCode !== null) return child.exitCode;
      if (child.signalCode !== null) return null;
      child.kill("SIGTERM");
      const [code] = (await once(child, "exit")) as [number | null];
      return code;
    },
  };
}

/**
 * Source: proc(5): utime and stime are fields 14 and 15 of stat, after the name in brackets; Linux,
 * Documentation/scheduler/sched-stats: time on the CPU and time waiting for it, in nanoseconds.
 */
function readTaken(pid: number): Taken {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    const rssKiB = /^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    const [, waitedNs = 0] = readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ").map(Number);
    return {
      cpuSeconds: ticks / TICKS_PER_SECOND,
      waitedSeconds: waitedNs / 1e9,
      rssMiB: Number(rssKiB ?? 0) / KIB_PER_MIB,
      openFiles: readdirSync(`/proc/${pid}/fd`).length,
    };
  } catch {
    // It ended; that is noticed elsewhere.
    return { cpuSeconds: 0, waitedSeconds: 0, rssMiB: 0, openFiles: 0 };
  }
}
