/** `heatpool-backend status`: how a running backend does, on one page. */
import type { BackendStatus } from "../rpc/admin-client.js";
import { type AdminOptions, describeTime, withAdmin } from "./admin.js";
import type { Machine } from "./machine.js";

/** @throws HeatpoolError `UNAVAILABLE` no backend answers */
export async function showStatus(machine: Machine, options: AdminOptions): Promise<void> {
  await withAdmin(machine, options, async (admin) => {
    const status = await admin.status();
    if (options.json) machine.print(JSON.stringify(status));
    else for (const line of describeStatus(status)) machine.print(line);
  });
}

function describeStatus(status: BackendStatus): string[] {
  const { snapshotsStored, snapshotsDuplicate, snapshotsRejected } = status;
  return [
    `heatpool-backend ${status.version}, up since ${describeTime(status.startedAtMs)}, logs ${status.logLevel}`,
    `installations  ${status.installations} known, ${status.activeInstallations30d} active in 30 days, ${status.openStreams} connected`,
    `snapshots      ${snapshotsStored} stored, ${snapshotsDuplicate} came again, ${snapshotsRejected} refused, ${status.snapshotsReportedLost} reported lost`,
    `readings       ${status.readingsStored} in ${status.batchesStored} batches`,
    ...describeIntake(status),
    describeStorage(status),
    `retention      ${status.retentionMonths} months, last run ${describeTime(status.retentionRanAtMs)} removed ${status.retentionBatchesRemoved} batches`,
    `statistics     released ${describeTime(status.statisticsReleasedAtMs)}`,
    ...describeJobs(status),
    ...describeCatalogue(status),
    ...status.warnings.map((warning) => `warning        ${warning}`),
  ];
}

function describeIntake({ intake }: BackendStatus): string[] {
  const { rejected, refused } = intake;
  const list = (reasons: typeof rejected) =>
    reasons.map(({ reason, count }) => `${count} ${reason}`).join(", ");
  return [
    `intake         ${intake.snapshotsPerSecond.toFixed(2)} snapshots/s, ${intake.readingsPerSecond.toFixed(1)} readings/s, ` +
      `measured ${describeSpan(intake.lagP50Ms)} before (one in ten ${describeSpan(intake.lagP90Ms)})`,
    ...(rejected.length === 0 ? [] : [`refused        ${list(rejected)}`]),
    ...(refused.length === 0 ? [] : [`to come again  ${list(refused)}`]),
  ];
}

function describeStorage({ storage }: BackendStatus): string {
  const { engine, well, bytes, diskFreeBytes, commitP50Ms, commitP99Ms } = storage;
  const free = diskFreeBytes === 0 ? "" : `, ${toMiB(diskFreeBytes)} free`;
  return (
    `store          ${engine}, ${toMiB(bytes)}${free}, writes in ${commitP50Ms.toFixed(1)} ms ` +
    `(one in a hundred ${commitP99Ms.toFixed(1)} ms)${well ? "" : ", REFUSES WRITES"}`
  );
}

function describeJobs({ jobs }: BackendStatus): string[] {
  return jobs.map(({ name, nextDueMs, isRunning, runs }) => {
    const [run] = runs.slice(-1);
    const last =
      run === undefined ? "never ran" : `${run.outcome} at ${describeTime(run.startedAtMs)}`;
    const next = isRunning ? "runs now" : `next ${describeTime(nextDueMs)}`;
    return `job            ${name}: ${last}, ${next}`;
  });
}

function describeCatalogue({ catalogue }: BackendStatus): string[] {
  if (catalogue === undefined) return ["catalogue      none: no keys were made"];
  const { roles, models, proposed, autoSign } = catalogue;
  const ends = roles.map(({ role, expiresAtMs }) => `${role} until ${describeTime(expiresAtMs)}`);
  return [
    `catalogue      ${ends.join(", ") || "nothing published"}${autoSign ? ", signs itself" : ""}`,
    ...models.map(
      ({ modelId, release, installations, revoked }) =>
        `model          ${modelId} ${release}, of ${installations} installations${revoked ? ", revoked" : ""}`,
    ),
    ...(proposed === 0 ? [] : [`model          ${proposed} wait for the workstation`]),
  ];
}

const UNITS = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1_000, "s"],
] as const;

function describeSpan(ms: number): string {
  const [size, unit] = UNITS.find(([one]) => ms >= 2 * one) ?? [1_000, "s"];
  return `${Math.round(ms / size)} ${unit}`;
}

function toMiB(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
