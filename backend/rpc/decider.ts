/**
 * Batches of one stream on their way to a decision: several at once, decisions in the order of
 * arrival.
 *
 * Whoever sends faster than its quota is paused, not refused. A short pause is waited for here with
 * the batch in hand, and batches that came behind it, and therefore found a gap, are offered again.
 * While the store refuses, the batches in hand wait and nothing more is taken.
 * A batch that continues one whose state is gone is asked for again; what came behind it in its
 * epoch is dropped, because it will come again too.
 *
 * An ack covers what it counts, nothing else. A daemon sends each number of an epoch once, in order,
 * until it reads a reset; then it forgets what has no ack and begins again behind its last ack. So
 * what is here is some numbers in order, and behind a batch that is asked for again first its dropped
 * successors, then that batch and its successors anew. Decisions are made in this order, none behind
 * the awaited batch before the awaited batch, and a dropped one is never offered again: each number
 * is decided once on a stream, in order, and is in the ack that first covers it. Streams of one
 * installation follow each other: the next is welcomed when what this one took is durable.
 */
import type { Clock } from "#core/clock.js";
import { HeatpoolError, retryDelayMs } from "#core/errors.js";
import type { Decision, IncomingBatch } from "../ingest/ingest.js";
import type { Stop } from "./stop.js";
import { isStoreFailure } from "./store-watch.js";

/** What a decider needs. */
export interface DeciderParts {
  /** Who decides; another one after it outlasted a store that refused. */
  readonly delivery: object;
  /** As `Delivery.take`. */
  take(batch: IncomingBatch): Promise<Decision>;
  /** Whether nothing more is to be read for now. */
  readonly isHolding: boolean;
  /**
   * The store refused what was offered to `delivery`. Resolves when it may be offered again, with
   * `false` when it will not be.
   */
  outlast(delivery: object): Promise<boolean>;
  readonly clock: Clock;
  /** Batches that may wait for their decision. */
  readonly windowBatches: number;
  onDecision(decision: Decision): void;
  /** The daemon should send nothing for that long. */
  onPause(pauseMs: number): void;
  /** Everything before is decided; the daemon should go back to what is not, without its state. */
  onReset(): void;
  /** A batch could not be decided; nothing will be any more. */
  onFailure(): void;
}

/** Takes batches until one cannot be decided. */
export interface Decider {
  /** Resolves when there is room for the next batch. @throws what stopped the decider */
  offer(batch: IncomingBatch): Promise<void>;
  /** Resolves when every batch is decided. @throws what stopped the decider */
  settle(): Promise<void>;
}

interface Waiting {
  readonly batch: IncomingBatch;
  outcome: Promise<Outcome>;
  /** To whom it was offered. */
  delivery: object;
  /** Whether everything before it was decided when it was last offered. */
  wasFirst: boolean;
}

type Outcome = { readonly decision: Decision } | { readonly error: unknown };

/** A longer pause ends the stream: daemons give up on an ack after 30 s. */
const PAUSE_IN_HAND_MAX_MS = 20_000;
const SETTLED: Promise<void> = Promise.resolve();

/** @param stop ends waiting; the stream is over then */
export function createDecider(parts: DeciderParts, stop: Stop): Decider {
  return new StreamDecider(parts, stop);
}

/** A class, so that a stream which waits for its next batch has no functions of its own. */
class StreamDecider implements Decider {
  readonly #parts: DeciderParts;
  readonly #stop: Stop;
  readonly #queue: Waiting[] = [];
  /** Per epoch the batch that is to come again. */
  readonly #awaited: [epoch: number, sequence: number][] = [];
  #failure: { readonly error: unknown } | undefined;
  #working: Promise<void> = SETTLED;
  #wake: (() => void) | undefined;

  constructor(parts: DeciderParts, stop: Stop) {
    this.#parts = parts;
    this.#stop = stop;
  }

