/** `heatpool-backend doctor`: looks at everything around the backend, running or not. */
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { HeatpoolError } from "#core/errors.js";
import { examineEngines } from "../assembly/examine-engines.js";
import type { Places } from "../config.js";
import { openBearerTokens } from "../enrolment/bearer-tokens.js";
import { openClaimTokens } from "../enrolment/claim-tokens.js";
import { readDisk } from "../host/disk.js";
import { warnAboutNode } from "../host/node-floor.js";
import { loadIdentity } from "../host/server-identity.js";
import { type DoctorFacts, diagnose, type StoreFact } from "../operation/doctor.js";
import { openLevelSnapshotStore } from "../store/level-snapshot-store.js";
import { type AdminOptions, withAdmin } from "./admin.js";
import { type LoadedConfig, loadConfig, type Machine } from "./machine.js";

const DAY_MS = 86_400_000;
/** Bits of group and others. */
const OTHERS = 0o077;
const MARKS = { good: "ok      ", warning: "warning ", bad: "BAD     " } as const;

/** @throws HeatpoolError `STATE_INVALID` something is bad · `CONFIG_INVALID` */
export async function examine(machine: Machine, options: AdminOptions): Promise<void> {
  const findings = diagnose(await gather(machine, options));
  if (options.json) machine.print(JSON.stringify(findings));
  else {
    for (const { check, verdict, text, remedy } of findings) {
      machine.print(`${MARKS[verdict]}${check}: ${text}`);
      if (remedy !== undefined) machine.print(`        ${remedy}`);
    }
  }
  const bad = findings.filter(({ verdict }) => verdict === "bad");
  if (bad.length === 0) return;
  throw new HeatpoolError("STATE_INVALID", bad.map(({ text }) => text).join(" "));
}

async function gather(machine: Machine, options: AdminOptions): Promise<DoctorFacts> {
  const loaded = loadConfig(options.config);
  const { config, places } = loaded;
  const { clock, nodeVersion } = machine;
  const isTokenAsked = config.enrolment.claimTokens === "required";
  return {
    nodeVersion,
    nodeWarning: warnAboutNode(nodeVersion),
    disk: await readDisk(dirname(places.storeDir)),
    isClockSynced: clock.isSynced(),
    certificate: readCertificate(machine, loaded),
    claimTokens: isTokenAsked ? openClaimTokens(places.claimTokensFile, clock).count : undefined,
    httpTokens:
      config.http === undefined ? undefined : openBearerTokens(places.httpTokensFile, clock).count,
    openFiles: await findOpen(places),
    store:
      config.registry.engine === "postgresql"
        ? await askBackend(machine, options).catch(() => ({ state: "silent" }) as const)
        : await askStore(machine, options, places),
    engines: await examineEngines({ config, places, clock }),
    closedTestPool: config.privacy.closedTestPool,
    autoSign: config.catalogue.autoSign,
  };
}

function readCertificate(
  { clock }: Machine,
  { config, places }: LoadedConfig,
): DoctorFacts["certificate"] {
  if (config.tls.insecureLoopback) return "none";
  const { certificateFile, keyFile } = places;
  try {
    const { expiresAtMs } = loadIdentity({ certificateFile, keyFile, remedy: "" }, clock.nowMs());
    return { daysLeft: Math.floor((expiresAtMs - clock.nowMs()) / DAY_MS) };
  } catch (error) {
    return { fault: describe(error) };
  }
}

/** What is secret, and may be read by others. */
async function findOpen(places: Places): Promise<string[]> {
  const { keyFile, claimTokensFile, httpTokensFile, tombstonesFile, storeKeyFile } = places;
  const secrets = [keyFile, claimTokensFile, httpTokensFile, tombstonesFile, storeKeyFile];
  const open = [];
  for (const path of secrets) {
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && (found.mode & OTHERS) !== 0) open.push(path);
  }
  return open;
}

async function askStore(
  machine: Machine,
  options: AdminOptions,
  { storeDir }: Places,
): Promise<StoreFact> {
  // Opening one that is not there would make it.
  if ((await stat(storeDir).catch(() => undefined)) === undefined) return { state: "missing" };
  try {
    await (await openLevelSnapshotStore({ folder: storeDir })).close();
    return { state: "stopped" };
  } catch (error) {
    const isLocked = error instanceof HeatpoolError && error.code === "STORE_LOCKED";
    if (!isLocked) return { state: "unreachable", fault: describe(error) };
  }
  try {
    return await askBackend(machine, options);
  } catch (error) {
    const fault = `The store is in use, but its backend does not answer: ${describe(error)}`;
    return { state: "unreachable", fault };
  }
}

async function askBackend(machine: Machine, options: AdminOptions): Promise<StoreFact> {
  return await withAdmin(machine, options, async (admin) => {
    const { storage, jobs, warnings } = await admin.status();
    const failed = jobs.filter(({ runs }) => runs.at(-1)?.outcome === "failed");
    const failedJobs = failed.map(({ name }) => name);
    return { state: "running", well: storage.well, failedJobs, warnings };
  });
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
