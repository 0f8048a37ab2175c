/**
 * What is wrong with a backend's surroundings, in sentences. Pure: facts in, findings out; every
 * check says something, so that a silent check is never taken for a good one.
 */

/** One check. */
export interface Diagnosis {
  readonly check: string;
  readonly verdict: "good" | "warning" | "bad";
  /** What was found. */
  readonly text: string;
  /** What to do. */
  readonly remedy?: string;
}

/** What a doctor knows. */
export interface DoctorFacts {
  /** About the version of Node; `undefined`: it is good. */
  readonly nodeWarning: string | undefined;
  readonly nodeVersion: string;
  readonly disk: { readonly freeBytes: number; readonly bytes: number } | undefined;
  readonly isClockSynced: boolean;
  /** `none`: TLS is off. */
  readonly certificate: { readonly daysLeft: number } | { readonly fault: string } | "none";
  /** `undefined`: nobody is asked for one. */
  readonly claimTokens: number | undefined;
  /** `undefined`: there is no HTTP listener. */
  readonly httpTokens: number | undefined;
  /** Files that others than the owner may read. */
  readonly openFiles: readonly string[];
  readonly store: StoreFact;
  /** What is configured beside the embedded store. */
  readonly engines: readonly EngineFact[];
  readonly closedTestPool: boolean;
  readonly autoSign: boolean;
}

/** What became of the attempt to look at the store. */
export type StoreFact =
  | { readonly state: "missing" | "stopped" | "silent" }
  | {
      readonly state: "running";
      readonly well: boolean;
      readonly failedJobs: readonly string[];
      readonly warnings: readonly string[];
    }
  | { readonly state: "unreachable"; readonly fault: string };

/** What a look at one engine, or at what processes share, has found. */
export interface EngineFact {
  readonly engine: "postgresql" | "victoriametrics" | "shared folders";
  readonly verdict: Diagnosis["verdict"];
  readonly text: string;
  readonly remedy?: string | undefined;
}

const MIB = 2 ** 20;
/** LevelDB rewrites tables beside the old ones; below that it soon refuses. */
const FREE_BAD_BYTES = 256 * MIB;
const FREE_WARNING_BYTES = 2_048 * MIB;
const EXPIRY_WARNING_DAYS = 30;

export function diagnose(facts: DoctorFacts): Diagnosis[] {
  return [
    checkNode(facts),
    checkDisk(facts),
    checkClock(facts),
    checkCertificate(facts),
    checkClaimTokens(facts),
    ...checkHttpTokens(facts),
    checkPermissions(facts),
    ...checkStore(facts),
    ...facts.engines.map(checkEngine),
    ...checkExceptions(facts),
  ];
}

function checkNode({ nodeWarning, nodeVersion }: DoctorFacts): Diagnosis {
  if (nodeWarning === undefined) return good("node", `Node ${nodeVersion} has no known holes.`);
  return warning("node", `${nodeWarning}.`, "Install a newer Node and restart the backend.");
}

function checkDisk({ disk }: DoctorFacts): Diagnosis {
  if (disk === undefined) {
    return warning("disk", "The disk of stateDir cannot be asked.", "Does stateDir exist?");
  }
  const free = `${Math.round(disk.freeBytes / MIB)} MiB of the disk are free`;
  const remedy = "Make room, or lower retention.rawMonths; daemons keep what is refused.";
  if (disk.freeBytes < FREE_BAD_BYTES) {
    return bad("disk", `${free}: the store will refuse writes.`, remedy);
  }
  if (disk.freeBytes < FREE_WARNING_BYTES) return warning("disk", `Only ${free}.`, remedy);
  return good("disk", `${free}.`);
}

function checkClock({ isClockSynced }: DoctorFacts): Diagnosis {
  if (isClockSynced) return good("clock", "The clock is believed to be right.");
  return bad(
    "clock",
    "The clock is not known to be right: no job runs, and good readings may be refused as too new.",
    "Start a time service, e.g. systemd-timesyncd.",
  );
}

