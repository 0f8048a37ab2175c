/**
 * What every backlog is told, whatever it is kept on, and what holds when it is not told.
 */
import { BLOCK_BYTES_MAX, ROWS_MAX } from "#core/batch/limits.js";
import type { Chance, Clock } from "#core/clock.js";
import type { DeviceStream } from "./backlog.js";
import type { WhenFull } from "./custody.js";
import type { RecordBacklogOptions } from "./record-backlog.js";

/** Least and usual bytes of the directory. LevelDB itself needs about 1.5 MiB. */
const LIMIT_BYTES_MIN = 4 * 2 ** 20;
const LIMIT_BYTES = 64 * 2 ** 20;
/** A power cut costs at most this long; at polls each 10 s, 16 MB a day reach the card. */
const COMMIT_INTERVAL_MS = 30_000;
/** A Pi encodes a day of its own in well under a second. */
const DENSE_CODEC = 2;

/** What a backlog is told. */
export interface BacklogOptions {
  /** The configured devices. */
  readonly streams: readonly DeviceStream[];
  /** UUID of the operating system's boot: `/proc/sys/kernel/random/boot_id`. */
  readonly bootId: string;
  readonly clock: Clock;
  readonly chance: Chance;
  /** Least time between two commits of snapshots; 0: each snapshot at once. */
  readonly commitIntervalMs?: number;
  /** Bytes that the backlog may take. */
  readonly limitBytes?: number;
  /** What goes when it takes more. */
  readonly whenFull?: WhenFull;
  /** Codec of sealed batches. */
  readonly codec?: number;
  /** Greatest number of snapshots in a batch. */
  readonly rowsMax?: number;
  /** Greatest block of a batch, in bytes. */
  readonly blockBytesMax?: number;
}

/** The same, complete. */
export function completeOptions(options: BacklogOptions): RecordBacklogOptions {
  const { streams, bootId, clock, chance } = options;
  return {
    streams,
    bootId,
    clock,
    chance,
    commitIntervalMs: options.commitIntervalMs ?? COMMIT_INTERVAL_MS,
    limitBytes: Math.max(LIMIT_BYTES_MIN, options.limitBytes ?? LIMIT_BYTES),
    whenFull: options.whenFull ?? "drop-oldest",
    sealing: {
      codec: options.codec ?? DENSE_CODEC,
      rowsMax: options.rowsMax ?? ROWS_MAX,
      blockBytesMax: options.blockBytesMax ?? BLOCK_BYTES_MAX,
    },
  };
}
