/**
 * Numbers about the backend itself, for Prometheus: one table of names, from which come the metrics,
 * `docs/backend-metrics.md` and the check of the dashboard. No number names an installation, and no
 * label takes a value that somebody outside can make up.
 */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { IntakeListener } from "../operation/intake.js";
import type { OperationState } from "../operation/operation.js";
import type { BackendTotals } from "../rpc/door.js";
import type { JobRun } from "../schedule/schedule.js";

/** A metric as the table has it. */
interface Vital {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels?: readonly string[];
  readonly buckets?: readonly number[];
}

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

/** Every metric. @internal the generator and tests read it */
export const VITALS = {
  heatpool_build_info: { kind: "gauge", help: "1; which program runs", labels: ["version"] },
  heatpool_start_time_seconds: { kind: "gauge", help: "When this process started" },
  heatpool_installations: { kind: "gauge", help: "Installations known" },
  heatpool_installations_active: {
    kind: "gauge",
    help: "Installations that contributed within 30 days",
  },
  heatpool_streams: { kind: "gauge", help: "Daemons that are connected" },
  heatpool_batches_stored_total: { kind: "counter", help: "Batches that became durable" },
  heatpool_readings_stored_total: { kind: "counter", help: "Readings that became durable" },
  heatpool_snapshots_total: {
    kind: "counter",
    help: "Snapshots that were decided, by outcome: stored, duplicate or rejected",
    labels: ["outcome"],
  },
  heatpool_snapshots_rejected_total: {
    kind: "counter",
    help: "Snapshots refused for good, by reason",
    labels: ["reason"],
  },
  heatpool_snapshots_lost_total: {
    kind: "counter",
    help: "Snapshots that installations reported as lost",
  },
  heatpool_batches_refused_total: {
    kind: "counter",
    help: "Batches that may come again, by code",
    labels: ["code"],
  },
  heatpool_backlog_lag_seconds: {
    kind: "histogram",
    help: "Time between the measurement of a batch's newest snapshot and its receipt",
    buckets: [MINUTE, 5 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY],
  },
  heatpool_commit_seconds: {
    kind: "histogram",
    help: "How long a durable write takes",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
  },
  heatpool_store_bytes: { kind: "gauge", help: "Size of the store" },
  heatpool_disk_free_bytes: { kind: "gauge", help: "What is free on the store's disk" },
  heatpool_job_runs_total: {
    kind: "counter",
    help: "Runs of a job, by outcome: done or failed",
    labels: ["job", "outcome"],
  },
  heatpool_job_duration_seconds: {
    kind: "gauge",
    help: "How long the newest run of a job took",
    labels: ["job"],
  },
  heatpool_job_success_timestamp_seconds: {
    kind: "gauge",
    help: "When the newest run of a job that succeeded began",
    labels: ["job"],
  },
  heatpool_statistics_released_timestamp_seconds: {
    kind: "gauge",
    help: "When statistics were released; 0: never",
  },
  heatpool_catalogue_expires_timestamp_seconds: {
    kind: "gauge",
    help: "Until when a signed file of the catalogue is good",
    labels: ["role"],
  },
  heatpool_models: { kind: "gauge", help: "Releases of models that daemons may use" },
  heatpool_warnings: { kind: "gauge", help: "Warnings that `status` shows" },
  heatpool_process_resident_bytes: { kind: "gauge", help: "Memory of this process" },
  heatpool_process_cpu_seconds_total: { kind: "counter", help: "CPU time of this process" },
} as const satisfies Readonly<Record<string, Vital>>;

type Name = keyof typeof VITALS;

/** What is asked at every scrape. */
export interface VitalSources {
  readonly version: string;
  totals(): Promise<BackendTotals>;
  state(): Promise<OperationState>;
  /** Resident bytes and CPU seconds since the start. */
  process(): { readonly residentBytes: number; readonly cpuSeconds: number };
}

/** Numbers that count on. */
export interface Vitals {
  readonly listener: IntakeListener;
  streamOpened(): void;
  streamClosed(): void;
  jobRan(run: JobRun): void;
  /** In the text format of Prometheus. */
  render(sources: VitalSources): Promise<string>;
  readonly contentType: string;
}

