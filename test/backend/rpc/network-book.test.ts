/** Connections of one network: not too many at once, not too many new ones, and floods are paid for. */
import { describe, expect, it } from "vitest";
import { createNetworkBook } from "../../../backend/rpc/network-book.js";

const LIMITS = { socketsPerPrefixMax: 3, newPerPrefix: { burst: 160, perSecond: 1 } };

function open(limits = LIMITS) {
  let nowMs = 0;
  const book = createNetworkBook(limits, { monotonicMs: () => nowMs });
  return {
    book,
    pass(ms: number) {
      nowMs += ms;
    },
    /** Comes and leaves as often. Returns how often it was let in. */
    visit(prefix: string, times: number): number {
      let entered = 0;
      for (let number = 0; number < times; number += 1) {
        const leave = book.enter(prefix);
        if (leave !== undefined) entered += 1;
        leave?.();
      }
      return entered;
    },
  };
}

describe("a network", () => {
  it("has so many connections at once, whatever others have", () => {
    const { book } = open();
    const ways = [1, 2, 3, 4].map(() => book.enter("192.0.2"));
    expect(ways.map((leave) => leave !== undefined)).toEqual([true, true, true, false]);
    expect(book.enter("198.51.100")).toBeDefined();
    ways[0]?.();
    expect(book.enter("192.0.2")).toBeDefined();
  });

  it("makes so many new ones at once, then at its pace", () => {
    const { visit, pass } = open();
    expect(visit("192.0.2", 200)).toBe(160);
    expect(visit("198.51.100", 1)).toBe(1);
    pass(5_000);
    expect(visit("192.0.2", 100)).toBe(5);
  });

  it("pays for a flood with new connections; the ones that stand stay", () => {
    const { book, visit, pass } = open();
    const leave = book.enter("192.0.2");
    book.noteFlood("192.0.2");
    expect(visit("192.0.2", 100)).toBe(31);
    book.noteFlood("192.0.2");
    book.noteFlood("192.0.2");
    pass(160_000);
    expect(visit("192.0.2", 1)).toBe(0);
    pass(2_000);
    expect(visit("192.0.2", 1)).toBe(1);
    leave?.();
  });

  it("is not limited at all behind a proxy, where all have one address", () => {
    const { book, visit } = open({ ...LIMITS, socketsPerPrefixMax: 0 });
    book.noteFlood("192.0.2");
    expect(visit("192.0.2", 1_000)).toBe(1_000);
  });
});
