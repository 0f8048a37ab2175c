/** Whether a candidate may be published: every gate has to be passed, and each says why not. */
import type { Figures } from "./evaluate.js";

/** One condition and how it went. */
export interface Gate {
  readonly name: string;
  readonly isPassed: boolean;
  /** Measured, and what was asked for. */
  readonly detail: string;
}

/** What is judged. */
export interface GateFacts {
  readonly installations: number;
  readonly publishInstallationsMin: number;
  readonly figures: Figures;
  /** Of the published model on the same machines; left out: there is none. */
  readonly published: Figures | undefined;
  /** On recordings with known faults, of both models; left out: there are none. */
  readonly labelled?: Figures | undefined;
  readonly publishedLabelled?: Figures | undefined;
  /** Largest change by one installation, in units of what is allowed. */
  readonly influence: number;
  /** Everybody in it knows everybody: nothing is hidden from anybody. */
  readonly closedTestPool: boolean;
  readonly isFinite: boolean;
  /** What daemons try before they use a model. */
  readonly worksDecoded: boolean;
  readonly usableParts: number;
}

const FALSE_ALARMS_MAX = 0.5;
const SHARE_MAX = 0.02;
const RECALL_MIN = 0.85;
const TOP_TWO_MIN = 0.8;
/** Versus the published model on the same data. */
const RECALL_LOSS_MAX = 0.03;
const FALSE_ALARMS_MORE_MAX = 0.2;

/** All gates, passed or not. */
export function judgeGates(facts: GateFacts): readonly Gate[] {
  const { figures, published, installations, publishInstallationsMin, influence } = facts;
  const most = (name: string, value: number, limit: number): Gate => ({
    name,
    isPassed: value <= limit,
    detail: `${show(value)}, at most ${show(limit)}`,
  });
  const least = (name: string, value: number, limit: number): Gate => ({
    name,
    isPassed: value >= limit,
    detail: `${show(value)}, at least ${show(limit)}`,
  });
  return [
    least("installations", installations, publishInstallationsMin),
    least("evaluated", Math.min(figures.events, figures.machineMonths), Number.MIN_VALUE),
    most("false alarms per machine-month", figures.falseAlarmsPerMonth, FALSE_ALARMS_MAX),
    most("share of time in alarm", figures.share, SHARE_MAX),
    least("recall of injected faults", figures.recall, RECALL_MIN),
    least("right part among the first two", figures.topTwo, TOP_TWO_MIN),
    ...(published === undefined
      ? []
      : [
          least("recall against the published", figures.recall, published.recall - RECALL_LOSS_MAX),
          most(
            "false alarms against the published",
            figures.falseAlarmsPerMonth,
            published.falseAlarmsPerMonth + FALSE_ALARMS_MORE_MAX,
          ),
        ]),
    ...(facts.labelled === undefined || facts.publishedLabelled === undefined
      ? []
      : [
          least(
            "recall on labelled recordings against the published",
            facts.labelled.recall,
            facts.publishedLabelled.recall - RECALL_LOSS_MAX,
          ),
        ]),
    most("influence of one installation", influence, facts.closedTestPool ? influence : 1),
    least("usable parts", facts.usableParts, 1),
    {
      name: "numbers",
      isPassed: facts.isFinite,
      detail: facts.isFinite ? "all finite" : "one is not finite",
    },
    {
      name: "self-test",
      isPassed: facts.worksDecoded,
      detail: facts.worksDecoded ? "scores what it reads back" : "daemons would refuse it",
    },
  ];
}

function show(value: number): string {
  return value === Number.MIN_VALUE ? "something" : String(Math.round(value * 1e3) / 1e3);
}
