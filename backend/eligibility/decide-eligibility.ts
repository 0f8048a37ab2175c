/**
 * The 30-day rule: who contributed within the window may have models. Pure; facts in, verdict out.
 *
 * Days are counted by the backend's receive time: a history sent in one go is one day of
 * contributing, whatever timestamps it carries.
 */
import type { Eligibility, EligibilityCode } from "./eligibility.js";

/** What the verdict depends on. */
export interface EligibilityFacts {
  readonly nowMs: number;
  /** Whether the installation is known at all. */
  readonly isKnown: boolean;
  /** By the backend's clock; 0: never. */
  readonly lastReceivedAtMs: number;
  /** Distinct days of receipt within the window. */
  readonly daysWithData: number;
  /** Of the pool, or of one heat pump model's cohort. */
  readonly pool: { readonly installations: number; readonly readings: number };
}

/** The operator's settings. */
export interface EligibilityRules {
  readonly windowDays: number;
  readonly minimumDays: number;
  /** Before this much is there, no model can be trained. */
  readonly coldStart: { readonly installations: number; readonly readings: number };
}

/** Rules of decisions 0003 and 0004. */
export const ELIGIBILITY_DEFAULTS: EligibilityRules = {
  windowDays: 30,
  minimumDays: 1,
  coldStart: { installations: 5, readings: 10_000 },
};

const DAY_MS = 86_400_000;

/** Decides whether an installation may have models, and what the pool still lacks. */
export function decideEligibility(
  facts: EligibilityFacts,
  rules: EligibilityRules = ELIGIBILITY_DEFAULTS,
): Eligibility {
  const code = decideCode(facts, rules);
  const { pool, lastReceivedAtMs, daysWithData } = facts;
  const [reasonDe, reason] = REASONS[code](facts, rules);
  return {
    eligible: code === "CONTRIBUTING",
    code,
    reason,
    reasonDe,
    lastReceivedAtMs,
    daysWithData,
    windowDays: rules.windowDays,
    installationsMissing: Math.max(0, rules.coldStart.installations - pool.installations),
    readingsMissing: Math.max(0, rules.coldStart.readings - pool.readings),
  };
}

function decideCode(facts: EligibilityFacts, rules: EligibilityRules): EligibilityCode {
  if (!facts.isKnown) return "UNKNOWN_INSTALLATION";
  if (facts.lastReceivedAtMs === 0) return "NEVER_CONTRIBUTED";
  if (facts.nowMs - facts.lastReceivedAtMs > rules.windowDays * DAY_MS) return "TOO_LONG_AGO";
  if (facts.daysWithData < rules.minimumDays) return "TOO_FEW_DAYS";
  return "CONTRIBUTING";
}

type Reason = (
  facts: EligibilityFacts,
  rules: EligibilityRules,
) => readonly [de: string, en: string];

const REASONS: Record<EligibilityCode, Reason> = {
  CONTRIBUTING: (_, { windowDays }) => [
    `Diese Installation hat in den letzten ${windowDays} Tagen Daten beigetragen.`,
    `This installation contributed data within the last ${windowDays} days.`,
  ],
  UNKNOWN_INSTALLATION: () => [
    "Diese Installation ist hier nicht bekannt. Modelle bekommt, wer Daten beiträgt.",
    "This installation is not known here. Models are for those who contribute data.",
  ],
  NEVER_CONTRIBUTED: () => [
    "Von dieser Installation ist kein Beitrag der letzten Monate bekannt. Modelle bekommt, wer Daten beiträgt.",
    "No contribution of this installation in the last months is known. Models are for those who contribute data.",
  ],
  TOO_LONG_AGO: ({ nowMs, lastReceivedAtMs }, { windowDays }) => {
    const days = Math.floor((nowMs - lastReceivedAtMs) / DAY_MS);
    return [
      `Die letzten Daten kamen vor ${days} Tagen; höchstens ${windowDays} dürfen es sein.`,
      `The last data came ${days} days ago; at most ${windowDays} are allowed.`,
    ];
  },
  TOO_FEW_DAYS: ({ daysWithData }, { windowDays, minimumDays }) => [
    `In den letzten ${windowDays} Tagen kamen an ${daysWithData} verschiedenen Tagen Daten; ${minimumDays} sind nötig.`,
    `Data came on ${daysWithData} distinct days of the last ${windowDays}; ${minimumDays} are needed.`,
  ],
};
