/**
 * The house as its own page sees it: what the local door may ask of the daemon, in the shapes that
 * go out as JSON. Texts come in both languages, so that the page switches without asking again.
 * `docs/local-api.md` describes the answers.
 */
import type { Bucket, History } from "../history/history.js";

/** A text for people. */
export interface Words {
  readonly de: string;
  readonly en: string;
}

/** A value as it is shown. */
export interface ShownValue {
  readonly metric: string;
  readonly label: Words;
  /** Left out: there is none at present. */
  readonly value: number | undefined;
  readonly decimals: number | undefined;
  readonly unit: string;
  readonly kind: "gauge" | "counter" | "flag" | "code" | "other";
  readonly quality: string;
  /** What a code or a state means. */
  readonly meaning: Words | undefined;
}

/** A heat pump and how reading it goes. */
export interface LocalDevice {
  readonly deviceId: string;
  readonly profile: string;
  readonly heatpumpModel: string;
  readonly state: string;
  readonly why: string | undefined;
  readonly polls: number;
  readonly failedPolls: number;
  readonly pollIntervalSeconds: number;
  /** Metrics that the history may hold. */
  readonly metrics: readonly LocalMetric[];
}

/** A metric with its names. */
export interface LocalMetric {
  readonly metric: string;
  readonly label: Words;
  readonly unit: string;
  readonly kind: ShownValue["kind"];
  /** What the device's codes mean; left out: nothing is known of them. */
  readonly codes?: readonly { readonly value: number; readonly label: Words }[];
}

/** The newest values of a device. */
export interface NowAnswer {
  readonly deviceId: string;
  /** Unix milliseconds; left out: nothing was read yet. */
  readonly atMs: number | undefined;
  /** Older than two poll intervals: then no value is given, never the last one. */
  readonly isStale: boolean;
  readonly values: readonly ShownValue[];
}

/** A batch that was handed to the uplink. */
export interface SentBatch {
  /** Counts from 1 since the daemon started. */
  readonly number: number;
  readonly deviceId: string;
  readonly sequence: number;
  readonly rows: number;
  readonly readings: number;
  readonly bytes: number;
  readonly handedOverAtMs: number;
  /** Left out: the backend has not said that it has it. */
  readonly ackedAtMs: number | undefined;
}

/** What is in a batch, as it left the house. */
export interface SentRows {
  readonly metrics: readonly string[];
  readonly rows: readonly {
    readonly atMs: number;
    readonly values: readonly (number | undefined)[];
  }[];
}

/** What stands between the house and the backend. */
export interface SharingAnswer {
  readonly consent: string;
  readonly backend: string | undefined;
  readonly isOnline: boolean;
  readonly lastEnd: string | undefined;
  readonly backlog:
    | {
        readonly mode: string;
        readonly waitingSnapshots: number;
        readonly waitingBatches: number;
        readonly diskBytes: number;
        readonly limitBytes: number;
        readonly recorded: number;
        readonly admitted: number;
        readonly lost: number;
      }
    | undefined;
  readonly sentBytes: number;
  readonly sent: readonly SentBatch[];
}

/** Where consent stands, with the text to decide on. */
export interface ConsentAnswer {
  readonly status: string;
  readonly version: number;
  readonly scopes: readonly string[];
  readonly granted: readonly string[];
  readonly time: string | undefined;
  readonly text: Words;
}

/** A decision of the owner. */
export type ConsentChange =
  | {
      readonly action: "grant";
      readonly locale: "de" | "en";
      readonly scopes: readonly string[];
      /** Version of the text that was shown. */
      readonly version: number;
    }
  | { readonly action: "withdraw" };

/** Something the owner should look at. */
export interface Alarm {
  /** The same while it is about the same thing. */
  readonly subject: string;
  readonly severity: "info" | "warning" | "alarm";
  readonly atMs: number;
  readonly isResolved: boolean;
  readonly title: Words;
  readonly body: Words;
}

/** Alarms, newest first; whatever watches the house fills it. */
export interface AlarmList {
  newest(limit: number): readonly Alarm[];
}

/** A number about the program. */
export interface Vital {
  readonly name: string;
  readonly help: string;
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** What the local door may ask. */
export interface House {
  status(): unknown;
  devices(): readonly LocalDevice[];
  /** `undefined`: there is no such device. */
  now(deviceId: string): NowAnswer | undefined;
  readonly history: Pick<History, "buckets" | "status"> | undefined;
  sharing(): SharingAnswer;
  sentRows(number: number): SentRows | undefined;
  consent(): ConsentAnswer;
  /** @throws HeatpoolError `STATE_INVALID`, `INVALID_ARGUMENT` */
  changeConsent(change: ConsentChange): Promise<ConsentAnswer>;
  /** @throws HeatpoolError `CONSENT_MISSING` nobody is asked without consent · `UNAVAILABLE` */
  community(): Promise<unknown>;
  readonly alarms: AlarmList;
  vitals(): readonly Vital[];
  /** Calls back with the device of each new snapshot, until told to stop. */
  onSnapshot(listener: (deviceId: string) => void): () => void;
}

export type { Bucket };
