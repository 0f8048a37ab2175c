/**
 * What one write to the store of blocks changes, and what the store says about itself after it: both
 * go in together.
 */
import { HeatpoolError } from "#core/errors.js";
import { blockKey, type Change, readPlace, STATE_KEY, timeKey } from "./block-store.js";
import { hourOf, STAMP_MAX_MS } from "./blocks.js";

const FORMAT = 1;

/** What the store says about itself. */
export interface StoreState {
  /** Number of the next block. */
  readonly next: number;
  /** Bytes of all blocks and their keys. */
  readonly bytes: number;
}

/** Changes of one write, and what the store says about itself after them. */
export class BlockPlan {
  readonly #changes = new Map<string, Change>();
  state: StoreState;

  constructor(state: StoreState) {
    this.state = state;
  }

  put(key: Buffer, value: Buffer | undefined): void {
    this.#changes.set(key.toString("hex"), { key, value });
  }

  putBlock(fromMs: number, deviceId: string, value: Buffer): void {
    const { next, bytes } = this.state;
    const key = blockKey({ fromMs, number: next, deviceId });
    this.put(key, value);
    this.state = { next: next + 1, bytes: bytes + key.length + value.length };
  }

  removeBlock(key: Buffer, bytes: number): void {
    this.put(key, undefined);
    this.state = { ...this.state, bytes: Math.max(0, this.state.bytes - bytes) };
  }

  /** Takes the blocks of an hour out again that were put in. */
  takeBlocks(deviceId: string, hour: number): readonly Buffer[] {
    const taken: Buffer[] = [];
    for (const [name, { key, value }] of [...this.#changes]) {
      if (value === undefined || key[0] !== timeKey(0)[0]) continue;
      const place = readPlace(key);
      if (place.deviceId !== deviceId || hourOf(place.fromMs + STAMP_MAX_MS) !== hour) continue;
      this.#changes.delete(name);
      this.state = { ...this.state, bytes: this.state.bytes - key.length - value.length };
      taken.push(value);
    }
    return taken;
  }

  changes(): readonly Change[] {
    const value = Buffer.from(JSON.stringify({ format: FORMAT, ...this.state }));
    return [...this.#changes.values(), { key: STATE_KEY, value }];
  }
}

/** @throws HeatpoolError `STORE_DAMAGED` of a later version */
export function readState(bytes: Buffer | undefined): StoreState {
  if (bytes === undefined) return { next: 1, bytes: 0 };
  const {
    format,
    next,
    bytes: size,
  } = JSON.parse(bytes.toString()) as StoreState & { format: number };
  if (format !== FORMAT) {
    throw new HeatpoolError("STORE_DAMAGED", `history of format ${format}, not ${FORMAT}`, {
      hint: "A later version of heatpool wrote it; use that one, or move the folder away.",
    });
  }
  return { next, bytes: size };
}
