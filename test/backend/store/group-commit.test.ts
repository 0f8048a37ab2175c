/** Writers share groups in their order, and whoever has to be alone gets there under any load. */
import { describe, expect, it } from "vitest";
import { createGroupCommit } from "../../../backend/store/group-commit.js";

function begin() {
  const written: number[] = [];
  let isAlone = false;
  const group = createGroupCommit<number>({
    async write(entries) {
      expect(isAlone).toBe(false);
      await new Promise((resolve) => setImmediate(resolve));
      written.push(...entries);
      return written.length;
    },
    recover: async () => undefined,
  });
  const alone = () =>
    group.alone(async () => {
      isAlone = true;
      await new Promise((resolve) => setImmediate(resolve));
      isAlone = false;
      return written.length;
    });
  return { group, written, alone };
}

describe("a group commit", () => {
  it("lets one be alone while others never stop writing", async () => {
    const { group, written, alone } = begin();
    const stop = new AbortController();
    let next = 0;
    // Each puts the next before the one before is durable: the queue is never empty.
    const writers = [1, 2, 3].map(async () => {
      let last: Promise<unknown> = Promise.resolve();
      while (!stop.signal.aborted) {
        const before = last;
        last = group.add(next++);
        await before;
      }
      await last;
    });
    const seen = await Promise.all([alone(), alone()]);
    expect(seen[0]).toBeLessThanOrEqual(seen[1] ?? 0);
    stop.abort();
    await Promise.all(writers);
    await group.idle();
    expect(written).toEqual(Array.from({ length: next }, (_, k) => k));
  });

  it("writes on after one that was alone has failed", async () => {
    const { group, written } = begin();
    const failed = group.alone(() => Promise.reject(new Error("no")));
    const added = group.add(7);
    await expect(failed).rejects.toThrow("no");
    await added;
    expect(written).toEqual([7]);
  });
});
