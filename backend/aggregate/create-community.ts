/**
 * Community answers from the newest release, and makes releases: at a fixed time each day or when
 * the operator asks, never twice within 20 hours. A release is durable before it is shown, and
 * stays over restarts.
 */
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { Metric } from "#core/measurement/metrics.js";
import type { InstallationState, Registry } from "../registry/registry.js";
import type { SnapshotStore } from "../store/snapshot-store.js";
import { effectiveRules, type PrivacyRules } from "./cohort-statistics.js";
import type { Averages, Community } from "./community.js";
import { describePool, type PoolFacts } from "./pool-message.js";
import { computeRelease, type Release, WINDOW_HOURS } from "./release.js";
import type { Rollups } from "./rollups.js";

/** Least time between two releases: a join or a leave must not be seen alone. */
const RELEASE_INTERVAL_MIN_MS = 20 * 3_600_000;

/** Metrics asked for at once. */
const METRICS_MAX = 64;

/** Name of the newest release in the store. */
const RECORD = "community/release";

/** What community works with. */
export interface CommunityDeps {
  readonly store: SnapshotStore;
  readonly registry: Registry;
  readonly rollups: Rollups;
  readonly clock: Clock;
  readonly findMetric: (id: string) => Metric | undefined;
  /** Distinct days with data, by the snapshots' own time, within the last 64. */
  readonly daysWithData: (state: InstallationState, nowMs: number) => number;
  readonly coldStart: PoolFacts["coldStart"];
  readonly privacy?: Partial<PrivacyRules>;
  /** Heat pump models for which a trained model is published. */
  readonly modelsAvailable?: () => readonly string[];
  /** Released at the same moment. */
  readonly alsoRelease?: (nowMs: number) => Promise<void>;
}

/** Community, and the hand that has it read what another process released. */
export interface KeptCommunity extends Community {
  reload(): Promise<void>;
}

/** Reads the newest release back. */
export async function createCommunity(deps: CommunityDeps): Promise<KeptCommunity> {
  const { store, registry, clock, findMetric } = deps;
  const rules = effectiveRules(deps.privacy ?? {});
  let newest = await readRelease(store);
  let isReleasing = false;
  return {
    async reload() {
      newest = await readRelease(store);
    },
    poolStatus() {
      const { installations, readings } = registry.poolSize();
      const { closedTestPool } = rules;
      const { coldStart } = deps;
      return {
        totalInstallations: installations,
        totalReadings: readings,
        modelsAvailable: deps.modelsAvailable?.() ?? [],
        closedTestPool,
        ...describePool({ installations, readings, coldStart, closedTestPool }),
      };
    },
    averages(heatpumpModel, metrics) {
      checkMetrics(metrics, findMetric);
      return readAverages(newest, heatpumpModel, metrics);
    },
    async release() {
      const nowMs = clock.nowMs();
      demandInterval(newest, nowMs, isReleasing);
      isReleasing = true;
      try {
        const models = registry.models().filter((model) => model !== "");
        const cohorts = models.map((heatpumpModel) => ({
          heatpumpModel,
          members: registry.members(heatpumpModel),
        }));
        const daysWithData = (state: InstallationState) => deps.daysWithData(state, nowMs);
        const release = computeRelease({
          ...{ ...deps, nowMs, cohorts, daysWithData, rules },
          before: newest,
        });
        await store.putRecord(RECORD, Buffer.from(JSON.stringify(release), "utf8"));
        newest = release;
        await deps.alsoRelease?.(nowMs);
        const cohortsSuppressed = release.cohorts.filter((one) => one.installations === 0).length;
        const cohortsReleased = release.cohorts.length - cohortsSuppressed;
        return { releasedAtMs: nowMs, cohortsReleased, cohortsSuppressed };
      } finally {
        isReleasing = false;
      }
    },
  };
}

const NEVER: Release = { releasedAtMs: 0, cohorts: [] };

async function readRelease(store: SnapshotStore): Promise<Release> {
  const kept = await store.record(RECORD);
  return kept === undefined ? NEVER : (JSON.parse(Buffer.from(kept).toString()) as Release);
}

function demandInterval({ releasedAtMs }: Release, nowMs: number, isReleasing: boolean): void {
  // The first one is free: there is nothing to compare it with.
  const waitMs = releasedAtMs === 0 ? 0 : releasedAtMs + RELEASE_INTERVAL_MIN_MS - nowMs;
  if (waitMs <= 0 && !isReleasing) return;
  const last = new Date(releasedAtMs).toISOString();
  throw new HeatpoolError("TOO_SOON", `last release ${last}, the next one in ${waitMs} ms`, {
    hint: "Releases are at least 20 hours apart, so that nobody's joining or leaving shows.",
  });
}

function checkMetrics(metrics: readonly string[], findMetric: CommunityDeps["findMetric"]): void {
  if (metrics.length > METRICS_MAX) {
    throw new HeatpoolError(
      "INVALID_ARGUMENT",
      `${metrics.length} metrics, at most ${METRICS_MAX}`,
    );
  }
  const unknown = metrics.find((id) => findMetric(id) === undefined);
  if (unknown !== undefined) {
    throw new HeatpoolError("INVALID_ARGUMENT", `Invalid metric name: ${unknown.slice(0, 64)}`);
  }
}

function readAverages(
  release: Release,
  heatpumpModel: string,
  metrics: readonly string[],
): Averages {
  const { releasedAtMs, cohorts } = release;
  const cohort = cohorts.find((one) => one.heatpumpModel === heatpumpModel);
  const common = { heatpumpModel, window: `${WINDOW_HOURS}h`, releasedAtMs };
  if (cohort === undefined) {
    const suppressedBecause =
      releasedAtMs === 0 ? "nothing has been released yet" : "no such cohort in the newest release";
    return { ...common, metrics: [], installations: 0, suppressedBecause };
  }
  const wanted = cohort.metrics.filter(
    (one) => metrics.length === 0 || metrics.includes(one.metric),
  );
  const { installations, suppressedBecause } = cohort;
  return { ...common, metrics: wanted, installations, suppressedBecause };
}
