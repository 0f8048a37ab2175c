/**
 * Alarms of this house: what the owner was told about a machine or a sensor, with what it was due
 * to, and what the owner said to it.
 *
 * One event is one alarm: raised once, explained, resolved once. Nothing of it leaves the house.
 */
import type { Severity } from "#core/anomaly/alarm.js";

/** A sentence in both languages of the product. */
export interface Words {
  readonly de: string;
  readonly en: string;
}

/**
 * What departs: the machine from what is normal for it, slowly from what it was, or a reading from
 * what it can be.
 */
export type AlarmKind = "machine" | "slow" | "sensor";
/** By what it was judged. */
export type AlarmSource = "community" | "local" | "data";
/** What the owner said: a real fault, changed on purpose, not a problem, cleaned or mended today. */
export const ANSWERS = ["fault", "changed", "fine", "serviced"] as const;
export type AlarmAnswer = (typeof ANSWERS)[number];

/** One part of what is wrong. */
export interface AlarmPart {
  /** `heating.low`, `sensor.return` */
  readonly id: string;
  readonly measured?: number;
  readonly expected?: number;
  /** Signed share of its limit. */
  readonly share?: number;
  readonly sinceMs?: number;
}

/** One event. */
export interface Alarm {
  readonly id: number;
  readonly deviceId: string;
  readonly kind: AlarmKind;
  readonly source: AlarmSource;
  /** `2026.11` of the community, day of learning of a local model; empty for data. */
  readonly model: string;
  readonly severity: Severity;
  readonly raisedAtMs: number;
  readonly resolvedAtMs?: number;
  /** All parts that joined, the strongest first. */
  readonly parts: readonly AlarmPart[];
  /** Faults that look like it. */
  readonly possible: readonly string[];
  readonly title: Words;
  readonly text: Words;
  /** When a notice was told, of its beginning or its end; left out: never. */
  readonly toldAtMs?: number;
  /** Whether its end is to be told: once for each time its beginning was. */
  readonly isEndOwed: boolean;
  readonly answer?: AlarmAnswer;
  /** Since when nothing of it could be judged; said, not written down. Left out: it is judged. */
  readonly waitsSinceMs?: number;
}