  async offer(batch: IncomingBatch): Promise<void> {
    this.#check();
    const queue = this.#queue;
    const { delivery } = this.#parts;
    queue.push({ batch, outcome: this.#take(batch), delivery, wasFirst: queue.length === 0 });
    if (queue.length === 1) this.#working = this.#work();
    while (this.#isFull && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#check();
  }

  async settle(): Promise<void> {
    await this.#working;
    this.#check();
  }

  get #isFull(): boolean {
    return this.#parts.isHolding || this.#queue.length >= this.#parts.windowBatches;
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Never rejects. */
  async #work(): Promise<void> {
    const queue = this.#queue;
    try {
      for (let head = queue[0]; head !== undefined; head = queue[0]) {
        const decision = await this.#decide(head);
        if (decision !== undefined) {
          this.#demandAwaited(decision);
          this.#parts.onDecision(decision);
        }
        queue.shift();
        this.#wake?.();
      }
    } catch (error) {
      this.#failure = { error };
      this.#wake?.();
      this.#parts.onFailure();
    }
  }

  /** Nothing for a batch that will come again. */
  async #decide(waiting: Waiting): Promise<Decision | undefined> {
    for (;;) {
      const outcome = await waiting.outcome;
      if ("decision" in outcome) return outcome.decision;
      if (this.#comesAgain(waiting.batch, outcome.error)) return undefined;
      if (!(await this.#mayTryAgain(outcome.error, waiting))) throw outcome.error;
      waiting.wasFirst = true;
      waiting.delivery = this.#parts.delivery;
      waiting.outcome = this.#take(waiting.batch);
    }
  }

  /** Never rejects, so that no rejection is ever left alone. */
  #take(batch: IncomingBatch): Promise<Outcome> {
    return this.#parts.take(batch).then(
      (decision) => ({ decision }),
      (error: unknown) => ({ error }),
    );
  }

  async #mayTryAgain(error: unknown, waiting: Waiting): Promise<boolean> {
    if (isStoreFailure(error)) return await this.#parts.outlast(waiting.delivery);
    const pauseMs = retryDelayMs(error);
    if (pauseMs !== undefined && pauseMs <= PAUSE_IN_HAND_MAX_MS && !this.#stop.isSet) {
      this.#parts.onPause(Math.ceil(pauseMs));
      await this.#parts.clock.sleep(pauseMs, this.#stop.signal);
      return !this.#stop.isSet;
    }
    const isGap = error instanceof HeatpoolError && error.code === "BATCH_GAP";
    return isGap && !waiting.wasFirst;
  }

  /** Whether a batch that could not be decided will come again. */
  #comesAgain({ epoch, sequence }: IncomingBatch, error: unknown): boolean {
    if (!(error instanceof HeatpoolError)) return false;
    const expected = this.#awaitedOf(epoch);
    // A gap behind the awaited one, or the quota found first: offered later it would be taken.
    const isRefusal = error.code === "BATCH_GAP" || error.code === "RATE_LIMITED";
    if (isRefusal) return expected !== undefined && sequence > expected;
    // Asked for once, a batch that continues another again is a daemon that does not listen.
    if (error.code !== "CHAIN_LOST" || expected === sequence) return false;
    this.#forget(epoch);
    this.#awaited.push([epoch, sequence]);
    this.#parts.onReset();
    return true;
  }

  /**
   * Acks are cumulative: one that passed over a batch which came by another stream of the same
   * daemon would say nothing of its counts. The next hello learns where everything stands.
   */
  #demandAwaited({ epoch, sequence }: Decision): void {
    const expected = this.#awaitedOf(epoch);
    if (expected === undefined || sequence < expected) return;
    if (sequence === expected) this.#forget(epoch);
    else throw new HeatpoolError("BATCH_GAP", `${sequence} is decided, ${expected} came elsewhere`);
  }

  #awaitedOf(epoch: number): number | undefined {
    return this.#awaited.find(([of]) => of === epoch)?.[1];
  }

  #forget(epoch: number): void {
    const at = this.#awaited.findIndex(([of]) => of === epoch);
    if (at >= 0) this.#awaited.splice(at, 1);
  }
}
