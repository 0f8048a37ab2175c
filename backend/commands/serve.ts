/** `heatpool-backend serve`: runs the backend until a signal. */

import { runBackend } from "../backend.js";
import { createLog, LOG_LEVELS, type Log, type LogLevel } from "../host/log.js";
import { warnAboutNode } from "../host/node-floor.js";
import { readProcess } from "../host/process-facts.js";
import { type LoadedIdentity, loadIdentity } from "../host/server-identity.js";
import { maskAddresses } from "../privacy/mask.js";
import { type LoadedConfig, loadConfig, type Machine } from "./machine.js";

const DAY_MS = 86_400_000;
/** Renewing takes an operator a while. */
const EXPIRY_WARNING_DAYS = 30;

/** @throws HeatpoolError what keeps the backend from serving */
export async function serve(machine: Machine, options: { config: string }): Promise<void> {
  const loaded = loadConfig(options.config);
  const { config, places } = loaded;
  machine.setTlsMinimum(`TLSv${config.tls.minVersion}`);
  let level: LogLevel = config.logLevel;
  const log = createLog({
    write: machine.print,
    clock: machine.clock,
    threshold: () => level,
    mask: maskAddresses,
  });
  machine.listenToBugs((bug) => log("error", "backend.bug", { what: describeBug(bug) }));
  const identity = openIdentity(loaded, machine);
  const warnings = findWarnings(loaded, machine, identity);
  warn(log, warnings);
  const { version, clock, chance, onBug } = machine;
  await runBackend(
    {
      ...{ config, places, version, clock, chance, log, identity, warnings, onBug },
      process: readProcess,
      logControl: {
        levels: LOG_LEVELS,
        level: () => level,
        setLevel(next) {
          level = next;
          log("info", "backend.log-level", { now: next });
        },
      },
    },
    machine.signal,
  );
}

function openIdentity(
  { config, places, file }: LoadedConfig,
  machine: Machine,
): LoadedIdentity | undefined {
  if (config.tls.insecureLoopback) return undefined;
  const remedy =
    `For a private authority run \`heatpool-backend ca init --config ${file} --host <name>\`, ` +
    "with the name or address under which daemons reach this machine; " +
    "or name your own files under tls.certificateFile and tls.keyFile.";
  const { certificateFile, keyFile } = places;
  return loadIdentity({ certificateFile, keyFile, remedy }, machine.clock.nowMs());
}

function findWarnings(
  { config }: LoadedConfig,
  machine: Machine,
  identity: LoadedIdentity | undefined,
): string[] {
  const node = warnAboutNode(machine.nodeVersion);
  const daysLeft =
    identity === undefined
      ? Number.POSITIVE_INFINITY
      : Math.floor((identity.expiresAtMs - machine.clock.nowMs()) / DAY_MS);
  return [
    ...(node === undefined ? [] : [node]),
    ...(identity === undefined ? ["no TLS: only this machine can reach the backend"] : []),
    ...(daysLeft < EXPIRY_WARNING_DAYS ? [`the certificate expires in ${daysLeft} days`] : []),
    ...(config.enrolment.claimTokens === "off" ? ["anybody may send: claim tokens are off"] : []),
    ...(config.privacy.closedTestPool
      ? ["closed test pool: figures may tell about single households"]
      : []),
  ];
}

function warn(log: Log, warnings: readonly string[]): void {
  for (const warning of warnings) log("warn", "backend.warning", { warning });
}

/** The place in the program matters more than the words, which may quote a peer. */
function describeBug(bug: unknown): string {
  return bug instanceof Error ? (bug.stack ?? bug.message) : String(bug);
}
