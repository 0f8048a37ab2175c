/** What the local API answers, as far as the page looks at it. `docs/local-api.md` is the contract. */

export interface Words {
  readonly de: string;
  readonly en: string;
}

export interface Metric {
  readonly metric: string;
  readonly label: Words;
  readonly unit: string;
  readonly kind: string;
  readonly codes?: readonly { readonly value: number; readonly label: Words }[];
}

export interface Device {
  readonly deviceId: string;
  readonly profile: string;
  readonly heatpumpModel: string;
  readonly state: string;
  readonly why?: string;
  readonly metrics: readonly Metric[];
}

export interface Value {
  readonly metric: string;
  readonly label: Words;
  readonly value?: number;
  readonly decimals?: number;
  readonly unit: string;
  readonly kind: string;
  readonly quality: string;
  readonly meaning?: Words;
}

export interface Now {
  readonly deviceId: string;
  readonly atMs?: number;
  readonly isStale: boolean;
  readonly values: readonly Value[];
}

export interface Series extends Metric {
  readonly at: readonly number[];
  readonly min: readonly number[];
  readonly mean: readonly number[];
  readonly max: readonly number[];
  readonly last: readonly number[];
}

export interface HistoryAnswer {
  readonly fromMs: number;
  readonly toMs: number;
  readonly series: readonly Series[];
}

export interface Sent {
  readonly number: number;
  readonly rows: number;
  readonly readings: number;
  readonly bytes: number;
  readonly handedOverAtMs: number;
  readonly ackedAtMs?: number;
}

export interface Sharing {
  readonly consent: string;
  readonly backend?: string;
  readonly isOnline: boolean;
  readonly backlog?: { readonly waitingSnapshots: number; readonly lost: number };
  readonly sentBytes: number;
  readonly sent: readonly Sent[];
}

export interface SentRows {
  readonly metrics: readonly string[];
  readonly rows: readonly {
    readonly atMs: number;
    readonly values: readonly (number | null)[];
  }[];
}

export interface Consent {
  readonly status: string;
  readonly version: number;
  readonly scopes: readonly string[];
  readonly granted: readonly string[];
  readonly text: Words;
}

export interface Alarm {
  readonly subject: string;
  readonly severity: string;
  readonly atMs: number;
  readonly isResolved: boolean;
  readonly title: Words;
  readonly body: Words;
}

interface Average {
  readonly metric: string;
  readonly unit: string;
  readonly mean: number;
  readonly p10?: number;
  readonly p90?: number;
  readonly installations: number;
}

export interface Rank {
  readonly quantity: string;
  readonly label: Words;
  readonly unit: string;
  readonly heatpumpModel: string;
  readonly value: number;
  readonly betterThanPercent?: number;
  readonly installations?: number;
}

export interface Standing {
  readonly window: string;
  readonly ranks: readonly Rank[];
  readonly badges: readonly { readonly id: string; readonly title: Words; readonly text: Words }[];
}

export interface Community {
  readonly standing?: Standing;
  readonly pool: { readonly installations: number; readonly message: Words };
  readonly models: readonly {
    readonly model: string;
    readonly eligibility?: { readonly isEligible: boolean; readonly reason: Words };
    readonly averages: { readonly window: string; readonly metrics: readonly Average[] };
  }[];
}
