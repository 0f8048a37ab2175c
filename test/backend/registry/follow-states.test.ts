/** A registry follows what other processes wrote, and forgets what they erased. */
import { describe, expect, it } from "vitest";
import { openColumnReserve } from "../../../backend/registry/column-reserve.js";
import { createStateFollower } from "../../../backend/registry/follow-states.js";
import { createRegistry } from "../../../backend/registry/memory-registry.js";
import { makeCommit, makeState } from "../../contract/snapshot-store-contract.js";
import { isPeerMissing } from "../../support/peer.js";
import { installationId } from "../../support/pool-bed.js";
import { withPostgres } from "../../support/postgres-bed.js";

const [MINE, THEIRS] = [installationId(1), installationId(2)];

describe.skipIf(isPeerMissing("postgresql"))("following on a real PostgreSQL", () => {
  const bed = withPostgres();

  it("adopts what others wrote, but not over what delivers here", async () => {
    const url = await bed.newUrl();
    const [store, other] = [await bed.openStore(url), await bed.openStore(url)];
    const registry = createRegistry([]);
    const gone: number[][] = [];
    const delivering = new Set<string>();
    const follower = createStateFollower(
      {
        store,
        registry,
        isDelivering: (id) => delivering.has(id),
        onGone: (columns) => gone.push([...columns]),
      },
      0,
    );
    for (const id of [MINE, THEIRS]) {
      await other.claim(id);
      await other.put(makeCommit(id, 1));
    }
    expect(await follower.look()).toBe(2);
    expect(registry.size).toBe(2);
    delivering.add(MINE);
    const ours = makeState(MINE, 5);
    registry.adopt(ours);
    await other.put(makeCommit(MINE, 2));
    await other.put(makeCommit(THEIRS, 2));
    await follower.look();
    expect(registry.find(MINE)).toBe(ours);
    expect(registry.find(THEIRS)).toEqual(makeState(THEIRS, 2));
    await other.erase(THEIRS);
    await follower.compare();
    expect(registry.find(THEIRS)).toBeUndefined();
    expect(gone).toEqual([[0]]);
    follower.forget(THEIRS);
    expect(gone).toHaveLength(1);
  });
});

describe("the reserve of columns", () => {
  it("gives out each once, and asks for more in time", async () => {
    let next = 0;
    const take = await openColumnReserve(async () => Array.from({ length: 32 }, () => next++));
    const given: number[] = [];
    for (let k = 0; k < 200; k++) {
      given.push(take());
      await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(new Set(given).size).toBe(200);
  });

  it("says so when there are more new installations than numbers", async () => {
    const asked: (() => void)[] = [];
    let calls = 0;
    const take = await openColumnReserve(async () => {
      if (++calls > 2) await new Promise<void>((resolve) => asked.push(resolve));
      return Array.from({ length: 32 }, (_, k) => calls * 32 + k);
    });
    for (let k = 0; k < 64; k++) take();
    expect(take).toThrow(/too many new installations/);
    for (const resolve of asked) resolve();
  });
});
