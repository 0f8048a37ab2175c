/**
 * Taking batches in: decode, admit, store durably, and only then answer. The same path for every
 * door, so that every door gives the same guarantees.
 */
import type { ChannelTable } from "#core/batch/channel-table.js";

/** A device as the hello declares it. */
export interface DeclaredDevice {
  readonly deviceId: string;
  readonly profile: string;
  readonly profileVersion: number;
  readonly heatpumpModel: string;
  readonly tableId: Uint8Array;
  readonly stepMs: number;
  /** A row this near to its slot was stamped with it; left out: not told. */
  readonly timeToleranceMs?: number;
}

/** What a door knows about the sender. The installation id is already established. */
export interface Introduction {
  /** Lower-case UUIDv4. */
  readonly installationId: string;
  readonly daemonVersion: string;
  readonly consentVersion: number;
  readonly consentScopes: readonly string[];
  readonly devices: readonly DeclaredDevice[];
  /** UUIDs of the backlog epochs that the stream refers to. */
  readonly epochs: readonly { epochId: string; firstUnacked: number; lastSealed: number }[];
}

/** A batch as it came, translated from the wire but not decoded. */
export interface IncomingBatch {
  /** Index into the introduction's devices. */
  readonly device: number;
  /** Index into the introduction's epochs. */
  readonly epoch: number;
  readonly sequence: number;
  readonly rows: number;
  /** Of the first row; `undefined`: right after the block that this one continues. */
  readonly slot: number | undefined;
  readonly codec: number;
  /** What a self-contained block of codec 2 starts from; left out: nothing. */
  readonly prior?: number;
  /** Whether the block starts from where the device's block before it on this stream ended. */
  readonly continues?: boolean;
  /** Whether it waited; nothing continues such a block. */
  readonly backlog?: boolean;
  readonly plainBytes: number;
  /** First four bytes of the digest, little-endian. */
  readonly check: number;
  readonly block: Uint8Array;
}

/** Why snapshots were refused for good; the names of `RejectReason` on the wire. */
export type Rejection =
  | "MALFORMED"
  | "DIGEST_MISMATCH"
  | "UNKNOWN_METRIC"
  | "OUT_OF_RANGE"
  | "NON_FINITE"
  | "TIME_TOO_OLD"
  | "TIME_IN_FUTURE"
  | "TIME_UNRESOLVED"
  | "PROFILE_UNKNOWN"
  | "NOT_CONSENTED"
  | "TOO_LARGE"
  | "CODEC_UNKNOWN"
  | "UNDECLARED";

/** What became of one batch; durable by the time it is given. */
export interface Decision {
  readonly epoch: number;
  readonly sequence: number;
  readonly admitted: number;
  readonly duplicate: number;
  readonly rejected: number;
  readonly outcomes: readonly { reason: Rejection; snapshots: number; detail: string }[];
}

/** A loss that an installation reports. */
export interface ReportedLoss {
  readonly number: number;
  readonly reason: string;
  readonly deviceId: string | undefined;
  readonly fromMs: number;
  readonly toMs: number;
  readonly snapshots: number;
  readonly batches: { epochId: string; sequenceFrom: number; sequenceTo: number } | undefined;
}

/** A batch whose number is taken back. */
export interface RetractedBatch {
  /** Index into the introduction's epochs. */
  readonly epoch: number;
  readonly sequence: number;
  /** First four bytes of the digest, little-endian. */
  readonly check: number;
}

/** What a number that is taken back stands for: nothing for ever, this batch, or another one. */
export type Retraction = "voided" | "stored" | "forked";

/** Cause of a `RATE_LIMITED`: when the same batch may come again. */
export interface RetryDelay {
  readonly retryAfterMs: number;
}

/** One installation's delivery while it is connected. */
export interface Delivery {
  /** Per epoch of the introduction: everything up to this sequence is decided. */
  readonly ackedThrough: readonly number[];
  /** Tables that must come before their batches. */
  readonly unknownTables: readonly Uint8Array[];
  readonly lossAckedThrough: number;
  /**
   * Learns a channel table of one of the introduction's devices. A table that names a metric which
   * is not in the catalogue is learnt too: its batches are rejected as `UNKNOWN_METRIC`.
   *
   * @throws HeatpoolError `INVALID_ARGUMENT` wrong id, not declared, or not a table
   */
  learnTable(table: ChannelTable): Promise<void>;
  /**
   * Decides one batch; may be called again before it returns, decisions come in call order.
   *
   * @throws HeatpoolError `BATCH_GAP` not the next number · `BATCH_FORKED` a known number with
   *   other content · `RATE_LIMITED` above a quota; its cause is a `RetryDelay` · `PROTOCOL` the
   *   batch's table did not come · `CHAIN_LOST` the state that the block continues is not here:
   *   nothing was decided, it is to come self-contained · `STORE_FAILED` nothing was decided
   */
  take(batch: IncomingBatch): Promise<Decision>;
  /** Stores loss entries; passes over the batches they void. Resolves with the last number. */
  takeLosses(losses: readonly ReportedLoss[]): Promise<number>;
  /**
   * Takes a number back, so that its rows may come under other ones. May be asked again.
   *
   * @throws HeatpoolError `INVALID_ARGUMENT` not declared, or too many such ranges · `STORE_FAILED`
   */
  takeBack(batch: RetractedBatch): Promise<Retraction>;
  /** The stream ended. */
  close(): void;
}

/** Opens deliveries. */
export interface Ingest {
  /** @throws HeatpoolError `PERMISSION_DENIED`, `CONSENT_MISSING`, `INVALID_ARGUMENT` */
  open(introduction: Introduction): Promise<Delivery>;
}
