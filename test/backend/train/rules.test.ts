/** Who may be learnt from, what may be published, and what things are called. */
import { describe, expect, it } from "vitest";
import { METRIC_CHANNELS, modeOfStates } from "#core/anomaly/metric-channels.js";
import { MODES } from "#core/anomaly/operating-row.js";
import { findMetric } from "#core/measurement/metrics.js";
import type { InstallationState } from "../../../backend/registry/registry.js";
import { modelIdOf, nextVersion } from "../../../backend/train/candidates.js";
import { type GateFacts, judgeGates } from "../../../backend/train/gate.js";
import { monthsBefore, parseMonth } from "../../../backend/train/month.js";
import {
  effectiveTrainingRules,
  selectInstallations,
  type TrainingRules,
} from "../../../backend/train/select.js";
import type { TrainingReport } from "../../../backend/train/training.js";
import { createTrainingJob } from "../../../backend/train/training-job.js";
import { CARD } from "../../support/fake-training.js";

const RULES: TrainingRules = {
  installationsMin: 2,
  readingsMin: 10,
  publishInstallationsMin: 3,
  probationDays: 7,
  countUnverified: false,
  closedTestPool: false,
};

describe("who is learnt from", () => {
  const state = (id: string, ...scopes: string[]) =>
    ({ installationId: id, consentScopes: scopes }) as unknown as InstallationState;

  it("agreed to training, is verified, is known for a while, and is not erased", () => {
    const all = ["e", "d", "c", "b", "a"].map((id) =>
      state(id, ...(id === "b" ? ["telemetry"] : ["telemetry", "model_training"])),
    );
    const { members, leftOut } = selectInstallations(all, RULES, {
      scopesOf: ({ consentScopes }) => consentScopes,
      isErased: (id) => id === "c",
      isVerified: (id) => id !== "d",
      daysWithData: ({ installationId }) => (installationId === "e" ? 6 : 7),
    });
    expect(members.map(({ installationId }) => installationId)).toEqual(["a"]);
    expect(leftOut).toEqual({
      "no consent to training": 1,
      erased: 1,
      "not verified": 1,
      "on probation": 1,
    });
  });

  it("is never fewer than the floors, but in a closed test pool", () => {
    expect(effectiveTrainingRules(RULES)).toMatchObject({
      installationsMin: 5,
      readingsMin: 10_000,
      publishInstallationsMin: 15,
    });
    const closed = { ...RULES, closedTestPool: true };
    expect(effectiveTrainingRules(closed)).toEqual(closed);
  });
});

describe("what may be published", () => {
  const figures = {
    ...{ falseAlarmsPerMonth: 0.2, share: 0.01, recall: 0.9, topTwo: 0.85 },
    ...{ machineMonths: 10, events: 50 },
  };
  const facts: GateFacts = {
    ...{ installations: 30, publishInstallationsMin: 30, figures, published: figures },
    ...{ influence: 0.4, closedTestPool: false, isFinite: true, usableParts: 20 },
    worksDecoded: true,
  };
  const failed = (more: Partial<GateFacts>) =>
    judgeGates({ ...facts, ...more }).flatMap(({ name, isPassed }) => (isPassed ? [] : [name]));

  it("passes every gate", () => {
    expect(failed({})).toEqual([]);
  });

  it.each<[string, Partial<GateFacts>]>([
    ["installations", { installations: 29 }],
    ["evaluated", { figures: { ...figures, machineMonths: 0 } }],
    ["share of time in alarm", { figures: { ...figures, share: 0.021 } }],
    ["right part among the first two", { figures: { ...figures, topTwo: 0.79 } }],
    ["recall against the published", { published: { ...figures, recall: 0.94 } }],
    [
      "false alarms against the published",
      {
        figures: { ...figures, falseAlarmsPerMonth: 0.4 },
        published: { ...figures, falseAlarmsPerMonth: 0.1 },
      },
    ],
    [
      "recall on labelled recordings against the published",
      { labelled: { ...figures, recall: 0.86 }, publishedLabelled: figures },
    ],
    ["influence of one installation", { influence: 1.01 }],
    ["numbers", { isFinite: false }],
    ["self-test", { worksDecoded: false }],
  ])("is refused for %s", (name, more) => {
    expect(failed(more)).toEqual([name]);
  });

  it("may find .03 less on labelled recordings, and as little as it does where none is published", () => {
    const little = { ...figures, recall: 0.87 };
    expect(failed({ labelled: little, publishedLabelled: figures })).toEqual([]);
    expect(failed({ labelled: { ...figures, recall: 0.1 } })).toEqual([]);
  });

  it("is no model that finds little or disturbs often", () => {
    expect(failed({ published: undefined, figures: { ...figures, recall: 0.84 } })).toEqual([
      "recall of injected faults",
    ]);
    const loud = { ...figures, falseAlarmsPerMonth: 0.51 };
    expect(failed({ published: undefined, figures: loud })).toEqual([
      "false alarms per machine-month",
    ]);
  });
});

