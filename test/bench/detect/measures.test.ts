/** A measure that flatters is worse than none: these are checked against cases done by hand. */
import { describe, expect, it } from "vitest";
import {
  countEpisodes,
  episodeStarts,
  figuresOf,
  noEpisodes,
  type Timeline,
} from "../../../bench/detect/episodes.js";
import { isRightPart } from "#core/anomaly/right-parts.js";
import { vusPr } from "../../../bench/detect/vus-pr.js";

const HOUR_MS = 3_600_000;
const STEP_MS = 300_000;
const DAY_ROWS = 288;

/** Alarms on from hour to hour of a 30-day file. */
function timeline(...alarms: readonly (readonly [from: number, to: number])[]): Timeline {
  const atMs = Float64Array.from({ length: 30 * DAY_ROWS }, (_, row) => row * STEP_MS);
  const isOn = (ms: number) => alarms.some(([a, b]) => ms >= a * HOUR_MS && ms < b * HOUR_MS);
  const alarm = Uint8Array.from(atMs, (ms) => (isOn(ms) ? 1 : 0));
  return { atMs, alarm, named: () => ["heating.fan", "heating.low"] };
}

const event = { fault: "fan_failure", startMs: 240 * HOUR_MS, endMs: 336 * HOUR_MS };

function count(line: Timeline) {
  const counts = noEpisodes();
  countEpisodes(counts, line, [event], isRightPart);
  return { counts, figures: figuresOf(counts, STEP_MS) };
}

describe("VUS-PR", () => {
  const isEvent = Uint8Array.from({ length: 1000 }, (_, row) => (row >= 400 && row < 600 ? 1 : 0));

  it("is nearly 1 for a score that is high in the event alone", () => {
    expect(vusPr(Float64Array.from(isEvent), isEvent, 24)).toBeGreaterThan(0.95);
  });

  it("is about the share of events for a constant score", () => {
    const constant = new Float64Array(1000).fill(0.5);
    expect(vusPr(constant, isEvent, 0)).toBeCloseTo(0.2, 9);
    expect(vusPr(constant, isEvent, 24)).toBeGreaterThan(0.2);
    expect(vusPr(constant, isEvent, 24)).toBeLessThan(0.23);
  });

  it("is at most the share of events for a score that is wrong everywhere", () => {
    const wrong = Float64Array.from(isEvent, (label) => 1 - label);
    expect(vusPr(wrong, isEvent, 0)).toBeLessThanOrEqual(0.2);
  });

  it("counts a step by hand: half of the event found, nothing else", () => {
    const half = Float64Array.from(isEvent, (_, row) => (row >= 400 && row < 500 ? 1 : 0));
    // Recall 0.5 at precision 1; every further threshold takes all rows: recall 1, precision 0.2.
    expect(vusPr(half, isEvent, 0)).toBeCloseTo(0.5 * 1 + 0.5 * 0.2, 9);
  });

  it("is 0 where there is no event", () => {
    expect(vusPr(new Float64Array(10), new Uint8Array(10), 4)).toBe(0);
  });
});

describe("episodes", () => {
  it("less than a day apart are one", () => {
    expect(episodeStarts(timeline([10, 12], [30, 31], [60, 61]))).toEqual([120, 720]);
  });

  it("that start in an event find it; their delay is from its start", () => {
    const { counts, figures } = count(timeline([250, 400]));
    expect(counts).toMatchObject({ found: 1, falseAlarms: 0, topTwo: 1 });
    expect(figures.delayHours).toBe(10);
  });

  it("that were on before find nothing and are a false alarm", () => {
    expect(count(timeline([200, 300])).counts).toMatchObject({ found: 0, falseAlarms: 1 });
  });

  it("find an event up to 6 h after its end, not later", () => {
    expect(count(timeline([341, 350])).counts.found).toBe(1);
    expect(count(timeline([343, 350])).counts.found).toBe(0);
  });

  it("within 36 h after an event count neither way", () => {
    const { counts } = count(timeline([360, 371]));
    expect(counts).toMatchObject({ found: 0, falseAlarms: 0, alarmRows: 0 });
    expect(counts.normalRows).toBe((30 * 24 - 96 - 36) * 12);
  });
});

describe("a right part", () => {
  it.each([
    ["fan_failure", ["heating.fan"], true],
    ["fan_failure", ["heating.cop", "heating.low"], false],
    ["condenser_fouling", ["hot_water.cop"], true],
    ["condenser_fouling", ["heating.cop"], false],
    ["sensor_plow_drift", ["off.high-low"], true],
    ["sensor_return_stuck", ["sensor.return"], true],
  ])("of %s among %j: %s", (fault, named, isRight) => {
    expect(isRightPart(fault, named)).toBe(isRight);
  });
});
