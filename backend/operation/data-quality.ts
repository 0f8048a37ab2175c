/**
 * Quality of the data per heat pump model: what share of the snapshots was refused, and of the
 * readings that profiles promise was not there. A model whose share differs from the others' has a
 * wrong profile, a failing sensor or a new firmware.
 */
/** How often something happened, by its reason; the most frequent first. */
export interface ReasonCount {
  readonly reason: string;
  readonly count: number;
}

/** Something found in the data of a heat pump model that is not an impossible value. */
export interface DataFinding {
  readonly heatpumpModel: string;
  /** What kind, e.g. `stuck-sensor`. */
  readonly kind: string;
  /** Empty: of the whole device. */
  readonly metric: string;
  readonly installations: number;
  readonly foundAtMs: number;
  /** For people, in English; names nobody. */
  readonly detail: string;
}

/** Who looks deeper into data, e.g. for sensors that stand still. */
export interface FindingSource {
  /** The newest findings of all models. */
  findings(): Promise<readonly DataFinding[]>;
}

/** The quality of one heat pump model's data. */
export interface ModelQuality {
  readonly heatpumpModel: string;
  /** That ever contributed to it. */
  readonly installations: number;
  readonly snapshotsStored: number;
  readonly snapshotsRejected: number;
  readonly readingsStored: number;
  /** Of the snapshots that came, 0 to 1. */
  readonly rejectedShare: number;
  /** Of the snapshots that came, for an impossible value, 0 to 1. */
  readonly implausibleShare: number;
  /** Of the readings that profiles promise, 0 to 1. */
  readonly absentShare: number;
  readonly rejected: readonly ReasonCount[];
  readonly findings: readonly DataFinding[];
}

/** All models, those with the greatest share of refused snapshots first. */
export interface QualityReport {
  /** Since when there are counts; 0: there are none. */
  readonly sinceMs: number;
  readonly models: readonly ModelQuality[];
}
