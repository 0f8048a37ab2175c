/** Taking batches in, and what watches it: quotas, the meter, the book of data quality. */

import type { Config } from "../config.js";
import type { Vitals } from "../http/vitals.js";
import { createIngest } from "../ingest/create-ingest.js";
import { createQuotas } from "../ingest/quota.js";
import { type IntakeListener, watchIngest, watchStore } from "../operation/intake.js";
import { createIntakeMeter } from "../operation/intake-meter.js";
import { openQualityBook } from "../operation/quality-book.js";
import { keptFromMs } from "../privacy/retention.js";
import { markDay } from "../registry/day-bitmap.js";
import { type Registers, toShared } from "./open-registers.js";
import type { BackendParts } from "./parts.js";

export type Intake = Awaited<ReturnType<typeof openIntake>>;

export async function openIntake(parts: BackendParts, registers: Registers, vitals: Vitals) {
  const { config, clock } = parts;
  const { store, kept, tombstones } = registers;
  const nowMs = (): number => clock.nowMs();
  const monotonicMs = (): number => clock.monotonicMs();
  const quotas = createQuotas(toQuota(config));
  const meter = createIntakeMeter(monotonicMs);
  const book = await openQualityBook({ store, nowMs });
  const listeners: readonly IntakeListener[] = [meter, book, vitals.listener];
  const { rawMonths } = config.retention;
  const ingest = await createIngest({
    ...toShared(parts, registers),
    store: await watchStore(store, listeners, monotonicMs),
    parts: kept.parts,
    markDay,
    limits: quotas.limits,
    keptFromMs: (atMs) => keptFromMs(atMs, rawMonths),
    isErased: tombstones.has,
  });
  return { quotas, meter, book, ingest, watched: watchIngest(ingest, listeners) };
}

function toQuota({ quota }: Config) {
  return {
    batchesPerSecond: quota.batchesPerSecond,
    batchesBurst: quota.batchesBurst,
    snapshotsPerDay: quota.snapshotsPerDay,
    bytesPerDay: quota.MiBPerDay * 1024 * 1024,
  };
}
