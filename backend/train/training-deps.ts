/** What training works with; given by whoever puts the rooms together. */
import type { Clock } from "#core/clock.js";
import type { Registry } from "../registry/registry.js";
import type { LabelledSets } from "./labelled-sets.js";
import type { Fitter, TrainingStore } from "./learn-fleet.js";
import type { SelectionDeps, TrainingRules } from "./select.js";

export interface TrainingDeps extends SelectionDeps {
  readonly store: TrainingStore;
  readonly registry: Pick<Registry, "members" | "models">;
  readonly clock: Pick<Clock, "nowMs">;
  readonly rules: TrainingRules;
  /** Months that are learnt from at most. */
  readonly windowMonths: number;
  readonly seed: number;
  readonly version: string;
  /** Opened for a run and closed after it. */
  readonly openFitter: () => Fitter;
  /** Recordings with known faults that candidates are tried on; left out: there are none. */
  readonly labelled?: () => Promise<LabelledSets>;
  /** Content of the published model; left out: there is none. */
  readonly published: (modelId: string) => Promise<Uint8Array | undefined>;
  readonly onProgress: (text: string) => void;
}
