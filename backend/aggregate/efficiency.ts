/**
 * What the pool tells about efficiency and use: figures of a cohort over windows of days, and to
 * one installation alone where it stands among its like.
 */
import type { Badge } from "./badges.js";
import type { PerformanceWindow } from "./performance.js";

/** Released figures of one quantity over a cohort, rounded to 2 decimals. */
export interface PerformanceFigure {
  /** E.g. `cop_total`, `cop_outdoor_2_to_7`, `spf`, `starts_per_hour`. */
  readonly quantity: string;
  readonly unit: string;
  readonly mean: number;
  readonly median: number;
  readonly p10: number | undefined;
  readonly p90: number | undefined;
  readonly installations: number;
}

/** The newest released figures of one cohort and window. */
export interface PerformanceFigures {
  readonly heatpumpModel: string;
  readonly window: PerformanceWindow;
  readonly figures: readonly PerformanceFigure[];
  /** 0: nothing released yet. */
  readonly releasedAtMs: number;
}

/** How one installation does in one quantity. */
export interface Rank {
  readonly quantity: string;
  readonly unit: string;
  readonly heatpumpModel: string;
  /** Its own. */
  readonly value: number;
  /** Better than so many percent of the cohort, in steps of five; `undefined`: too few others. */
  readonly betterThanPercent: number | undefined;
  readonly installations: number | undefined;
}

/** What is told to an installation about itself. */
export interface Standing {
  readonly window: PerformanceWindow;
  readonly ranks: readonly Rank[];
  readonly badges: readonly Badge[];
  /** Of the figures of the others. 0: nothing released yet. */
  readonly releasedAtMs: number;
}

/** Answers about efficiency. */
export interface Efficiency {
  figures(heatpumpModel: string, window: PerformanceWindow): PerformanceFigures;
  /** @throws HeatpoolError `NOT_FOUND` no such installation */
  standing(installationId: string, window: PerformanceWindow): Promise<Standing>;
  /** Sums what came, and releases; at the time of the other statistics. */
  release(nowMs: number): Promise<void>;
}
