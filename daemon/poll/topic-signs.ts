/**
 * Signs of life of a gateway and of what is behind it: last wills, bus states, heartbeats. All of
 * them must hold; what was never heard says nothing unless the profile insists on it.
 */
import { extract, type Payload } from "#core/profile/mqtt-payload.js";
import type { PlannedRule } from "#core/profile/mqtt-topics.js";

/** All signs of one device. Times are monotonic milliseconds. */
export interface Signs {
  accept(topic: string, payload: Payload, isRetained: boolean, atMs: number): void;
  forget(): void;
  /** The first sign that does not hold, for a person; `undefined`: all hold. */
  lifeless(atMs: number): string | undefined;
}

/** What was heard of one sign. */
interface Sign {
  readonly planned: PlannedRule;
  /** Newest word, retained or live. */
  isYes: boolean | undefined;
  isRetained: boolean;
  atMs: number;
  /** Newest live word, or newest move of a counter. */
  movedAtMs: number | undefined;
  count: string | undefined;
}

/** Signs that were not heard yet. */
export function createSigns(availability: readonly PlannedRule[]): Signs {
  const signs = availability.map((planned) => newSign(planned));
  return {
    accept(topic, payload, isRetained, atMs) {
      for (const sign of signs) {
        if (!sign.planned.topics.includes(topic)) continue;
        const scalar = extract(payload, sign.planned.rule.place.extract);
        if (scalar !== undefined && scalar !== "") hear(sign, String(scalar), isRetained, atMs);
      }
    },
    forget() {
      for (const sign of signs) Object.assign(sign, newSign(sign.planned));
    },
    lifeless(atMs) {
      const dead = signs.find((sign) => !holds(sign, atMs));
      return dead === undefined ? undefined : describe(dead, atMs);
    },
  };
}

function newSign(planned: PlannedRule): Sign {
  return {
    planned,
    isYes: undefined,
    isRetained: false,
    atMs: 0,
    movedAtMs: undefined,
    count: undefined,
  };
}

function hear(sign: Sign, word: string, isRetained: boolean, atMs: number): void {
  const { alive, mustMove } = sign.planned.rule;
  const hasMoved = sign.count !== undefined && sign.count !== word;
  sign.isYes = alive.length === 0 || alive.includes(word.toLowerCase());
  [sign.isRetained, sign.count, sign.atMs] = [isRetained, word, atMs];
  if (isRetained) return;
  // The first count of a counter starts the time in which it must move.
  if (!mustMove || hasMoved || sign.movedAtMs === undefined) sign.movedAtMs = atMs;
}

function holds(sign: Sign, atMs: number): boolean {
  const { maxAgeMs, settleMs, isRequired } = sign.planned.rule;
  if (sign.isYes === undefined) return !isRequired;
  if (!sign.isYes) return sign.isRetained && atMs - sign.atMs < settleMs;
  if (maxAgeMs === undefined) return true;
  // A retained heartbeat may be of any age: it proves nothing, and is no reason to doubt.
  return sign.movedAtMs === undefined ? !isRequired : atMs - sign.movedAtMs <= maxAgeMs;
}

function describe({ planned, isYes, movedAtMs }: Sign, atMs: number): string {
  const { rule, topics } = planned;
  const where = topics.join(", ");
  if (isYes === undefined) return `nothing was heard on ${where} (${rule.meaning})`;
  if (!isYes) return `${where} says no (${rule.meaning})`;
  const seconds = Math.round((atMs - (movedAtMs ?? atMs)) / 1000);
  return `${where} has stood still for ${seconds} s (${rule.meaning})`;
}