/** All at zero. */
export function createVitals(): Vitals {
  const registry = new Registry();
  const metrics = new Map<string, Counter | Gauge | Histogram>();
  for (const [name, vital] of Object.entries<Vital>(VITALS)) {
    metrics.set(name, createMetric(name, vital, registry));
  }
  const add = (name: Name, value: number, labels: Record<string, string> = {}): void => {
    (metrics.get(name) as Counter).inc(labels, value);
  };
  const set = (name: Name, value: number, labels: Record<string, string> = {}): void => {
    (metrics.get(name) as Gauge).set(labels, value);
  };
  const observe = (name: Name, value: number): void => {
    (metrics.get(name) as Histogram).observe(value);
  };
  const streams = metrics.get("heatpool_streams") as Gauge;
  for (const outcome of ["stored", "duplicate", "rejected"]) {
    add("heatpool_snapshots_total", 0, { outcome });
  }
  return {
    contentType: registry.contentType,
    listener: {
      decided({ admitted, duplicate, rejected }) {
        add("heatpool_snapshots_total", admitted, { outcome: "stored" });
        add("heatpool_snapshots_total", duplicate, { outcome: "duplicate" });
        for (const { reason, snapshots } of rejected) {
          add("heatpool_snapshots_total", snapshots, { outcome: "rejected" });
          add("heatpool_snapshots_rejected_total", snapshots, { reason });
        }
      },
      stored({ readings, lagMs }) {
        add("heatpool_batches_stored_total", 1);
        add("heatpool_readings_stored_total", readings);
        observe("heatpool_backlog_lag_seconds", lagMs / 1000);
      },
      refused: (code) => add("heatpool_batches_refused_total", 1, { code }),
      lost: (snapshots) => add("heatpool_snapshots_lost_total", snapshots),
      committed: (durationMs) => observe("heatpool_commit_seconds", durationMs / 1000),
    },
    streamOpened: () => streams.inc(),
    streamClosed: () => streams.dec(),
    jobRan({ job, outcome, durationMs, startedAtMs }) {
      add("heatpool_job_runs_total", 1, { job, outcome });
      set("heatpool_job_duration_seconds", durationMs / 1000, { job });
      if (outcome !== "done") return;
      set("heatpool_job_success_timestamp_seconds", startedAtMs / 1000, { job });
    },
    async render({ version, ...sources }) {
      const [totals, state] = await Promise.all([sources.totals(), sources.state()]);
      set("heatpool_build_info", 1, { version });
      set("heatpool_start_time_seconds", totals.startedAtMs / 1000);
      set("heatpool_installations", totals.installations);
      set("heatpool_installations_active", totals.activeInstallations30d);
      set("heatpool_store_bytes", totals.storeBytes);
      set("heatpool_disk_free_bytes", state.storage.diskFreeBytes);
      set("heatpool_statistics_released_timestamp_seconds", totals.statisticsReleasedAtMs / 1000);
      set("heatpool_warnings", totals.warnings.length);
      for (const [role, { expiresAtMs }] of Object.entries(state.catalogue?.roles ?? {})) {
        set("heatpool_catalogue_expires_timestamp_seconds", expiresAtMs / 1000, { role });
      }
      const usable = state.catalogue?.releases.filter(({ revoked }) => !revoked) ?? [];
      set("heatpool_models", usable.length);
      const { residentBytes, cpuSeconds } = sources.process();
      set("heatpool_process_resident_bytes", residentBytes);
      const cpu = metrics.get("heatpool_process_cpu_seconds_total") as Counter;
      cpu.reset();
      cpu.inc(cpuSeconds);
      return await registry.metrics();
    },
  };
}

function createMetric(name: string, vital: Vital, registry: Registry) {
  const facts = {
    name,
    help: vital.help,
    labelNames: [...(vital.labels ?? [])],
    registers: [registry],
  };
  if (vital.kind === "counter") return new Counter(facts);
  if (vital.kind === "gauge") return new Gauge(facts);
  return new Histogram({ ...facts, buckets: [...(vital.buckets ?? [])] });
}
