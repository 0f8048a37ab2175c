/**
 * `heatpool doctor`: what is wrong, in sentences. A running daemon is asked, because many heat pumps
 * take one connection only; without one each heat pump is read once. The backend is called only by
 * an owner who agreed.
 */
import { HeatpoolError } from "#core/errors.js";
import { isMqttProfile } from "#core/profile/mqtt-profile.js";
import { toBroker } from "../assembly/broker.js";
import { openSource } from "../assembly/open-source.js";
import type { ConfiguredDevice } from "../assembly/parts.js";
import { openState } from "../assembly/state-files.js";
import { createEndpointQueue } from "../device/endpoint-queue.js";
import {
  type DeviceFacts,
  diagnose,
  type HouseholdFacts,
  type Verdict,
} from "../host/diagnosis.js";
import { type Finding, toFinding } from "../host/diagnosis-texts.js";
import {
  askTimeService,
  reachTcp,
  readDisk,
  readForbidden,
  readMemoryCgroup,
  readUnitState,
} from "../host/machine-facts.js";
import { askDaemon, controlSocketPath } from "../local/control-socket.js";
import { chooseLanguage } from "./language.js";
import { readSetup, type Setup } from "./setup.js";
import type { CommonOptions, Terminal } from "./terminal.js";

interface DoctorOptions extends CommonOptions {
  readonly language?: string;
}

/** The part of the daemon's status that is looked at. */
interface DaemonStatus {
  readonly clockSynced: boolean;
  readonly uplink?: { readonly isOnline: boolean };
  readonly devices: readonly {
    readonly deviceId: string;
    readonly state: string;
    readonly why?: string;
  }[];
}

const MARKS: Record<Verdict, string> = {
  ok: "ok  ",
  note: "i   ",
  warning: "!   ",
  problem: "!!! ",
};
/** Port of HTTPS, where an address names none. */
const TLS_PORT = 443;

export async function doctor(options: DoctorOptions, terminal: Terminal): Promise<void> {
  // A mistake is told before anybody is called.
  chooseLanguage(options.language);
  const { facts, language: usual = terminal.language } = await gather(options, terminal);
  const language = chooseLanguage(options.language, usual);
  const findings = diagnose(facts).map((one) => toFinding(one, language));
  if (options.json === true) terminal.print(JSON.stringify({ findings }, null, 2));
  else for (const line of findings.flatMap(toLines)) terminal.print(line);
  if (findings.some((one) => one.verdict === "problem")) terminal.setExitStatus(1);
}

function toLines({ verdict, text, hint }: Finding): readonly string[] {
  return [`${MARKS[verdict]}${text}`, ...(hint === "" ? [] : [`    → ${hint}`])];
}

async function gather(options: DoctorOptions, terminal: Terminal) {
  const machine = {
    nodeVersion: process.version,
    hasMemoryCgroup: readMemoryCgroup(),
    unit: await readUnitState(),
  };
  const setup = tryReadSetup(options.config);
  if (setup instanceof HeatpoolError) {
    const facts: HouseholdFacts = {
      ...machine,
      configFault: setup.message,
      devices: [],
      isClockSynced: terminal.clock.isSynced() || (await askTimeService()),
      disk: readDisk("/var/lib"),
      forbidden: [],
      isDaemonRunning: machine.unit === "active",
      consent: undefined,
      backend: undefined,
    };
    return { facts, language: undefined };
  }
  const { config } = setup;
  const { clock } = terminal;
  const path = controlSocketPath(config.runtimeDir);
  const asked = await askDaemon(clock, path, "GET /status").catch((fault: unknown) => fault);
  const status = asked instanceof Error ? undefined : (asked as DaemonStatus | undefined);
  const consent = openState(config, clock, terminal.version).book.state().status;
  const facts: HouseholdFacts = {
    ...machine,
    configFault: "",
    devices: await inspectDevices(setup, status, terminal),
    isClockSynced: status?.clockSynced ?? (clock.isSynced() || (await askTimeService())),
    disk: readDisk(config.stateDir),
    forbidden: readForbidden(config.stateDir, readablesOf(setup, options.config)),
    // One that does not let us in runs as well.
    isDaemonRunning: asked !== undefined,
    consent,
    backend: await inspectBackend(setup, status, consent === "granted", terminal),
  };
  return { facts, language: config.language };
}

function tryReadSetup(path: string): Setup | HeatpoolError {
  try {
    return readSetup(path);
  } catch (fault) {
    if (fault instanceof HeatpoolError) return fault;
    throw fault;
  }
}

async function inspectDevices(
  { config, devices }: Setup,
  status: DaemonStatus | undefined,
  terminal: Terminal,
): Promise<readonly DeviceFacts[]> {
  const queue = createEndpointQueue(terminal.clock);
  const found: DeviceFacts[] = [];
  for (const device of devices) {
    const known = status?.devices.find((one) => one.deviceId === device.config.deviceId);
    const seen =
      known === undefined || known.state === "unknown"
        ? await readOnce(device, config.stateDir, queue, terminal)
        : {
            isRead: known.state === "online",
            isMismatch: known.state === "mismatch",
            why: known.why ?? "",
          };
    const endpoint = endpointOf(device);
    const reach = seen.isRead
      ? undefined
      : await reachTcp(endpoint, terminal.clock, terminal.ending);
    const where = `${endpoint.host}:${endpoint.port}`;
    const isMqtt = isMqttProfile(device.profile);
    found.push({ deviceId: device.config.deviceId, where, isMqtt, reach, ...seen });
  }
  return found;
}

async function readOnce(
  device: ConfiguredDevice,
  stateDir: string,
  queue: ReturnType<typeof createEndpointQueue>,
  { clock, chance, ending }: Terminal,
) {
  const onNotice = () => undefined;
  const deps = { queue, clock, chance, stateDir, patience: "all", onNotice } as const;
  const source = openSource(device, deps);
  try {
    await source.take(ending);
    return { isRead: true, isMismatch: false, why: "" };
  } catch (fault) {
    if (!(fault instanceof HeatpoolError)) throw fault;
    return { isRead: false, isMismatch: fault.code === "PROFILE_MISMATCH", why: fault.message };
  } finally {
    await source.close();
  }
}

function endpointOf({ config, profile }: ConfiguredDevice): { host: string; port: number } {
  if (!isMqttProfile(profile)) {
    return { host: config.host ?? "", port: config.port ?? profile.connection.port };
  }
  return toBroker(config.broker, profile);
}

async function inspectBackend(
  { config: { backend } }: Setup,
  status: DaemonStatus | undefined,
  mayCall: boolean,
  { clock, ending }: Terminal,
): Promise<HouseholdFacts["backend"]> {
  if (backend === undefined) return undefined;
  const isOnline = status?.uplink?.isOnline === true;
  if (!mayCall || isOnline) return { where: backend.url, isOnline, reach: undefined };
  const { hostname: host, port } = new URL(`tcp://${backend.url}`);
  const endpoint = { host, port: Number(port) || TLS_PORT };
  return { where: backend.url, isOnline, reach: await reachTcp(endpoint, clock, ending) };
}

/** Files that the configuration names, and itself. */
function readablesOf({ config }: Setup, configFile: string): readonly string[] {
  const { backend, devices } = config;
  const named = [
    ...[backend?.caFile, backend?.claimTokenFile, backend?.rootFile],
    ...devices.flatMap(({ broker }) => [broker?.caFile, broker?.userFile, broker?.passwordFile]),
  ];
  return [configFile, ...named.filter((path) => path !== undefined)];
}
