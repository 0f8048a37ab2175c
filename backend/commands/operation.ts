/**
 * Commands for the daily work of an operator: `schedule`, `retention run`, `quality`, `quotas`,
 * `log-level`. All ask a running backend; what they change holds until its next start.
 */
import { HeatpoolError } from "#core/errors.js";
import type { QuotaLimits } from "../ingest/quota.js";
import type { ModelQuality } from "../operation/data-quality.js";
import type { JobRun } from "../schedule/schedule.js";
import { type AdminOptions, describeTime, withAdmin } from "./admin.js";
import type { Machine } from "./machine.js";

/** @throws HeatpoolError `UNAVAILABLE` no backend answers */
export async function listSchedule(machine: Machine, options: AdminOptions): Promise<void> {
  await withAdmin(machine, options, async (admin) => {
    const jobs = await admin.schedule();
    if (options.json) return machine.print(JSON.stringify(jobs));
    for (const { name, pattern, nextDueMs, isRunning, runs } of jobs) {
      const next = isRunning ? "runs now" : `next ${describeTime(nextDueMs)}`;
      machine.print(`${name}  (${pattern})  ${next}`);
      for (const run of runs) machine.print(`  ${describeRun(run)}`);
    }
  });
}

/** @throws HeatpoolError `NOT_FOUND` · `UNAVAILABLE` · `STATE_INVALID` the run failed */
export async function runJob(machine: Machine, name: string, options: AdminOptions): Promise<void> {
  await withAdmin(machine, options, async (admin) => {
    const run = await admin.runJob(name);
    machine.print(options.json ? JSON.stringify(run) : describeRun(run));
    if (run.outcome === "done") return;
    throw new HeatpoolError("STATE_INVALID", `${name} failed: ${run.detail}`, {
      hint: "The log of the backend says more; it is tried again within ten minutes of its time.",
    });
  });
}

/** @throws HeatpoolError `UNAVAILABLE` no backend answers */
export async function showQuality(
  machine: Machine,
  heatpumpModel: string | undefined,
  options: AdminOptions,
): Promise<void> {
  await withAdmin(machine, options, async (admin) => {
    const report = await admin.quality(heatpumpModel ?? "");
    if (options.json) return machine.print(JSON.stringify(report));
    machine.print(`Data of the last 30 days, counted since ${describeTime(report.sinceMs)}`);
    for (const model of report.models) for (const line of describeModel(model)) machine.print(line);
    if (report.models.length === 0) machine.print("Nothing came yet.");
  });
}

/** @throws HeatpoolError `UNAVAILABLE` no backend answers */
export async function showQuotas(machine: Machine, options: AdminOptions): Promise<void> {
  await withAdmin(machine, options, async (admin) => {
    printQuotas(machine, await admin.quotas(), options);
  });
}

/** Options of `quotas set`, as they were typed. */
interface QuotaOptions extends AdminOptions {
  readonly batchesPerSecond?: string;
  readonly batchesBurst?: string;
  readonly snapshotsPerDay?: string;
  readonly mibPerDay?: string;
}

/** @throws HeatpoolError `USAGE` nothing to set · `INVALID_ARGUMENT` · `UNAVAILABLE` */
export async function setQuotas(machine: Machine, options: QuotaOptions): Promise<void> {
  const { batchesPerSecond, batchesBurst, snapshotsPerDay, mibPerDay } = options;
  const typed = {
    batchesPerSecond: toNumber(batchesPerSecond, false),
    batchesBurst: toNumber(batchesBurst, true),
    snapshotsPerDay: toNumber(snapshotsPerDay, true),
    bytesPerDay: toNumber(mibPerDay, true, 2 ** 20),
  };
  const given = Object.entries(typed).filter(([, value]) => value !== undefined);
  if (given.length === 0) {
    throw new HeatpoolError("USAGE", "nothing to set", { hint: "--help names the quotas." });
  }
  await withAdmin(machine, options, async (admin) => {
    printQuotas(machine, await admin.setQuotas(Object.fromEntries(given)), options);
  });
}

/** @throws HeatpoolError `INVALID_ARGUMENT` no such level · `UNAVAILABLE` no backend answers */
export async function setLogLevel(
  machine: Machine,
  level: string,
  options: AdminOptions,
): Promise<void> {
  await withAdmin(machine, options, async (admin) => {
    const previousLevel = await admin.setLogLevel(level);
    machine.print(
      options.json
        ? JSON.stringify({ level, previousLevel })
        : `Logs ${level} until the next start; it was ${previousLevel}.`,
    );
  });
}

function toNumber(text: string | undefined, isWhole: boolean, unit = 1): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  const isGood = text.trim() !== "" && value >= 0 && (!isWhole || Number.isSafeInteger(value));
  if (isGood) return value * unit;
  throw new HeatpoolError("INVALID_ARGUMENT", `${JSON.stringify(text)} is no quota`, {
    hint: "Give a number from 0 on; 0 switches the quota off.",
  });
}

function printQuotas(machine: Machine, limits: QuotaLimits, { json }: AdminOptions): void {
  if (json) {
    machine.print(JSON.stringify(limits));
    return;
  }
  const { batchesPerSecond, batchesBurst, snapshotsPerDay, bytesPerDay } = limits;
  const off = (value: number, text: string) => (value === 0 ? "off" : text);
  machine.print("Of one installation, until the next start:");
  machine.print(
    `batches    ${off(batchesPerSecond, `${batchesPerSecond}/s, ${batchesBurst} at once`)}`,
  );
  machine.print(`snapshots  ${off(snapshotsPerDay, `${snapshotsPerDay} a day`)}`);
  machine.print(
    `bytes      ${off(bytesPerDay, `${(bytesPerDay / 2 ** 20).toFixed(1)} MiB a day`)}`,
  );
}

function describeRun({ startedAtMs, durationMs, dueMs, outcome, detail }: JobRun): string {
  const why = dueMs === 0 ? "on demand" : `due ${describeTime(dueMs)}`;
  const took = `${(durationMs / 1000).toFixed(1)} s`;
  return `${describeTime(startedAtMs)}  ${outcome} in ${took}, ${why}: ${detail}`;
}

function describeModel(model: ModelQuality): string[] {
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const { rejected, findings } = model;
  return [
    `${model.heatpumpModel || "(no name)"}: ${model.installations} installations, ${model.snapshotsStored} snapshots`,
    `  refused ${percent(model.rejectedShare)}, of impossible values ${percent(model.implausibleShare)}, ` +
      `absent readings ${percent(model.absentShare)}`,
    ...rejected.map(({ reason, count }) => `  ${count} ${reason}`),
    ...findings.map(
      ({ kind, metric, installations, detail }) =>
        `  ${kind}${metric === "" ? "" : ` ${metric}`} at ${installations}: ${detail}`,
    ),
  ];
}
