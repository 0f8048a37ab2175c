/** The history in memory keeps the promise while the process lives, and bears a store that fails. */
import { describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import type { BlockStore } from "../../../daemon/history/block-store.js";
import {
  createMemoryBlockStore,
  createMemoryHistory,
} from "../../../daemon/history/memory-history.js";
import {
  flowsOf,
  historyContract,
  historyOptions,
  START_MS,
  snapshotAt,
} from "../../contract/history-contract.js";
import { createFakeClock } from "../../support/fake-clock.js";

let store: BlockStore;
historyContract(
  "memory history",
  (options) => {
    store = createMemoryBlockStore();
    return createMemoryHistory(options, store);
  },
  (options) => createMemoryHistory(options, store),
);

describe("a history whose disk refuses", () => {
  it("keeps rows in memory, tells it once, and writes them when the disk takes again", async () => {
    const inner = createMemoryBlockStore();
    let isRefusing = true as boolean;
    const refusing: BlockStore = {
      ...inner,
      async write(changes) {
        if (isRefusing) throw new HeatpoolError("STORE_FAILED", "no space left");
        await inner.write(changes);
      },
    };
    const told: unknown[] = [];
    const options = historyOptions(createFakeClock(START_MS), {
      onTrouble: (cause) => told.push(cause?.code),
    });
    const history = await createMemoryHistory(options, refusing);
    history.record(snapshotAt(0));
    await history.flush();
    history.record(snapshotAt(1));
    await history.flush();
    expect(told).toEqual(["STORE_FAILED"]);
    isRefusing = false;
    await history.flush();
    expect(told).toEqual(["STORE_FAILED", undefined]);
    expect(await flowsOf(history)).toEqual([
      [0, 0],
      [1, 0.1],
    ]);
    expect(history.status()).toMatchObject({ waiting: 0, lost: 0 });
  });

  it("holds two thousand rows and counts what is beyond them as lost", async () => {
    const history = await createMemoryHistory(historyOptions(createFakeClock(START_MS)));
    for (let k = 0; k < 2_010; k++) history.record(snapshotAt(k));
    expect(history.status()).toMatchObject({ waiting: 2_000, lost: 10 });
  });
});
