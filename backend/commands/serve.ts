/** `heatpool-backend serve`: runs the backend until a signal. */
import { refuseGrpcTrace } from "#core/grpc-trace.js";
import type { InstallationAuthority } from "../assembly/parts.js";
import { runBackend } from "../backend.js";
import { openIssuing } from "../enrolment/device-authority.js";
import { openRecoveryKey } from "../enrolment/recovery-key.js";
import { createLog, LOG_LEVELS, type Log, type LogLevel } from "../host/log.js";
import { warnAboutNode } from "../host/node-floor.js";
import { readProcess } from "../host/process-facts.js";
import { type LoadedIdentity, loadIdentity } from "../host/server-identity.js";
import { createNotify, runWatchdog } from "../host/systemd-notify.js";
import { createTagger } from "../privacy/log-tag.js";
import { maskAddresses } from "../privacy/mask.js";
import {
  findStoreKey,
  type LoadedConfig,
  loadConfig,
  loadStoreKey,
  type Machine,
} from "./machine.js";

const DAY_MS = 86_400_000;
const USEC_PER_MS = 1000;
/** Renewing takes an operator a while. */
const EXPIRY_WARNING_DAYS = 30;
/** What it signs is good for 90 days, and must not outlive it. */
const ISSUING_WARNING_DAYS = 100;
/** Name of a systemd credential. */
const DEVICE_CA_KEY = "device-ca-key";

/** @throws HeatpoolError what keeps the backend from serving */
export async function serve(machine: Machine, options: { config: string }): Promise<void> {
  if (machine.grpcTrace !== undefined) refuseGrpcTrace(machine.grpcTrace);
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
  const authority = await openAuthority(loaded, machine);
  const warnings = findWarnings(loaded, machine, { identity, authority });
  warn(log, warnings);
  const { version, clock, chance, onBug } = machine;
  const storeKey = findStoreKey(places, machine);
  const tag = createTagger(chance, clock);
  const told = { log, tag, warnings, onBug };
  const notify = createNotify(machine.notifySocket);
  const done = new AbortController();
  const watchdogMs = Number(machine.watchdogUsec ?? 0) / USEC_PER_MS;
  const watching =
    watchdogMs > 0 ? runWatchdog({ notify, clock, watchdogMs }, done.signal) : undefined;
  await runBackend(
    {
      ...{ config, places, version, clock, chance, identity, authority, storeKey, ...told },
      onReady: () => notify("READY=1"),
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
  ).finally(() => {
    notify("STOPPING=1");
    done.abort();
  });
  await watching;
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

/** Who makes installations; nobody where there is no TLS, or a token stands for them. */
async function openAuthority(
  { config, places }: LoadedConfig,
  machine: Machine,
): Promise<InstallationAuthority | undefined> {
  const { chance, clock, credential } = machine;
  if (config.tls.insecureLoopback || config.identity.mode === "token") return undefined;
  const making = { chance, nowMs: clock.nowMs() };
  const issuing = openIssuing(places.devicesDir, making, credential?.(DEVICE_CA_KEY));
  const storeKey = loadStoreKey(places, machine);
  const recoveryKey = await openRecoveryKey(places.recoveryKeyFile, storeKey, chance);
  return { issuing, recoveryKey };
}

function findWarnings(
  { config }: LoadedConfig,
  machine: Machine,
  {
    identity,
    authority,
  }: { identity: LoadedIdentity | undefined; authority: InstallationAuthority | undefined },
): string[] {
  const node = warnAboutNode(machine.nodeVersion);
  const daysUntil = (endMs: number | undefined) =>
    endMs === undefined
      ? Number.POSITIVE_INFINITY
      : Math.floor((endMs - machine.clock.nowMs()) / DAY_MS);
  const daysLeft = daysUntil(identity?.expiresAtMs);
  const issuingDaysLeft = daysUntil(authority?.issuing.expiresAtMs);
  return [
    ...(node === undefined ? [] : [node]),
    ...(identity === undefined ? ["no TLS: only this machine can reach the backend"] : []),
    ...(daysLeft < EXPIRY_WARNING_DAYS ? [`the certificate expires in ${daysLeft} days`] : []),
    ...(issuingDaysLeft < ISSUING_WARNING_DAYS
      ? [`the issuing authority ends in ${issuingDaysLeft} days: heatpool-backend ca rotate`]
      : []),
    ...(authority === undefined ? ["installations are not known by certificates: for trials"] : []),
    ...(config.enrolment.claimTokens === "off"
      ? ["anybody may enrol or send: claim tokens are off"]
      : []),
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
