/**
 * Work for newcomers, done a little in every turn of the event loop: between two portions whoever
 * is inside is heard. A turn follows at once, or when there is an allowance for another piece.
 *
 * Work stands in lanes that are served in turn, so that a network's queue delays no other's. Every
 * other piece is one of a lane that has proved itself, while there is any.
 */
import type { Alarm, Alarms } from "./alarms.js";
import { type BucketSize, createTokenBucket } from "./token-bucket.js";

/** Who waits. */
export interface Lane {
  readonly name: string;
  /** It has proved itself. */
  readonly isProven: boolean;
}

/** Pieces of work that wait for their turn. */
export interface TurnPace {
  /** @returns `false`: too many wait already, and `work` will not be done */
  add(lane: Lane, work: () => void): boolean;
  /** A piece turned out to be worth its while: another one may be done for it. */
  giveBack(): void;
}

/** How much of it. */
export interface TurnSize {
  /** No piece begins when a turn's pieces have taken this long. */
  readonly turnMs: number;
  /** Pieces that may wait in proven lanes, and as many in the others. */
  readonly waitingMax: number;
  /** How many pieces at once and on average; left out: as many as there are. */
  readonly pieces?: BucketSize;
}

/** @param nextTurn calls back when the event loop has looked after everybody else */
export function createTurnPace(
  { turnMs, waitingMax, pieces }: TurnSize,
  alarms: Alarms,
  nextTurn: (work: () => void) => void = setImmediate,
): TurnPace {
  const proven = new Lanes();
  const others = new Lanes();
  const allowance = pieces && createTokenBucket(pieces, alarms.monotonicMs());
  let isProvenNext = true;
  let isAwake = false;
  let pause: Alarm | undefined;

  const next = (): (() => void) | undefined => {
    const [first, second] = isProvenNext ? [proven, others] : [others, proven];
    isProvenNext = !isProvenNext;
    return first.take() ?? second.take();
  };
  const turn = (): void => {
    const startMs = alarms.monotonicMs();
    for (let nowMs = startMs; nowMs - startMs < turnMs; nowMs = alarms.monotonicMs()) {
      isAwake = proven.size + others.size > 0;
      if (!isAwake) return;
      if (allowance?.take(1, nowMs) === false) {
        rest(nowMs + allowance.waitMs(1, nowMs));
        return;
      }
      next()?.();
    }
    nextTurn(turn);
  };
  const rest = (dueMs: number): void => {
    pause = { dueMs, ring: wake };
    alarms.set(pause);
  };
  const wake = (): void => {
    pause = undefined;
    nextTurn(turn);
  };
  return {
    add({ name, isProven }, work) {
      const lanes = isProven ? proven : others;
      if (lanes.size >= waitingMax) return false;
      lanes.add(name, work);
      if (!isAwake) nextTurn(turn);
      isAwake = true;
      return true;
    },
    giveBack() {
      allowance?.giveBack(1);
      if (pause === undefined) return;
      alarms.drop(pause);
      wake();
    },
  };
}

/** Lanes that are served in turn. */
class Lanes {
  size = 0;
  /** The first one is served next; one without work is not kept. */
  readonly #lanes = new Map<string, (() => void)[]>();

  add(name: string, work: () => void): void {
    const lane = this.#lanes.get(name);
    if (lane === undefined) this.#lanes.set(name, [work]);
    else lane.push(work);
    this.size += 1;
  }

  take(): (() => void) | undefined {
    for (const [name, lane] of this.#lanes) {
      const work = lane.shift();
      this.#lanes.delete(name);
      if (lane.length > 0) this.#lanes.set(name, lane);
      this.size -= 1;
      return work;
    }
    return undefined;
  }
}
