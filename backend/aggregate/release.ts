/**
 * One release: the figures of all cohorts at one moment, computed together and kept until the next.
 */
import type { Metric } from "#core/measurement/metrics.js";
import type { InstallationState } from "../registry/registry.js";
import { type PrivacyRules, summarise } from "./cohort-statistics.js";
import type { MetricAverage } from "./community.js";
import { HOUR_MS } from "./rollup-part.js";
import type { Rollups } from "./rollups.js";

/** Hours that the figures cover: whole ones, up to the current. */
export const WINDOW_HOURS = 24;

/** Consent scope that lets an installation count in statistics. */
const SCOPE = "community_stats";

/** Figures of one cohort; suppressed ones say only why. */
interface ReleasedCohort {
  readonly heatpumpModel: string;
  /** 0 when suppressed. */
  readonly installations: number;
  readonly metrics: readonly MetricAverage[];
  readonly suppressedBecause: string;
}

/** All cohorts of one moment. */
export interface Release {
  readonly releasedAtMs: number;
  readonly cohorts: readonly ReleasedCohort[];
}

/** What a release is computed from. */
export interface ReleaseFacts {
  readonly nowMs: number;
  readonly cohorts: readonly { heatpumpModel: string; members: Iterable<InstallationState> }[];
  readonly rollups: Rollups;
  readonly findMetric: (id: string) => Metric | undefined;
  /** Distinct days with data of an installation, by the snapshots' own time. */
  readonly daysWithData: (state: InstallationState) => number;
  readonly rules: PrivacyRules;
}

/** Computes all cohorts. */
export function computeRelease(facts: ReleaseFacts): Release {
  const cohorts = facts.cohorts.map(({ heatpumpModel, members }) =>
    computeCohort(facts, heatpumpModel, members),
  );
  return { releasedAtMs: facts.nowMs, cohorts };
}

function computeCohort(
  facts: ReleaseFacts,
  heatpumpModel: string,
  members: Iterable<InstallationState>,
): ReleasedCohort {
  const { rollups, rules, nowMs, findMetric, daysWithData } = facts;
  const columns = Int32Array.from(
    [...members]
      .filter((one) => one.consentScopes.includes(SCOPE))
      .filter((one) => daysWithData(one) >= rules.probationDays)
      .flatMap((one) => one.models)
      .filter((one) => one.heatpumpModel === heatpumpModel)
      .map((one) => one.column),
  );
  const to = Math.floor(nowMs / HOUR_MS);
  const hours = { from: to - WINDOW_HOURS, to };
  const metrics = rollups.state.metrics.flatMap((id, index) => {
    const metric = findMetric(id);
    if (metric === undefined || columns.length < rules.cohortMin) return [];
    return summarise(metric, rollups.means(index, columns, hours), rules) ?? [];
  });
  if (metrics.length > 0) {
    const installations = Math.max(...metrics.map((one) => one.installations));
    return { heatpumpModel, installations, metrics, suppressedBecause: "" };
  }
  // The number of those that are there is not told: it would tell who joined or left.
  const suppressedBecause = `fewer than ${rules.cohortMin} installations of this model count`;
  return { heatpumpModel, installations: 0, metrics, suppressedBecause };
}
