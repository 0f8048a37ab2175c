/** Training behind the door, for tests of the door alone: real runs and candidates, no arithmetic. */
import type { ModelCard } from "#core/anomaly/model-card.js";
import { HeatpoolError } from "#core/errors.js";
import { createMemorySnapshotStore } from "../../backend/store/memory-snapshot-store.js";
import type { SnapshotStore } from "../../backend/store/snapshot-store.js";
import { createCandidateDesk } from "../../backend/train/candidate-desk.js";
import { keepCandidate } from "../../backend/train/candidates.js";
import type { TrainingReport } from "../../backend/train/training.js";
import type { KeptCandidate, TrainingDesk } from "../../backend/train/training-desk.js";
import { createTrainingRuns, type TrainingRuns } from "../../backend/train/training-runs.js";

export const CARD: ModelCard = {
  version: "v2026.10",
  software: "0.1.0",
  seed: 1,
  inputHash: "ab".repeat(32),
  months: ["2026-09", "2026-10"],
  installations: 31,
  machineMonths: 58.5,
  readings: 5_400_000_000,
  coldest: -7,
  warmest: 24,
  figures: {
    ...{ falseAlarmsPerMonth: 0.2, share: 0.004, recall: 0.94, topTwo: 0.9 },
    ...{ machineMonths: 14.2, events: 51 },
  },
  influence: 0.71,
  gates: [{ name: "installations", isPassed: true, detail: "31, at least 30" }],
  silentParts: ["hot_water.tank"],
  limits: ["Learnt between -7 and 24 °C outdoors."],
};

export const CANDIDATE: KeptCandidate = {
  modelId: "normal-acme-air-9",
  heatpumpModel: "acme/air-9",
  card: CARD,
  outcome: "candidate",
  reasons: [],
  madeAtMs: 1_790_000_000_000,
  content: Buffer.from("{}").toString("base64"),
};

export const REPORT: TrainingReport = {
  modelId: CANDIDATE.modelId,
  heatpumpModel: CANDIDATE.heatpumpModel,
  outcome: "candidate",
  reasons: [],
  leftOut: { "on probation": 3, "alone in its place: outdoor": 1 },
  installations: 31,
  readings: 5_432_100_000,
  card: CARD,
};

/** Nobody trains until it is let; the run then ends with one report. */
export interface FakeTraining {
  readonly desk: TrainingDesk;
  readonly runs: TrainingRuns;
  readonly store: SnapshotStore;
  /** Lets the run that waits come to its end; with a fault, to a bad one. */
  finish(fault?: Error): void;
  /** A candidate is in the store when this is through. */
  readonly ready: Promise<void>;
}

export function createFakeTraining(nowMs: () => number = () => 1_790_000_000_000): FakeTraining {
  const store = createMemorySnapshotStore();
  let finish: (fault?: Error) => void = () => undefined;
  const runs = createTrainingRuns({
    ...{ store, clock: { nowMs } },
    open: (onProgress) => ({
      check({ heatpumpModel }) {
        if (heatpumpModel === undefined || heatpumpModel === CANDIDATE.heatpumpModel) return;
        throw new HeatpoolError("NOT_FOUND", `nobody contributes to ${heatpumpModel}`, {
          hint: "Known: Wärmepumpe Ä.",
        });
      },
      train: () =>
        new Promise((resolve, reject) => {
          onProgress("read: 50 of 310 months");
          finish = (fault) => (fault === undefined ? resolve([REPORT]) : reject(fault));
        }),
    }),
    onFault: () => undefined,
  });
  const candidates = createCandidateDesk(store, async () => ({ release: 3, isListed: false }));
  return {
    desk: { ...candidates, start: runs.start, runs: runs.runs },
    ...{ runs, store },
    finish: (fault) => finish(fault),
    ready: keepCandidate(store, CANDIDATE),
  };
}
