/** Connections of one installation: two, and the oldest makes room. */
import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { createInstallationBook } from "../../../backend/rpc/installation-book.js";

const LIMITS = { connectionsMax: 2, usual: { burst: 3, perSecond: 0.1 } };

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
      const isUsual = book.enter(id, socket as never);
      return { socket, isUsual };
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

  it("comes as often as a daemon does, whether it stays or goes", () => {
    const { enter, pass } = open();
    const come = (id: string) => {
      const { socket, isUsual } = enter(id);
      socket.destroy();
      return isUsual;
    };
    expect(["a", "a", "a", "a", "b"].map(come)).toEqual([true, true, true, false, true]);
    pass(9_999);
    expect(come("a")).toBe(false);
    pass(1);
    expect([come("a"), come("a")]).toEqual([true, false]);
    pass(30_000);
    expect(["a", "a", "a", "a"].map(come)).toEqual([true, true, true, false]);
  });
});
