/** Connections of one installation: two, and the oldest makes room. */
import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { createInstallationBook } from "../../../backend/rpc/installation-book.js";

const LIMITS = { connectionsMax: 2, freshAfterMs: 30_000 };

/** A connection as far as the book knows one. */
class Connection extends EventEmitter {
  isOpen = true;

  destroy(): this {
    this.isOpen = false;
    this.emit("close");
    return this;
  }
}

function open() {
  let nowMs = 0;
  const book = createInstallationBook(LIMITS, { monotonicMs: () => nowMs });
  return {
    pass: (ms: number) => {
      nowMs += ms;
    },
    enter(id: string) {
      const socket = new Connection();
      const isFresh = book.enter(id, socket as never);
      return { socket, isFresh };
    },
  };
}

describe("an installation", () => {
  it("has two connections; of a third the oldest makes room", () => {
    const { enter } = open();
    const all = [enter("a"), enter("b"), enter("a"), enter("a")].map(({ socket }) => socket);
    expect(all.map(({ isOpen }) => isOpen)).toEqual([false, true, true, true]);
    all[2]?.destroy();
    const next = enter("a").socket;
    expect([all[3]?.isOpen, next.isOpen]).toEqual([true, true]);
  });

  it("is new when it has not come for a while, whether it stays or goes", () => {
    const { enter, pass } = open();
    expect(enter("a").isFresh).toBe(true);
    pass(29_999);
    const again = enter("a");
    expect(again.isFresh).toBe(false);
    again.socket.destroy();
    expect(enter("b").isFresh).toBe(true);
    pass(29_999);
    expect(enter("a").isFresh).toBe(false);
    pass(30_000);
    expect(enter("a").isFresh).toBe(true);
  });
});
