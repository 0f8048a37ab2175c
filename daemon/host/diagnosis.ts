/**
 * What is wrong with this installation, judged from facts. Pure: `machine-facts.ts` gathers, this
 * decides, `diagnosis-texts.ts` says it in words.
 */

/** `note`: so by choice. `warning`: works, and will not for long or not as well as it might. */
export type Verdict = "ok" | "note" | "warning" | "problem";

/** A judgement: what was looked at, and which sentence says it. */
export interface Judgement {
  readonly check: Check;
  readonly verdict: Verdict;
  /** Sentence of the table of that check. */
  readonly says: string;
  readonly facts: Readonly<Record<string, string | number>>;
}

export type Check =
  | "node"
  | "configuration"
  | "heat-pump"
  | "clock"
  | "disk"
  | "memory"
  | "permissions"
  | "service"
  | "consent"
  | "backend";

/** How a connection by TCP went. */
export type Reach = "open" | "refused" | "silent";

/** One heat pump as it was found. */
export interface DeviceFacts {
  readonly deviceId: string;
  readonly where: string;
  /** Where the daemon reads it: that it does. Where not: a reading of our own. */
  readonly isRead: boolean;
  /** Why it was not read. */
  readonly why: string;
  readonly isMismatch: boolean;
  readonly isMqtt: boolean;
  /** Left out where it was read. */
  readonly reach?: Reach | undefined;
}

/** Everything that is judged. What could not be found out is `undefined`. */
export interface HouseholdFacts {
  readonly nodeVersion: string;
  /** Fault of the configuration in words; empty: none. */
  readonly configFault: string;
  readonly devices: readonly DeviceFacts[];
  readonly isClockSynced: boolean;
  readonly disk: { readonly freeBytes: number; readonly totalBytes: number } | undefined;
  /** Whether the kernel counts memory per unit, so that `MemoryMax` has an effect. */
  readonly hasMemoryCgroup: boolean | undefined;
  /** Paths that the daemon's user may not use as it must. */
  readonly forbidden: readonly string[];
  /** `undefined`: no systemd here. */
  readonly unit: "active" | "inactive" | "failed" | undefined;
  readonly isDaemonRunning: boolean;
  readonly consent: "missing" | "withdrawn" | "outdated" | "granted" | undefined;
  readonly backend:
    | { readonly where: string; readonly isOnline: boolean; readonly reach: Reach | undefined }
    | undefined;
}

/** Oldest Node on which the daemon runs. */
const NODE_FLOOR: readonly [number, number] = [20, 19];
const MIB = 1024 * 1024;
/** The journal needs this to be written at all. */
const DISK_FULL_BYTES = 32 * MIB;
const DISK_LOW_BYTES = 512 * MIB;
const DISK_LOW_SHARE = 0.05;

/** Judges everything, in the order in which a person would mend it. */
export function diagnose(facts: HouseholdFacts): readonly Judgement[] {
  return [
    judgeNode(facts),
    judgeConfiguration(facts),
    ...facts.devices.map(judgeDevice),
    judgeService(facts),
    ...judgePermissions(facts),
    judgeClock(facts),
    ...judgeDisk(facts),
    ...judgeMemory(facts),
    ...judgeConsent(facts),
    ...judgeBackend(facts),
  ];
}

function judged(
  check: Check,
  verdict: Verdict,
  says: string,
  facts: Judgement["facts"] = {},
): Judgement {
  return { check, verdict, says, facts };
}

function judgeNode({ nodeVersion }: HouseholdFacts): Judgement {
  const [major = 0, minor = 0] = nodeVersion.replace(/^v/, "").split(".").map(Number);
  const isOld = major < NODE_FLOOR[0] || (major === NODE_FLOOR[0] && minor < NODE_FLOOR[1]);
  const facts = { version: nodeVersion, floor: NODE_FLOOR.join(".") };
  return judged("node", isOld ? "problem" : "ok", isOld ? "old" : "good", facts);
}

function judgeConfiguration({ configFault }: HouseholdFacts): Judgement {
  if (configFault === "") return judged("configuration", "ok", "good");
  return judged("configuration", "problem", "faulty", { fault: configFault });
}

function judgeDevice(device: DeviceFacts): Judgement {
  const { deviceId, where, why, isRead, isMismatch, isMqtt, reach } = device;
  const facts = { device: deviceId, where, why };
  if (isRead) return judged("heat-pump", "ok", "read", facts);
  if (isMismatch) return judged("heat-pump", "problem", "mismatch", facts);
  if (reach === "silent") return judged("heat-pump", "problem", "unreachable", facts);
  if (reach === "refused") {
    return judged("heat-pump", "problem", isMqtt ? "no-broker" : "modbus-off", facts);
  }
  return judged("heat-pump", "problem", isMqtt ? "no-messages" : "no-answer", facts);
}

function judgeService({ unit, isDaemonRunning }: HouseholdFacts): Judgement {
  if (isDaemonRunning) return judged("service", "ok", "running");
  if (unit === "failed") return judged("service", "problem", "failed");
  return judged("service", "problem", unit === undefined ? "not-running" : "stopped");
}

function judgePermissions({ forbidden }: HouseholdFacts): readonly Judgement[] {
  if (forbidden.length === 0) return [judged("permissions", "ok", "good")];
  return forbidden.map((path) => judged("permissions", "problem", "forbidden", { path }));
}

function judgeClock({ isClockSynced }: HouseholdFacts): Judgement {
  return judged("clock", isClockSynced ? "ok" : "warning", isClockSynced ? "synced" : "unsynced");
}

function judgeDisk({ disk }: HouseholdFacts): readonly Judgement[] {
  if (disk === undefined) return [];
  const facts = { freeMiB: Math.floor(disk.freeBytes / MIB) };
  if (disk.freeBytes < DISK_FULL_BYTES) return [judged("disk", "problem", "full", facts)];
  const isLow =
    disk.freeBytes < DISK_LOW_BYTES && disk.freeBytes < DISK_LOW_SHARE * disk.totalBytes;
  return [judged("disk", isLow ? "warning" : "ok", isLow ? "low" : "good", facts)];
}

function judgeMemory({ hasMemoryCgroup }: HouseholdFacts): readonly Judgement[] {
  if (hasMemoryCgroup === undefined) return [];
  return [judged("memory", hasMemoryCgroup ? "ok" : "note", hasMemoryCgroup ? "limited" : "off")];
}

function judgeConsent({ consent }: HouseholdFacts): readonly Judgement[] {
  if (consent === undefined) return [];
  if (consent === "granted") return [judged("consent", "ok", "granted")];
  return [judged("consent", consent === "outdated" ? "warning" : "note", consent)];
}

/** Without consent nobody is called, so nothing is known and nothing is wrong. */
function judgeBackend({ backend, consent }: HouseholdFacts): readonly Judgement[] {
  if (backend === undefined) return [judged("backend", "note", "none")];
  if (consent !== "granted") return [];
  const facts = { where: backend.where };
  if (backend.isOnline) return [judged("backend", "ok", "online", facts)];
  if (backend.reach === "open") return [judged("backend", "ok", "reachable", facts)];
  return [judged("backend", "warning", "unreachable", facts)];
}
