/**
 * The scorer: every snapshot becomes part of an operating row, every row is scored, and what lasts
 * becomes an alarm of the house.
 *
 * Polling never waits for it: snapshots wait in a short queue, and what does not fit is dropped and
 * counted. It watches with the community's model where one is trusted and granted, else with the one
 * this house learnt from its own past, else only for findings. A model that cannot be used is
 * refused and the one in use stays. State is written each hour, at each alarm and at the end; a
 * restart goes on and tells nothing twice. Nothing of it leaves the house.
 *
 * `device-watch.ts` is one heat pump, `alarm-desk.ts` what becomes of scores, `local-learning.ts`
 * how this house learns, `create-scorer.ts` puts them together.
 */
import type { Snapshot } from "#core/measurement/snapshot.js";
import type { Alarm, AlarmAnswer, Words } from "./alarm.js";

/** A trusted model of the community, in memory only. */
export interface CommunityModel {
  readonly modelId: string;
  readonly release: number;
  readonly plain: Uint8Array;
}

/** The newest trusted and granted model of each heat pump model. Asked often; cheap. */
export interface CommunityModels {
  newest(heatpumpModel: string): CommunityModel | undefined;
}

/** How a device is watched. */
export interface ScoredDevice {
  readonly deviceId: string;
  /** Above 1: alarming; left out: no model. */
  readonly score: number | undefined;
  readonly isAlarmOn: boolean;
  /** Since when nothing of its alarm could be judged; left out: it is judged, or there is none. */
  readonly waitsSinceMs?: number;
  readonly model: ModelFacts;
  /** Readings that cannot be right. */
  readonly findings: readonly {
    readonly kind: string;
    readonly channel: string;
    readonly sinceMs: number;
    readonly text: Words;
  }[];
  readonly rowsScored: number;
  readonly rowsOutOfReach: number;
  readonly pollsLate: number;
  readonly clockJumps: number;
  /** Snapshots that did not fit into the queue. */
  readonly dropped: number;
  /** Models that could not be used. */
  readonly modelsRefused: number;
}

/** What a device is watched with. */
export interface ModelFacts {
  readonly source: "community" | "local" | "none";
  /** `2026.11`, or the last day that was learnt; empty: none. */
  readonly label: string;
  readonly parts: number;
  /** The local one, in use or in reserve. */
  readonly local?: { readonly learnedUntil: string; readonly days: number };
  /** Days of rows that are kept, and whether learning goes on. */
  readonly daysKept: number;
  readonly isLearning: boolean;
}

/** One part of a model, and how this machine stands to it. */
export interface ExplainedModelPart {
  readonly part: string;
  readonly label: Words;
  readonly unit: string;
  /** Share of its limit; 1 alarms. */
  readonly share: number;
  readonly measured?: number;
  readonly expected?: number;
  /** How far this machine lies from its family, as learnt; in the unit. */
  readonly absorbed: number;
}

/** A number about the program. */
export interface ScorerVital {
  readonly name: string;
  readonly help: string;
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** The scorer, as the daemon and its commands know it. */
export interface Scorer {
  /** Takes a snapshot in. Never waits, never throws. */
  take(snapshot: Snapshot): void;
  /** By which profile and firmware a device is read: after another one nothing is raised for days. */
  readBy(deviceId: string, what: string): void;
  /** Community models changed: look which are to be used. */
  modelsChanged(): void;
  devices(): readonly ScoredDevice[];
  vitals(): readonly ScorerVital[];
  /** Newest first. */
  alarms(): readonly Alarm[];
  /** @throws HeatpoolError `NOT_FOUND` no such alarm */
  answer(id: number, answer: AlarmAnswer): Alarm;
  /** The owner changed settings, or the machine was serviced. @throws HeatpoolError `NOT_FOUND` */
  note(deviceId: string, what: "changed" | "serviced"): void;
  /** @throws HeatpoolError `NOT_FOUND` no such device */
  explain(deviceId: string): readonly ExplainedModelPart[];
  /** Learns now. @throws HeatpoolError `NOT_FOUND` · `STATE_INVALID` too little was seen */
  relearn(deviceId: string): Promise<void>;
  /** Forgets what was learnt, and the rows. @throws HeatpoolError `NOT_FOUND` */
  reset(deviceId: string): Promise<void>;
  /** Back to the local model before. @throws HeatpoolError `NOT_FOUND` */
  rollBack(deviceId: string): void;
  /** Resolves when all that was taken in is scored, and nothing is being learnt. */
  settled(): Promise<void>;
  /** Scores until `signal`, then writes everything down and closes. */
  run(signal: AbortSignal): Promise<void>;
}