describe("names", () => {
  it("count versions within a month", () => {
    expect(nextVersion("2026-11", [])).toBe("v2026.11");
    expect(nextVersion("2026-11", ["v2026.11", "v2026.11.1"])).toBe("v2026.11.2");
  });

  it("of models fit the catalogue", () => {
    expect(modelIdOf("idm/navigator-2.0")).toBe("normal-idm-navigator-2.0");
    expect(modelIdOf("*")).toBe("normal-generic");
  });

  it("of months follow the calendar, and the newest ends yesterday", () => {
    const months = monthsBefore(Date.parse("2026-11-21T16:00:00Z"), 3, parseMonth("2026-10"));
    expect(months.map(({ name }) => name)).toEqual(["2026-10", "2026-11"]);
    expect(months[1]?.toDay).toBe(Date.parse("2026-11-21T00:00:00Z") / 86_400_000);
    const first = monthsBefore(Date.parse("2026-12-01T03:30:00Z"), 1);
    expect(first).toEqual([parseMonth("2026-11")]);
    expect(() => parseMonth("2026-13")).toThrow("a month like");
  });

  it("of metrics are those of the catalogue", () => {
    for (const metric of Object.keys(METRIC_CHANNELS))
      expect([metric, findMetric(metric)?.id]).toEqual([metric, metric]);
  });
});

describe("modes", () => {
  const mode = (model: string, states: Record<string, number>) =>
    MODES[modeOfStates(model, (name) => states[name] ?? Number.NaN)];

  it("follow from states, defrost first", () => {
    expect(mode("a/b", { compressor_state: 1, valve_hot_water: 1 })).toBe("hot_water");
    expect(mode("a/b", { frequency: 40, valve_hot_water: 0 })).toBe("heating");
    expect(mode("a/b", { defrost_active: 1, compressor_state: 1, valve_hot_water: 1 })).toBe(
      "defrost",
    );
    expect(mode("a/b", { power: 0.1, valve_hot_water: 1 })).toBe("off");
    expect(mode("a/b", { compressor_state: 1 })).toBe("unknown");
    expect(mode("idm/navigator-10", { operating_mode: 12 })).toBe("defrost");
    expect(mode("idm/navigator-10", { operating_mode: 0 })).toBe("off");
  });
});

describe("the job", () => {
  const report = (outcome: TrainingReport["outcome"]): TrainingReport => ({
    ...{ modelId: "normal-a", heatpumpModel: "a", outcome, reasons: [], leftOut: {} },
    ...{ installations: 0, readings: 0 },
    ...(outcome === "candidate" && { card: CARD }),
  });
  const reports = [report("candidate"), report("refused"), report("skipped")];
  const training = { check: () => undefined, train: async () => reports };
  const signal = new AbortController().signal;

  it("publishes what passed, where models publish themselves", async () => {
    const published: string[] = [];
    const job = createTrainingJob({
      training,
      async publish(modelId, version) {
        published.push(`${modelId} ${version}`);
        return { release: 1, isListed: true };
      },
      onReport: () => undefined,
    });
    expect(job.pattern).toBe("30 3 1 * *");
    const facts = { candidates: 1, refused: 1, skipped: 1, published: 1 };
    expect(await job.run(signal)).toEqual(facts);
    expect(published).toEqual(["normal-a v2026.10"]);
  });

  it("leaves candidates waiting everywhere else", async () => {
    const told: string[] = [];
    const job = createTrainingJob({ training, onReport: ({ outcome }) => told.push(outcome) });
    expect(await job.run(signal)).toMatchObject({ candidates: 1, published: 0 });
    expect(told).toEqual(["candidate", "refused", "skipped"]);
  });
});
