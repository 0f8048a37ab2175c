/**
 * The state that streams carry from block to block, within one limit for all of them. What was not
 * used for longest is forgotten first; its daemon then sends one block self-contained.
 */
import { type Chain, chainBytes } from "#core/batch/chain.js";

/** A chain of 60 lanes takes 58 KB: room for some 1,100 devices at once. */
const BYTES_MAX = 64 * 2 ** 20;

/** Chains by stream and device. */
export interface Chains {
  /** Takes a chain out: whoever uses it changes it. */
  take(stream: number, device: number): Chain | undefined;
  keep(stream: number, device: number, chain: Chain): void;
  /** The stream ended. */
  forget(stream: number): void;
  readonly bytes: number;
}

/** @param bytesMax of all chains together */
export function createChains(bytesMax = BYTES_MAX): Chains {
  /** Oldest use first. */
  const kept = new Map<string, { readonly stream: number; readonly chain: Chain }>();
  const devices = new Map<number, Set<string>>();
  let bytes = 0;

  const drop = (key: string): Chain | undefined => {
    const found = kept.get(key);
    if (found === undefined) return undefined;
    kept.delete(key);
    bytes -= chainBytes(found.chain);
    const keys = devices.get(found.stream);
    keys?.delete(key);
    if (keys?.size === 0) devices.delete(found.stream);
    return found.chain;
  };

  return {
    take: (stream, device) => drop(`${stream}/${device}`),
    keep(stream, device, chain) {
      const key = `${stream}/${device}`;
      drop(key);
      kept.set(key, { stream, chain });
      devices.set(stream, (devices.get(stream) ?? new Set()).add(key));
      bytes += chainBytes(chain);
      for (const oldest of kept.keys()) {
        if (bytes <= bytesMax) break;
        drop(oldest);
      }
    },
    forget(stream) {
      for (const key of [...(devices.get(stream) ?? [])]) drop(key);
    },
    get bytes() {
      return bytes;
    },
  };
}
