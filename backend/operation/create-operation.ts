/** Joins what is known about the backend's own doing; see `Operation`. */
import { HeatpoolError } from "#core/errors.js";
import type { Catalogue } from "../catalogue/catalogue.js";
import type { LogLevel } from "../host/log.js";
import type { Quotas } from "../ingest/quota.js";
import type { Registry } from "../registry/registry.js";
import type { Schedule } from "../schedule/schedule.js";
import type { SnapshotStore } from "../store/snapshot-store.js";
import type { FindingSource } from "./data-quality.js";
import type { IntakeMeter } from "./intake-meter.js";
import type { Operation } from "./operation.js";
import type { QualityBook } from "./quality-book.js";

/** The log's level, and a hand on it. */
export interface LogControl {
  readonly levels: readonly LogLevel[];
  level(): LogLevel;
  setLevel(level: LogLevel): void;
}

/** What it is joined from. */
export interface OperationParts {
  readonly store: Pick<SnapshotStore, "bytes">;
  /** What keeps the store, e.g. `leveldb`. */
  readonly engine: string;
  /** The disk that the store lies on; `undefined`: not known. */
  disk(): Promise<{ readonly freeBytes: number; readonly bytes: number } | undefined>;
  readonly registry: Pick<Registry, "poolSize">;
  readonly meter: IntakeMeter;
  readonly book: QualityBook;
  readonly findings?: FindingSource;
  /** `undefined`: another process runs the jobs, or they have not begun. */
  schedule(): Pick<Schedule, "states" | "runNow"> | undefined;
  readonly catalogue: Pick<Catalogue, "state"> | undefined;
  readonly quotas: Quotas;
  /** `undefined`: the store is not an embedded one. */
  readonly backUp: (() => AsyncIterable<Uint8Array>) | undefined;
  readonly log: LogControl;
}

export function createOperation(parts: OperationParts): Operation {
  const { store, engine, registry, meter, book, findings, catalogue, quotas, log } = parts;
  return {
    async state() {
      const disk = await parts.disk();
      return {
        storage: {
          engine,
          bytes: await store.bytes(),
          diskFreeBytes: disk?.freeBytes ?? 0,
          diskBytes: disk?.bytes ?? 0,
          ...meter.commits(),
        },
        intake: meter.intake(),
        catalogue: await catalogue?.state(),
        logLevel: log.level(),
      };
    },
    jobs: () => parts.schedule()?.states() ?? [],
    async runJob(name) {
      const schedule = parts.schedule();
      if (schedule === undefined) {
        throw new HeatpoolError("UNAVAILABLE", "this process runs no jobs at present", {
          hint: "Of several processes one runs them: ask that one.",
        });
      }
      return await schedule.runNow(name);
    },
    async quality() {
      const found = (await findings?.findings()) ?? [];
      return book.report((model) => registry.poolSize(model).installations, found);
    },
    quotas: () => ({ ...quotas.limits }),
    backUp() {
      if (parts.backUp !== undefined) return parts.backUp();
      throw new HeatpoolError("STATE_INVALID", `the store is kept by ${engine}`, {
        hint: "Back up what keeps it with its own tools.",
      });
    },
    setQuotas: (changes) => quotas.set(changes),
    setLogLevel(said) {
      const level = log.levels.find((one) => one === said);
      if (level === undefined) {
        const what = `no log level ${JSON.stringify(said.slice(0, 32))}`;
        throw new HeatpoolError("INVALID_ARGUMENT", what, {
          hint: `There are: ${log.levels.join(", ")}.`,
        });
      }
      const before = log.level();
      log.setLevel(level);
      return before;
    },
  };
}
