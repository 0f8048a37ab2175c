/** Commands that ask a running backend: `installations …`, `statistics release`. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { HeatpoolError } from "#core/errors.js";
import { writeExport } from "../privacy/export-files.js";
import { type AdminClient, connectAdmin } from "../rpc/admin-client.js";
import { loadConfig, type Machine } from "./machine.js";

/** What all of them are given. */
export interface AdminOptions {
  readonly config: string;
  /** `unix:/path` or `127.0.0.1:7444`, where it is not the configured one. */
  readonly admin?: string;
  readonly json?: boolean;
}

/** @throws HeatpoolError `UNAVAILABLE` no backend answers */
export async function listInstallations(machine: Machine, options: AdminOptions): Promise<void> {
  await withAdmin(machine, options, async (admin) => {
    let count = 0;
    if (!options.json) machine.print(HEADINGS);
    for await (const one of admin.installations()) {
      count += 1;
      const row = [
        one.installationId,
        describeTime(one.lastReceivedAtMs).padEnd(20),
        String(one.readingsStored).padStart(12),
        String(one.daysWithData).padStart(5),
        (one.cloneSuspectedAtMs > 0 ? "two with one key" : one.identity).padEnd(16),
        one.heatpumpModels.join(", "),
      ];
      machine.print(options.json ? JSON.stringify(one) : row.join("  "));
    }
    if (!options.json) machine.print(`${count} installations`);
  });
}

/** @throws HeatpoolError `TOO_SOON` within 20 h of the last · `UNAVAILABLE` no backend answers */
export async function releaseStatistics(machine: Machine, options: AdminOptions): Promise<void> {
  await withAdmin(machine, options, async (admin) => {
    const released = await admin.releaseStatistics();
    const { cohortsReleased, cohortsSuppressed, releasedAtMs } = released;
    machine.print(
      options.json
        ? JSON.stringify(released)
        : `Released ${cohortsReleased} cohorts at ${describeTime(releasedAtMs)}; ` +
            `${cohortsSuppressed} suppressed by the privacy rules.`,
    );
  });
}

/**
 * @param id left out: a recovery code names it
 * @throws HeatpoolError `NOT_FOUND` nothing is known of it · `UNAVAILABLE` no backend answers
 */
export async function eraseInstallation(
  machine: Machine,
  id: string | undefined,
  options: AdminOptions & { readonly recoveryCode?: string },
): Promise<void> {
  const wanted = { installationId: id ?? "", recoveryCode: options.recoveryCode ?? "" };
  if (id === undefined && wanted.recoveryCode === "") {
    throw new HeatpoolError("USAGE", "erase needs an id, or --recovery-code");
  }
  const subject = id ?? RECOVERY_CODE;
  await withAdmin(machine, options, async (admin) => {
    const receipt = await admin.eraseInstallation(wanted).catch(explainFor(subject));
    const { batches, refusedBatches, losses, erasedAtMs } = receipt;
    machine.print(
      options.json
        ? JSON.stringify(receipt)
        : `Erased ${receipt.installationId} at ${describeTime(erasedAtMs)}: ${batches} batches, ` +
            `${refusedBatches} refused ones, ${losses} losses. What comes of it later is refused.`,
    );
  });
}

/** @throws HeatpoolError `NOT_FOUND` it is not enrolled · `UNAVAILABLE` no backend answers */
export async function revokeInstallation(
  machine: Machine,
  id: string,
  options: AdminOptions,
): Promise<void> {
  await withAdmin(machine, options, async (admin) => {
    const revoked = await admin.revokeInstallation(id).catch(explainFor(id));
    const { installationId, revokedAtMs } = revoked;
    machine.print(
      options.json
        ? JSON.stringify(revoked)
        : `Took the certificate of ${installationId} back at ${describeTime(revokedAtMs)}; ` +
            "its streams are closed. Its data stay: see installations erase.",
    );
  });
}

/** @throws HeatpoolError `NOT_FOUND` nothing is known of it · `STATE_INVALID` not written */
export async function exportInstallation(
  machine: Machine,
  id: string,
  options: AdminOptions & { readonly out: string },
): Promise<void> {
  await withAdmin(machine, options, async (admin) => {
    const parts = admin.exportInstallation(id);
    const summary = await writeExport(resolve(options.out), parts).catch(explainFor(id));
    const { snapshots, readings, days, refusedBatches, losses } = summary;
    machine.print(
      options.json
        ? JSON.stringify(summary)
        : `Wrote ${readings} readings in ${snapshots} snapshots, ${days} days of sums, ` +
            `${refusedBatches} refused batches and ${losses} losses to ${options.out}.`,
    );
  });
}

/** Said instead of the code, which is a secret. */
const RECOVERY_CODE = "the recovery code";
const NOT_FOUND_HINT = "`heatpool-backend installations list` names those that are known.";
const CODE_HINT = "Read it from the paper again. One that its owner renewed is good no more.";
const ID_HINT = "An id looks like 550e8400-e29b-41d4-a716-446655440000.";

/** The backend says what is wrong; here it is known of what, and what helps. */
function explainFor(subject: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof HeatpoolError)) throw error;
    if (!["NOT_FOUND", "INVALID_ARGUMENT"].includes(error.code)) throw error;
    const missing = subject === RECOVERY_CODE ? CODE_HINT : NOT_FOUND_HINT;
    const hint = error.code === "NOT_FOUND" ? missing : ID_HINT;
    throw new HeatpoolError(error.code, `${subject}: ${error.message}`, { cause: error, hint });
  };
}

const HEADINGS = [
  "installation".padEnd(36),
  "last data".padEnd(20),
  "readings".padStart(12),
  " days",
  "identity".padEnd(16),
  "heat pumps",
].join("  ");

/** Asks, and lets go of the connection. */
export async function withAdmin<T>(
  machine: Machine,
  options: AdminOptions,
  work: (admin: AdminClient) => Promise<T>,
): Promise<T> {
  const admin = connect(machine, options);
  try {
    return await work(admin);
  } finally {
    admin.close();
  }
}

/** A socket in the file system; a name or an address with a port. */
const TARGET = /^(unix:\/.+|[\w.-]+:\d{1,5}|\[[0-9a-f:.]+\]:\d{1,5})$/i;

function connect(machine: Machine, options: AdminOptions): AdminClient {
  const { config, places } = loadConfig(options.config);
  const { port } = config.admin;
  const configured = port === undefined ? `unix:${places.adminSocket}` : `127.0.0.1:${port}`;
  const target = options.admin ?? configured;
  if (!TARGET.test(target)) {
    throw new HeatpoolError("USAGE", `--admin ${target}: neither unix:/path nor host:port`);
  }
  const isPlain = target.startsWith("unix:") || config.tls.insecureLoopback;
  return connectAdmin(target, isPlain ? undefined : readAuthority(places.caFile), machine.clock);
}

function readAuthority(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new HeatpoolError("CONFIG_INVALID", `cannot read the authority's certificate ${path}`, {
      cause,
      hint: "Name it under tls.caFile, or leave admin.port out to use the unix socket.",
    });
  }
}

/** A time for people; 0 is one that never was. */
export function describeTime(atMs: number): string {
  return atMs === 0 ? "never" : `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}
