/**
 * What the backend may ask of a daemon. Its wishes are clamped, so that no mistake at the operator
 * turns a fleet into a flood or silences it for ever, and remembered, so that the first minutes
 * after a restart already follow them.
 */
import { ROWS_MAX } from "#core/batch/limits.js";
import { HeatpoolError } from "#core/errors.js";
import type { Limits } from "#proto/heatpool/telemetry/v1/telemetry.js";

/** Rules of a stream, clamped. */
export interface UplinkLimits {
  readonly requestBytesMax: number;
  /**
   * Greatest batch request: the same, or less where the way to the backend refused one of that size
   * although it was announced. Another announcement begins anew.
   */
  readonly batchBytesMax: number;
  readonly snapshotsMax: number;
  readonly windowBatches: number;
  readonly windowBytes: number;
  /** 0: no limit. */
  readonly backlogBytesPerSecond: number;
  readonly uploadIntervalSeconds: number;
  readonly reconnectSpreadSeconds: number;
}

/** Where the last limits are kept. */
export interface LimitStore {
  read(): string | undefined;
  write(text: string): void;
}

/** Before the first welcome. */
const FIRST_LIMITS: UplinkLimits = {
  requestBytesMax: 512 * 1024,
  batchBytesMax: 512 * 1024,
  snapshotsMax: ROWS_MAX,
  windowBatches: 8,
  windowBytes: 1024 * 1024,
  backlogBytesPerSecond: 32 * 1024,
  uploadIntervalSeconds: 300,
  reconnectSpreadSeconds: 60,
};

/** Every way takes so much; a smaller message that is refused is not refused for its size. */
const BATCH_BYTES_MIN = 4 * 1024;

type Announced = Omit<UplinkLimits, "batchBytesMax">;

/** Sane values: [least, greatest]. */
const SANE: Readonly<Record<keyof Announced, readonly [number, number]>> = {
  requestBytesMax: [BATCH_BYTES_MIN, 4 * 1024 * 1024],
  snapshotsMax: [1, ROWS_MAX],
  windowBatches: [1, 64],
  windowBytes: [4 * 1024, 4 * 1024 * 1024],
  backlogBytesPerSecond: [256, 64 * 1024 * 1024],
  uploadIntervalSeconds: [60, 12 * 3600],
  reconnectSpreadSeconds: [1, 3600],
};

/** The backend's wishes within sane values; what it left out stays as it was. */
export function clampLimits(wished: Partial<Limits> | undefined, last: UplinkLimits): UplinkLimits {
  if (wished === undefined) return last;
  const pick = (name: keyof Announced): number => {
    const value = wished[name];
    if (name === "backlogBytesPerSecond" && value === 0) return 0;
    if (typeof value !== "number" || !Number.isFinite(value) || value === 0) return last[name];
    const [least, greatest] = SANE[name];
    return Math.min(greatest, Math.max(least, value));
  };
  const requestBytesMax = pick("requestBytesMax");
  const isAsBefore = requestBytesMax === last.requestBytesMax;
  return {
    requestBytesMax,
    batchBytesMax: isAsBefore ? last.batchBytesMax : requestBytesMax,
    snapshotsMax: pick("snapshotsMax"),
    windowBatches: pick("windowBatches"),
    windowBytes: pick("windowBytes"),
    backlogBytesPerSecond: pick("backlogBytesPerSecond"),
    uploadIntervalSeconds: pick("uploadIntervalSeconds"),
    reconnectSpreadSeconds: pick("reconnectSpreadSeconds"),
  };
}

/** After a message with a block of `bytes` was refused for its size: half of it. */
export function halveBatches(last: UplinkLimits, bytes: number): UplinkLimits {
  const half = Math.max(BATCH_BYTES_MIN, Math.floor(bytes / 2));
  return { ...last, batchBytesMax: Math.min(last.batchBytesMax, half) };
}

/** The remembered limits; what cannot be read is forgotten, a welcome brings new ones. */
export function recallLimits(store: LimitStore): UplinkLimits {
  try {
    const kept = JSON.parse(store.read() ?? "{}") as Partial<UplinkLimits & Limits>;
    const limits = clampLimits(kept, FIRST_LIMITS);
    const { batchBytesMax = limits.requestBytesMax } = kept;
    return halveBatches(limits, 2 * batchBytesMax);
  } catch {
    return FIRST_LIMITS;
  }
}

/**
 * Keeps `limits` when they are other ones than `last`; the disk is spared otherwise. Where it cannot
 * be written they hold all the same, until the next start.
 */
export function rememberLimits(store: LimitStore, limits: UplinkLimits, last: UplinkLimits): void {
  const text = JSON.stringify(limits);
  if (text === JSON.stringify(last)) return;
  try {
    store.write(text);
  } catch (fault) {
    if (!(fault instanceof HeatpoolError)) throw fault;
  }
}

/** Sealing in the profile `economy`, and of any profile while the backend is out of reach. */
const RARE_SECONDS = 3600;

/** Time between two seals. What waits long anyway is packed in hours, because that is smaller. */
export function uploadIntervalMs(
  profile: "economy" | "live",
  fixedSeconds: number | undefined,
  limits: UplinkLimits,
  isOnline: boolean,
): number {
  const seconds =
    fixedSeconds ??
    (profile === "economy" || !isOnline ? RARE_SECONDS : limits.uploadIntervalSeconds);
  return seconds * 1000;
}
