/**
 * Any history of recording, sealing, sending, failing writes, restarts and crashes: what a commit
 * returned for is handed out under exactly one number, and a number's bytes never change.
 */
import { expect, it } from "vitest";
import type { Backlog, BacklogEntry } from "../../../daemon/backlog/backlog.js";
import { openLevelBacklog } from "../../../daemon/backlog/level-backlog.js";
import {
  numbersIn,
  optionsOf,
  snapshotOf,
  waitingEntries,
} from "../../support/backlog-material.js";
import { createRandom } from "../../support/chance.js";
import { createDiskSwitch } from "../../support/failing-database.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";
import { copyLive } from "../../support/live-copy.js";

const SEEDS = 12;
const STEPS = 100;

/** A backlog, its disk, and what the other end has seen. */
class History {
  readonly clock = createFakeClock();
  readonly disk = createDiskSwitch();
  readonly committed = new Set<number>();
  readonly #sent = new Map<string, readonly number[]>();
  readonly #random: () => number;
  #directory = temporaryFolder();
  #backlog: Backlog | undefined;
  #life = 0;
  #next = 0;
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = createRandom(seed);
  }

  get backlog(): Backlog {
    if (this.#backlog === undefined) throw new Error("not open");
    return this.#backlog;
  }

  get sent(): readonly number[] {
    return [...this.#sent.values()].flat();
  }

  async open(): Promise<void> {
    this.disk.failingWrites = 0;
    this.disk.refusesToOpen = false;
    const life = ++this.#life;
    const options = { ...optionsOf(this.clock, this.#seed * 1000 + life), rowsMax: 7 };
    const place = { directory: this.#directory, openDatabase: this.disk.open };
    this.#backlog = await openLevelBacklog({ ...options, ...place });
    this.#backlog.onCommit((snapshots) => {
      // A life that was copied while it ran goes on only to be closed.
      if (life !== this.#life) return;
      for (const { readings } of snapshots) {
        this.committed.add(Math.round((readings[0]?.value ?? 0) * 10));
      }
    });
  }

  /** The same number must always carry the same snapshots. */
  deliver(entries: readonly BacklogEntry[]): void {
    for (const entry of entries) {
      const name = `${entry.epochId}/${entry.sequence}`;
      const numbers = numbersIn([entry]);
      expect(this.#sent.get(name) ?? numbers, `seed ${this.#seed}: ${name}`).toEqual(numbers);
      this.#sent.set(name, numbers);
    }
  }

  async step(): Promise<void> {
    const turn = this.#random();
    if (turn < 0.5) {
      this.backlog.record(snapshotOf(this.#next++));
      if (this.#random() < 0.7) await this.backlog.flush();
    } else if (turn < 0.62) await this.backlog.seal();
    else if (turn < 0.74) await this.#send();
    else if (turn < 0.82) {
      this.disk.failingWrites = Math.floor(this.#random() * 5);
      this.disk.reachesDisk = this.#random() < 0.5;
      this.disk.refusesToOpen = this.#random() < 0.2;
    } else if (turn < 0.92) await this.clock.advance(40_000);
    else if (turn < 0.95) {
      this.disk.refusesToOpen = false;
      this.disk.failingWrites = 0;
      await this.backlog.close();
      await this.open();
    } else if (turn < 0.98) await this.#crash();
    else await this.backlog.beginEpoch();
  }

  async #send(): Promise<void> {
    for (const { epochId } of this.backlog.epochs()) {
      const entries = await this.backlog.after(epochId, 0, 3);
      this.deliver(entries);
      const last = entries.at(-1);
      // Some acks get lost on the way.
      if (last === undefined || this.#random() < 0.2) continue;
      const admitted = entries.reduce((sum, one) => sum + one.sealed.rows, 0);
      const counts = { admitted, duplicate: 0, rejected: 0 };
      await this.backlog.acknowledge({ epochId, ackedThrough: last.sequence, ...counts });
    }
  }

  /** Goes on with what the disk held at this moment. */
  async #crash(): Promise<void> {
    const copy = temporaryFolder();
    copyLive(this.#directory, copy);
    this.#life++;
    await this.backlog.close();
    this.#directory = copy;
    await this.open();
  }
}

it.each(Array.from({ length: SEEDS }, (_, k) => k + 1))(
  "history %i: nothing committed is lost, nothing is doubled",
  async (seed) => {
    const history = new History(seed);
    await history.open();
    for (let step = 0; step < STEPS; step++) {
      await history.step();
      expect(history.backlog.status().unaccounted, `seed ${seed}, step ${step}`).toBe(0);
    }
    history.disk.refusesToOpen = false;
    history.disk.failingWrites = 0;
    await history.clock.advance(60_000);
    await history.backlog.seal();
    await history.backlog.seal();
    expect(history.backlog.status()).toMatchObject({ mode: "durable", lost: 0, unsealed: 0 });
    history.deliver(await waitingEntries(history.backlog));
    const { sent } = history;
    expect(new Set(sent).size).toBe(sent.length);
    expect([...history.committed].filter((k) => !sent.includes(k))).toEqual([]);
    await history.backlog.close();
  },
);
