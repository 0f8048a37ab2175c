/**
 * Training as its operator sees it: runs and how they went, and the candidates that came of them.
 * What passed every gate waits here until somebody publishes or discards it.
 */
import type { ModelCard } from "#core/anomaly/model-card.js";
import type { TrainingOrder, TrainingReport } from "./training.js";

/** What came of one heat pump model. */
export interface TrainedModel
  extends Pick<
    TrainingReport,
    "modelId" | "heatpumpModel" | "outcome" | "installations" | "readings" | "reasons" | "leftOut"
  > {
  /** Of the candidate; empty: there is none. */
  readonly version: string;
}

/** A run, over or not. */
export interface TrainingRun {
  /** Counts up. */
  readonly id: number;
  /** Empty: all. */
  readonly heatpumpModel: string;
  /** Empty: as far back as readings are kept. */
  readonly since: string;
  readonly isDry: boolean;
  /** Somebody asked for it; otherwise its time had come. */
  readonly isOnDemand: boolean;
  readonly startedAtMs: number;
  /** So far, while it runs. */
  readonly durationMs: number;
  readonly state: "running" | "done" | "failed";
  /** Where it is, or why it failed. */
  readonly detail: string;
  readonly models: readonly TrainedModel[];
}

/** One trained model that waits, was published, or was refused. */
export interface KeptCandidate {
  readonly modelId: string;
  /** `*` for the generic one. */
  readonly heatpumpModel: string;
  readonly card: ModelCard;
  readonly outcome: "candidate" | "refused" | "published";
  /** Why it was refused; empty otherwise. */
  readonly reasons: readonly string[];
  readonly madeAtMs: number;
  /** base64 */
  readonly content: string;
}

/** A candidate without its content. */
export interface ListedCandidate extends Omit<KeptCandidate, "content"> {
  readonly bytes: number;
}

/** What became of publishing. */
export interface PublishedCandidate {
  readonly release: number;
  /** Otherwise it waits for the workstation's signature. */
  readonly isListed: boolean;
}

/** Looks through candidates and decides about them. */
export interface CandidateDesk {
  /** By model id and version. @param modelId empty: of all */
  candidates(modelId: string): Promise<readonly ListedCandidate[]>;
  /**
   * @throws HeatpoolError `NOT_FOUND` no such candidate · `STATE_INVALID` it did not pass, is
   *   published, or there are no keys to seal with
   */
  publish(modelId: string, version: string): Promise<PublishedCandidate>;
  /** @throws HeatpoolError `NOT_FOUND` no such candidate · `STATE_INVALID` it is published */
  discard(modelId: string, version: string): Promise<void>;
}

/** Candidates, and runs on demand. */
export interface TrainingDesk extends CandidateDesk {
  /** Resolves when it began. @throws HeatpoolError as `Training.train` */
  start(order: TrainingOrder): Promise<TrainingRun>;
  /** Newest last. */
  runs(): Promise<readonly TrainingRun[]>;
}