function checkCertificate({ certificate }: DoctorFacts): Diagnosis {
  const remedy = "Make or fetch a new one: `heatpool-backend ca --help`.";
  if (certificate === "none") {
    return warning("certificate", "TLS is off: only this machine can reach the backend.", remedy);
  }
  if ("fault" in certificate) return bad("certificate", `${certificate.fault}.`, remedy);
  const text = `The certificate is good for ${certificate.daysLeft} days.`;
  if (certificate.daysLeft < EXPIRY_WARNING_DAYS) return warning("certificate", text, remedy);
  return good("certificate", text);
}

function checkClaimTokens({ claimTokens }: DoctorFacts): Diagnosis {
  if (claimTokens === undefined) {
    const remedy = "Set enrolment.claimTokens: required, unless this is a trial.";
    return warning("claim tokens", "Anybody may send: claim tokens are off.", remedy);
  }
  if (claimTokens > 0) return good("claim tokens", `${claimTokens} are known.`);
  const remedy = "Make one: `heatpool-backend token create --claim`.";
  return bad("claim tokens", "There is none, so no daemon can begin to send.", remedy);
}

function checkHttpTokens({ httpTokens }: DoctorFacts): Diagnosis[] {
  if (httpTokens === undefined) return [];
  if (httpTokens > 0) return [good("http tokens", `${httpTokens} are known.`)];
  const text = "The HTTP listener is on, but there is no token: the backend will not start.";
  return [bad("http tokens", text, "Make one: `heatpool-backend token create`.")];
}

function checkPermissions({ openFiles }: DoctorFacts): Diagnosis {
  if (openFiles.length === 0) return good("permissions", "Keys and tokens are the owner's alone.");
  return bad(
    "permissions",
    `Others may read ${openFiles.join(", ")}.`,
    "Run chmod 600 on them, and replace what may have been read.",
  );
}

function checkEngine({ engine, verdict, text, remedy = "See its guide." }: EngineFact): Diagnosis {
  const found = { check: engine, verdict, text };
  return verdict === "good" ? found : { ...found, remedy };
}

function checkStore({ store }: DoctorFacts): Diagnosis[] {
  switch (store.state) {
    case "missing":
      return [warning("store", "There is none yet.", "Start the backend: it makes one.")];
    case "stopped":
      return [good("store", "It opens without a fault; no backend is running.")];
    case "silent":
      return [
        warning(
          "store",
          "No backend answers on this machine; the store is one of its engines.",
          "Start it, unless it runs elsewhere.",
        ),
      ];
    case "unreachable":
      return [
        bad(
          "store",
          `${store.fault}.`,
          "Look at the backend's log: `journalctl -u heatpool-backend`.",
        ),
      ];
    case "running":
      return [
        store.well
          ? good("store", "A backend is running, and its store takes writes.")
          : bad(
              "store",
              "A backend is running, but its store refuses writes.",
              "Look at the disk.",
            ),
        ...store.failedJobs.map((job) =>
          warning(
            "jobs",
            `The last run of ${job} failed.`,
            "`heatpool-backend schedule list` says why.",
          ),
        ),
        ...store.warnings.map((text) => warning("backend", `It says: ${text}.`, "See its guide.")),
      ];
  }
}

function checkExceptions({ closedTestPool, autoSign }: DoctorFacts): Diagnosis[] {
  return [
    ...(closedTestPool
      ? [
          warning(
            "privacy",
            "This is a closed test pool: figures may tell about single households.",
            "Take privacy.closedTestPool out before others join.",
          ),
        ]
      : []),
    ...(autoSign
      ? [
          warning(
            "catalogue",
            "The key that signs models lies on this machine.",
            "Take catalogue.autoSign out before others join.",
          ),
        ]
      : []),
  ];
}

function good(check: string, text: string): Diagnosis {
  return { check, verdict: "good", text };
}

function warning(check: string, text: string, remedy: string): Diagnosis {
  return { check, verdict: "warning", text, remedy };
}

function bad(check: string, text: string, remedy: string): Diagnosis {
  return { check, verdict: "bad", text, remedy };
}
