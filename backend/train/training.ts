/** Training as the rest of the backend sees it. It returns candidates and never publishes. */
import type { ModelCard } from "#core/anomaly/model-card.js";

/** What is to be trained. */
export interface TrainingOrder {
  /** One heat pump model; left out: all, and the generic one. */
  readonly heatpumpModel?: string;
  /** First month that counts, `2026-05`; left out: as far back as readings are kept. */
  readonly since?: string;
  /** Nothing is written and nothing becomes a candidate. */
  readonly isDry?: boolean;
}

/** What became of one heat pump model. */
export interface TrainingReport {
  readonly modelId: string;
  readonly heatpumpModel: string;
  /** `skipped`: too few to train at all. */
  readonly outcome: "candidate" | "refused" | "skipped";
  readonly reasons: readonly string[];
  /** Installations left out, by rule. */
  readonly leftOut: Readonly<Record<string, number>>;
  readonly installations: number;
  readonly readings: number;
  /** Left out where nothing was trained. */
  readonly card?: ModelCard;
  /** Content of the candidate. */
  readonly content?: Uint8Array;
}

/** Trains on request. */
export interface Training {
  /** Whether an order can be carried out. @throws HeatpoolError `NOT_FOUND` · `USAGE` as `train` */
  check(order: TrainingOrder): void;
  /**
   * One report per heat pump model, in their order.
   *
   * @throws HeatpoolError `NOT_FOUND` no such heat pump model · `USAGE` no such month ·
   *   `UNAVAILABLE` training runs already
   */
  train(order: TrainingOrder, signal: AbortSignal): Promise<readonly TrainingReport[]>;
}
