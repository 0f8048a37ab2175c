/**
 * Counts per heat pump model and day of receipt, kept for 30 days. Written to the store every ten
 * minutes and at the end; what a crash takes with it is at most that.
 */
import type { Clock } from "#core/clock.js";
import type { SnapshotStore } from "../store/snapshot-store.js";
import type { DataFinding, ModelQuality, QualityReport } from "./data-quality.js";
import type { IntakeListener } from "./intake.js";
import { toReasons } from "./intake-meter.js";

const DAY_MS = 86_400_000;
/** Days that are kept. */
const DAYS_MAX = 30;
/** Heat pump models that are told apart in one day; the others are counted together. */
const MODELS_MAX = 500;
/** Name of those; no model is called so. */
const OTHERS = "(others)";
const RECORD = "quality";
const SAVE_MS = 10 * 60_000;
/** Reasons that stand for an impossible value. */
const IMPLAUSIBLE: ReadonlySet<string> = new Set(["OUT_OF_RANGE", "NON_FINITE"]);

/** Counts of one model on one day. */
interface Counts {
  snapshots: number;
  readings: number;
  promised: number;
  rejected: Record<string, number>;
}

/** Day since 1970 (UTC) → model → counts. */
type Days = Map<number, Map<string, Counts>>;

/** Counts that last. */
export interface QualityBook extends IntakeListener {
  /** @param installations that ever contributed to a model */
  report(
    installations: (heatpumpModel: string) => number,
    findings: readonly DataFinding[],
  ): QualityReport;
  /** Writes what changed. */
  save(): Promise<void>;
}

/** What a book works with. */
export interface QualityBookDeps {
  readonly store: Pick<SnapshotStore, "record" | "putRecord">;
  readonly nowMs: () => number;
}

/** Reads back what was written. */
export async function openQualityBook({ store, nowMs }: QualityBookDeps): Promise<QualityBook> {
  const days = parseDays(await store.record(RECORD));
  let isChanged = false;
  const countsOf = (heatpumpModel: string): Counts => {
    isChanged = true;
    const today = Math.floor(nowMs() / DAY_MS);
    const models = days.get(today) ?? new Map<string, Counts>();
    if (!days.has(today)) {
      days.set(today, models);
      for (const day of days.keys()) if (day <= today - DAYS_MAX) days.delete(day);
    }
    const name = models.has(heatpumpModel) || models.size < MODELS_MAX ? heatpumpModel : OTHERS;
    const known = models.get(name) ?? { snapshots: 0, readings: 0, promised: 0, rejected: {} };
    models.set(name, known);
    return known;
  };
  return {
    decided({ heatpumpModel, rejected }) {
      if (rejected.length === 0) return;
      const counts = countsOf(heatpumpModel);
      for (const { reason, snapshots } of rejected) {
        counts.rejected[reason] = (counts.rejected[reason] ?? 0) + snapshots;
      }
    },
    stored({ heatpumpModel, snapshots, readings, promised }) {
      const counts = countsOf(heatpumpModel);
      counts.snapshots += snapshots;
      counts.readings += readings;
      counts.promised += promised;
    },
    report(installations, findings) {
      const fromDay = Math.floor(nowMs() / DAY_MS) - DAYS_MAX;
      const kept = [...days].filter(([day]) => day > fromDay);
      const sums = sumUp(kept.map(([, models]) => models));
      for (const { heatpumpModel } of findings) {
        if (!sums.has(heatpumpModel)) sums.set(heatpumpModel, NONE);
      }
      const models = [...sums].map(([heatpumpModel, counts]) =>
        toQuality(heatpumpModel, counts, installations(heatpumpModel), findings),
      );
      return {
        sinceMs: kept.length === 0 ? 0 : Math.min(...kept.map(([day]) => day)) * DAY_MS,
        models: models.sort(
          (a, b) =>
            b.rejectedShare - a.rejectedShare || a.heatpumpModel.localeCompare(b.heatpumpModel),
        ),
      };
    },
    async save() {
      if (!isChanged) return;
      isChanged = false;
      const text = JSON.stringify([...days].map(([day, models]) => [day, [...models]]));
      try {
        await store.putRecord(RECORD, Buffer.from(text, "utf8"));
      } catch (cause) {
        isChanged = true;
        throw cause;
      }
    },
  };
}

/** Writes the book now and then, and at the end. */
export async function runQualityBook(
  book: Pick<QualityBook, "save">,
  { clock, onFault }: { clock: Clock; onFault: (fault: unknown) => void },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(SAVE_MS, signal);
    await book.save().catch(onFault);
  }
}

const NONE: Counts = { snapshots: 0, readings: 0, promised: 0, rejected: {} };

function sumUp(days: readonly ReadonlyMap<string, Counts>[]): Map<string, Counts> {
  const sums = new Map<string, Counts>();
  for (const [model, counts] of days.flatMap((models) => [...models])) {
    const sum = sums.get(model) ?? { ...NONE, rejected: {} };
    sum.snapshots += counts.snapshots;
    sum.readings += counts.readings;
    sum.promised += counts.promised;
    for (const [reason, count] of Object.entries(counts.rejected)) {
      sum.rejected[reason] = (sum.rejected[reason] ?? 0) + count;
    }
    sums.set(model, sum);
  }
  return sums;
}

function toQuality(
  heatpumpModel: string,
  { snapshots, readings, promised, rejected }: Counts,
  installations: number,
  findings: readonly DataFinding[],
): ModelQuality {
  const reasons = toReasons(new Map(Object.entries(rejected)));
  const refused = reasons.reduce((sum, { count }) => sum + count, 0);
  const implausible = reasons
    .filter(({ reason }) => IMPLAUSIBLE.has(reason))
    .reduce((sum, { count }) => sum + count, 0);
  return {
    heatpumpModel,
    installations,
    snapshotsStored: snapshots,
    snapshotsRejected: refused,
    readingsStored: readings,
    rejectedShare: share(refused, snapshots + refused),
    implausibleShare: share(implausible, snapshots + refused),
    absentShare: share(promised - readings, promised),
    rejected: reasons,
    findings: findings.filter((one) => one.heatpumpModel === heatpumpModel),
  };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function parseDays(bytes: Uint8Array | undefined): Days {
  if (bytes === undefined) return new Map();
  const text = Buffer.from(bytes).toString("utf8");
  const days = JSON.parse(text) as [number, [string, Counts][]][];
  return new Map(days.map(([day, models]) => [day, new Map(models)]));
}
