/** Training in a running backend: runs, candidates, and what the scheduled job needs. */
import type { TrainingDesk } from "../train/training-desk.js";
import { createTrainingRuns, type TrainingRuns } from "../train/training-runs.js";
import type { OpenModels } from "./open-models.js";
import type { Registers } from "./open-registers.js";
import { type BackendParts, reportFault } from "./parts.js";
import { openCandidates, openTraining } from "./training-rooms.js";

export interface TrainingRooms {
  readonly runs: TrainingRuns;
  /** What the operator reaches. */
  readonly desk: TrainingDesk;
}

export function openTrainingRooms(
  parts: BackendParts,
  { store, registry, identities, tombstones }: Registers,
  models: OpenModels | undefined,
): TrainingRooms {
  const { config, places, version, clock, chance, storeKey } = parts;
  const known = { config, places, version, clock, chance, storeKey, store, registry, identities };
  const runs = createTrainingRuns({
    ...{ store, clock },
    open: (onProgress) =>
      openTraining({
        ...known,
        isErased: tombstones.has,
        onProgress(progress) {
          onProgress(progress);
          parts.log("debug", "training.progress", { progress });
        },
      }),
    onFault: (fault) => reportFault(parts, fault),
  });
  const candidates = openCandidates(known, models?.catalogue);
  return { runs, desk: { ...candidates, start: runs.start, runs: runs.runs } };
}
