/**
 * A sealed batch: consecutive snapshots of one device as immutable bytes with a content digest.
 *
 * Sealing happens once; backlog, wire and store carry the same rows, whatever codec carries them,
 * and recognise a repeat by the digest. Records at rest are the protobuf messages of
 * `proto/heatpool/storage/v1`.
 */

/** Batch bytes and what is needed to read them. */
export interface SealedBatch {
  readonly deviceId: string;
  /** Channel table, 8 bytes. */
  readonly tableId: Uint8Array;
  readonly stepMs: number;
  /** Slot of the first row. */
  readonly slot: number;
  /** Snapshots. */
  readonly rows: number;
  /** Present cells. */
  readonly readings: number;
  readonly codec: number;
  /** What a block of codec 2 starts from; left out: nothing. */
  readonly prior?: number;
  /** Length of the codec-0 block in bytes. */
  readonly plainBytes: number;
  /** First 16 bytes of SHA-256(table id, u64le slot, u32le step, u32le rows, codec-0 block). */
  readonly digest: Uint8Array;
  readonly block: Uint8Array;
}
