/**
 * How many connections each network has and how fast it makes new ones, in bounded memory.
 *
 * A handshake costs the server as much as the caller, and a flood within a session is noticed only
 * after some of it was done: who is cut off for flooding therefore pays with new connections of its
 * network. Those that stand are not touched.
 */
import type { Clock } from "#core/clock.js";
import { createTokenBucket, type TokenBucket } from "./token-bucket.js";

/** What one network may. */
export interface NetworkLimits {
  /** Connections of one /24 or /56 at once. 0: no limit, also not on how fast they come. */
  readonly socketsPerPrefixMax: number;
  /** New connections of one network: at once, and on average. */
  readonly newPerPrefix: { readonly burst: number; readonly perSecond: number };
}

/** The networks that are known. */
export interface NetworkBook {
  /** Counts a connection. Returns the way out; `undefined`: it may not come in. */
  enter(prefix: string): (() => void) | undefined;
  /** Somebody of this network showed a certificate that counts. Returns how to take that back. */
  prove(prefix: string): () => void;
  /** Whether somebody like that is connected. */
  isProven(prefix: string): boolean;
  /** Somebody of this network was cut off for flooding. */
  noteFlood(prefix: string): void;
}

/** A flood costs as much as this many connections: all that a network may make at once. */
const FLOOD_COST = 128;
/** Networks that are remembered; the oldest without a connection are forgotten first. */
const PREFIXES_MAX = 50_000;

interface Network {
  open: number;
  readonly fresh: TokenBucket;
}

export function createNetworkBook(
  { socketsPerPrefixMax, newPerPrefix }: NetworkLimits,
  clock: Pick<Clock, "monotonicMs">,
): NetworkBook {
  const networks = new Map<string, Network>();
  const proven = new Map<string, number>();

  const find = (prefix: string): Network => {
    const known = networks.get(prefix);
    if (known !== undefined) return known;
    if (networks.size >= PREFIXES_MAX) forgetOne(networks);
    const made = { open: 0, fresh: createTokenBucket(newPerPrefix, clock.monotonicMs()) };
    networks.set(prefix, made);
    return made;
  };

  return {
    enter(prefix) {
      if (socketsPerPrefixMax === 0) return () => {};
      const network = find(prefix);
      if (network.open >= socketsPerPrefixMax) return undefined;
      if (!network.fresh.take(1, clock.monotonicMs())) return undefined;
      network.open += 1;
      return () => {
        network.open -= 1;
        if (network.open > 0 || !network.fresh.isFull(clock.monotonicMs())) return;
        if (networks.get(prefix) === network) networks.delete(prefix);
      };
    },
    prove(prefix) {
      proven.set(prefix, (proven.get(prefix) ?? 0) + 1);
      return () => {
        const others = (proven.get(prefix) ?? 0) - 1;
        if (others > 0) proven.set(prefix, others);
        else proven.delete(prefix);
      };
    },
    isProven: (prefix) => proven.has(prefix),
    noteFlood(prefix) {
      if (socketsPerPrefixMax > 0) find(prefix).fresh.charge(FLOOD_COST, clock.monotonicMs());
    },
  };
}

function forgetOne(networks: Map<string, Network>): void {
  for (const [prefix, { open }] of networks) {
    if (open > 0) continue;
    networks.delete(prefix);
    return;
  }
}
