/**
 * What the pool may tell about itself. A release is computed at fixed times and stays as it is
 * until the next one: a household that joins or leaves shows only then, among many.
 */

/** How large the pool is. */
export interface PoolStatus {
  readonly totalInstallations: number;
  readonly totalReadings: number;
  readonly modelsAvailable: readonly string[];
  readonly dataSufficient: boolean;
  readonly message: string;
  readonly messageDe: string;
  readonly closedTestPool: boolean;
}

/** Released figures of one metric over a cohort, in the metric's unit, rounded to 2 decimals. */
export interface MetricAverage {
  readonly metric: string;
  readonly unit: string;
  readonly mean: number;
  readonly median: number;
  readonly p10: number | undefined;
  readonly p90: number | undefined;
  readonly installations: number;
}

/** The newest released figures of one cohort. */
export interface Averages {
  readonly heatpumpModel: string;
  readonly window: string;
  readonly metrics: readonly MetricAverage[];
  /** 0 when suppressed. */
  readonly installations: number;
  /** 0: nothing released yet. */
  readonly releasedAtMs: number;
  /** Empty: nothing is missing. */
  readonly suppressedBecause: string;
}

/** What a release did. */
export interface ReleaseSummary {
  readonly releasedAtMs: number;
  readonly cohortsReleased: number;
  readonly cohortsSuppressed: number;
}

/** Answers community questions. */
export interface Community {
  poolStatus(): PoolStatus;
  /** @throws HeatpoolError `INVALID_ARGUMENT` for a metric that is not in the catalogue */
  averages(heatpumpModel: string, metrics: readonly string[]): Averages;
  /** @throws HeatpoolError `TOO_SOON` within 20 h of the last release */
  release(): Promise<ReleaseSummary>;
}
