/**
 * What one stream asks of ingest, and how it outlasts a store that refuses.
 *
 * While the store refuses nothing is acknowledged and nothing more is read, so that the network
 * holds the daemon back; it is told to pause, or it would take the silence for a dead link. What was
 * written in part is lost to the delivery, so a new one is opened when the store is well, from what
 * the store has, and what is in hand is offered again. A batch that was durable after all is a
 * repeat by then, and its rows are counted as such.
 */
import type { Clock } from "#core/clock.js";
import type { Decision, Delivery, IncomingBatch, Introduction } from "../ingest/ingest.js";
import { createDecider, type Decider, type DeciderParts } from "./decider.js";
import { isStoreFailure, PROBE_MS } from "./store-watch.js";
import type { Stream, TelemetryParts } from "./stream.js";
import { toControl } from "./telemetry-wire.js";

/** Told anew before it is over: daemons give up on an ack 30 s after a pause. */
const PAUSE_MS = 2 * PROBE_MS;

/** A class, so that an idle stream has no functions of its own. Its decider comes with a batch. */
export class Decisions implements DeciderParts {
  readonly clock: Clock;
  readonly windowBatches: number;
  isHolding = false;
  readonly #parts: TelemetryParts;
  readonly #stream: Stream;
  readonly #introduction: Introduction;
  #delivery: Delivery;
  #decider: Decider | undefined;

  constructor(
    parts: TelemetryParts,
    stream: Stream,
    opened: { readonly delivery: Delivery; readonly introduction: Introduction },
  ) {
    this.clock = parts.clock;
    this.windowBatches = parts.rules.windowBatches;
    this.#parts = parts;
    this.#stream = stream;
    this.#introduction = opened.introduction;
    this.#delivery = opened.delivery;
  }

  get delivery(): Delivery {
    return this.#delivery;
  }

  async offer(batch: IncomingBatch): Promise<void> {
    this.#decider ??= createDecider(this, this.#stream.stop);
    await this.#decider.offer(batch);
  }

  async settle(): Promise<void> {
    await this.#decider?.settle();
  }

  /** Does `work` once, however often the store refuses before it. */
  async insist<T>(work: (delivery: Delivery) => Promise<T>): Promise<T> {
    for (;;) {
      const delivery = this.#delivery;
      try {
        return await this.#parts.store.watched(work(delivery));
      } catch (error) {
        if (!isStoreFailure(error) || !(await this.outlast(delivery))) throw error;
      }
    }
  }

  take(batch: IncomingBatch): Promise<Decision> {
    return this.#parts.store.watched(this.#delivery.take(batch));
  }

  async outlast(refused: object): Promise<boolean> {
    // What was offered with the one that failed failed with it.
    if (refused !== this.#delivery) return true;
    this.isHolding = true;
    try {
      do if (!(await this.#untilWell())) return false;
      while (!(await this.#openAgain()));
      return !this.#stream.stop.isSet;
    } finally {
      this.isHolding = false;
    }
  }

  close(): void {
    this.#delivery.close();
  }

  onDecision(decision: Decision): void {
    this.#stream.outbox.decide(decision);
  }

  onPause(pauseMs: number): void {
    this.#stream.outbox.send(toControl({ pauseMs, reason: "above the quota" }));
  }

  onReset(): void {
    this.#stream.outbox.sendAfterAcks(toControl({ resetState: true, reason: "no state" }));
  }

  onFailure(): void {
    this.#stream.stop.set();
  }

  /** Resolves with whether the stream is still there by then. */
  async #untilWell(): Promise<boolean> {
    const { outbox, stop } = this.#stream;
    while (!this.#parts.store.isWell && !stop.isSet) {
      outbox.send(toControl({ pauseMs: PAUSE_MS, reason: "the store refuses writes" }));
      await this.clock.sleep(PROBE_MS, stop.signal);
    }
    return !stop.isSet;
  }

  /** @throws HeatpoolError the installation may not deliver any more */
  async #openAgain(): Promise<boolean> {
    try {
      const next = await this.#parts.store.watched(this.#parts.ingest.open(this.#introduction));
      this.#delivery.close();
      this.#delivery = next;
      // A pause that is told to be none ends the one before.
      this.#stream.outbox.send(toControl({ reason: "the store is well" }));
      return true;
    } catch (error) {
      if (!isStoreFailure(error)) throw error;
      return false;
    }
  }
}
