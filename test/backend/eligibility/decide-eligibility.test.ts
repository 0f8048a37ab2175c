/** The 30-day rule: who contributes has models, by the backend's clock, with a reason people understand. */
import { describe, expect, it } from "vitest";
import {
  decideEligibility,
  ELIGIBILITY_DEFAULTS,
} from "../../../backend/eligibility/decide-eligibility.js";

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 30);
const facts = {
  nowMs: NOW_MS,
  isKnown: true,
  lastReceivedAtMs: NOW_MS - DAY_MS,
  daysWithData: 3,
  pool: { installations: 5, readings: 10_000 },
};

describe("decideEligibility", () => {
  it.each([
    { change: {}, code: "CONTRIBUTING", eligible: true },
    { change: { lastReceivedAtMs: NOW_MS - 30 * DAY_MS }, code: "CONTRIBUTING", eligible: true },
    {
      change: { lastReceivedAtMs: NOW_MS - 30 * DAY_MS - 1 },
      code: "TOO_LONG_AGO",
      eligible: false,
    },
    { change: { lastReceivedAtMs: 0 }, code: "NEVER_CONTRIBUTED", eligible: false },
    { change: { isKnown: false }, code: "UNKNOWN_INSTALLATION", eligible: false },
    { change: { daysWithData: 0 }, code: "TOO_FEW_DAYS", eligible: false },
  ])("says $code for $change", ({ change, code, eligible }) => {
    const verdict = decideEligibility({ ...facts, ...change });
    expect(verdict).toMatchObject({ code, eligible, windowDays: 30 });
    expect(verdict.reason).not.toBe(verdict.reasonDe);
  });

  it("asks for as many distinct days as the operator wants", () => {
    const rules = { ...ELIGIBILITY_DEFAULTS, minimumDays: 4 };
    expect(decideEligibility(facts, rules)).toMatchObject({
      code: "TOO_FEW_DAYS",
      reason: "Data came on 3 distinct days of the last 30; 4 are needed.",
      reasonDe: "In den letzten 30 Tagen kamen an 3 verschiedenen Tagen Daten; 4 sind nötig.",
    });
    expect(decideEligibility({ ...facts, daysWithData: 4 }, rules).eligible).toBe(true);
  });

  it("says what the pool still lacks", () => {
    const pool = { installations: 2, readings: 9_000 };
    expect(decideEligibility({ ...facts, pool })).toMatchObject({
      installationsMissing: 3,
      readingsMissing: 1_000,
    });
    expect(decideEligibility(facts)).toMatchObject({ installationsMissing: 0, readingsMissing: 0 });
  });
});
