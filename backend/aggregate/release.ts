/**
 * One release: the figures of all cohorts at one moment, computed together and kept until the next.
 */
import type { Metric } from "#core/measurement/metrics.js";
import type { InstallationState } from "../registry/registry.js";
import { type PrivacyRules, summarise } from "./cohort-statistics.js";
import type { MetricAverage } from "./community.js";
import { carryOver, type Figure } from "./figure.js";
import { memberNumber } from "./membership.js";
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
  /** The last figure of each metric and who stands behind it, told or not. Never told itself. */
  readonly kept?: Readonly<Record<string, Figure<MetricAverage>>>;
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
  /** The release before this one. */
  readonly before?: Release;
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
  const { rollups, rules, nowMs, findMetric } = facts;
  const { columns, numbers } = listMembers(facts, heatpumpModel, members);
  const before = facts.before?.cohorts.find((one) => one.heatpumpModel === heatpumpModel);
  const to = Math.floor(nowMs / HOUR_MS);
  const hours = { from: to - WINDOW_HOURS, to };
  const kept: Record<string, Figure<MetricAverage>> = { ...before?.kept };
  const metrics = rollups.state.metrics.flatMap((id, index) => {
    const metric = findMetric(id);
    if (metric === undefined || columns.length < rules.cohortMin) return [];
    const found = carryOver({
      values: rollups.means(index, columns, hours),
      numbers,
      before: kept[id],
      compute: (chosen) => summarise(metric, chosen, rules),
    });
    if (found === undefined) return [];
    kept[id] = found;
    return [found.figure];
  });
  if (metrics.length > 0) {
    const installations = Math.max(...metrics.map((one) => one.installations));
    return { heatpumpModel, installations, metrics, suppressedBecause: "", kept };
  }
  // The number of those that are there is not told: it would tell who joined or left.
  const suppressedBecause = `fewer than ${rules.cohortMin} installations of this model count`;
  return { heatpumpModel, installations: 0, metrics: [], suppressedBecause, kept };
}

/** Those of a cohort that count, side by side in the same order. */
export interface CountedMembers {
  readonly installationIds: readonly string[];
  readonly columns: Int32Array;
  /** As `memberNumber` makes them. */
  readonly numbers: Uint32Array;
}

/** Those of a cohort who agreed and are there for long enough. */
export function listMembers(
  { rules, daysWithData }: Pick<ReleaseFacts, "rules" | "daysWithData">,
  heatpumpModel: string,
  members: Iterable<InstallationState>,
): CountedMembers {
  const installationIds: string[] = [];
  let columns = new Int32Array(MEMBERS_FIRST);
  let numbers = new Uint32Array(MEMBERS_FIRST);
  for (const state of members) {
    if (!state.consentScopes.includes(SCOPE) || daysWithData(state) < rules.probationDays) continue;
    for (const model of state.models) {
      if (model.heatpumpModel !== heatpumpModel) continue;
      const place = installationIds.push(state.installationId) - 1;
      if (place === columns.length) {
        columns = widen(columns, new Int32Array(2 * place));
        numbers = widen(numbers, new Uint32Array(2 * place));
      }
      columns[place] = model.column;
      numbers[place] = memberNumber(model.column, state.firstSeenAtMs);
    }
  }
  const count = installationIds.length;
  return {
    installationIds,
    columns: columns.subarray(0, count),
    numbers: numbers.subarray(0, count),
  };
}

/** Members that there is room for at first; lists of numbers would be copied one by one. */
const MEMBERS_FIRST = 1024;

function widen<T extends Int32Array | Uint32Array>(old: T, wide: T): T {
  wide.set(old);
  return wide;
}
