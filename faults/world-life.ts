/**
 * A life of a world, step by step as chance has it: polls, seals, deliveries, lost acks, clean
 * restarts of either end. What was committed is marked in a file of its own, so that a trace of the
 * disk knows it.
 */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "../test/support/chance.js";
import { createFakeClock, type FakeClock } from "../test/support/fake-clock.js";
import { NUMBER_METRIC } from "./oracle.js";
import { openWithSmallBuffer } from "./small-buffer.js";
import { openWorld, STEP_MS, type World, type WorldOptions } from "./world.js";

/** File of the marks, below the world's folder: `+7` was taken, `7` is committed. */
export const MARKS = ".marks";
const BATCHES_MAX = 4;
/** Longer than the backlog waits before it tries a disk again that refused. */
const AFTER_RETRY_MS = 61_000;
const TRIES = 3;

/** A life in progress. */
export class WorldLife {
  readonly clock: FakeClock = createFakeClock();
  /** Everything that was ever recorded. */
  recorded = 0;
  readonly #options: WorldOptions;
  readonly #random: () => number;
  #lives = 0;
  #world: World | undefined;

  constructor(folder: string, seed: number) {
    this.#random = createRandom(seed);
    this.#options = {
      folder,
      clock: this.clock,
      bootId: bootOf(seed),
      seed: seed * 1000,
      openDatabase: openWithSmallBuffer,
    };
  }

  get world(): World {
    if (this.#world === undefined) throw new Error("not open");
    return this.#world;
  }

  async open(): Promise<void> {
    const world = await openWorld({ ...this.#options, seed: this.#options.seed + ++this.#lives });
    this.#world = world;
    world.backlog.onCommit((snapshots) => {
      const numbers = snapshots.map(
        ({ readings }) => readings.find(({ metric }) => metric === NUMBER_METRIC)?.value,
      );
      this.#mark(numbers.join("\n"));
    });
  }

  #mark(lines: string): void {
    appendFileSync(join(this.#options.folder, MARKS), `${lines}\n`);
  }

  /** @param mayRestart whether a clean restart may be what happens */
  async step(mayRestart = true): Promise<void> {
    const { world } = this;
    const turn = this.#random();
    if (turn < 0.6) {
      this.#mark(`+${++this.recorded}`);
      world.record(this.recorded);
      await this.clock.advance(STEP_MS);
    } else if (turn < 0.72) await world.backlog.seal();
    else if (turn < 0.9) {
      await world.deliver(1 + Math.floor(this.#random() * BATCHES_MAX), () => this.#random() < 0.2);
    } else if (turn < 0.94) await this.clock.advance(AFTER_RETRY_MS);
    else if (turn < 0.97) await world.backlog.beginEpoch();
    else if (mayRestart) {
      await world.close();
      await this.open();
    }
  }

  /** Gives a disk that is well again time to be tried, and to be repaired at the second try. */
  async recover(): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      await this.clock.advance(AFTER_RETRY_MS);
      await this.world.backlog.flush();
      if (this.world.backlog.status().mode === "durable") return;
    }
  }
}

/** UUID of the `n`-th boot. */
export function bootOf(n: number): string {
  return `22222222-0000-4000-8000-${String(n % 1e12).padStart(12, "0")}`;
}
