/**
 * A wire between two programs: a TCP proxy on loopback with a port that stays and a far end that
 * may move, which can be cut, stalled and truncated in either direction.
 *
 * What TCP promises it keeps: either end gets a beginning of what the other sent, in its order.
 */
import { connect, createServer, type Socket } from "node:net";

/** Which way bytes go: `up` is from the side that dials. */
export type Direction = "up" | "down";

/** What happens to bytes; the first rule that says something counts. */
export interface WireRules {
  /** New connections are reset at once, and those that are open as well. */
  readonly isCut?: boolean;
  /** New connections are taken and nothing is ever answered. */
  readonly isDeaf?: boolean;
  /**
   * Bytes of this direction get nowhere and nobody is told: they wait, and arrive later or die with
   * the connection. TCP never loses some and goes on.
   */
  readonly stall?: Direction | "both";
  /** The connection is reset after so many more bytes, whichever way they go. */
  readonly cutAfterBytes?: number;
  /** Bytes wait so long; those that follow, with whatever delay, wait behind them. */
  readonly delayMs?: number;
}

/** The wire. */
export interface Wire {
  readonly port: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly connections: number;
  /** What the dialling sides have sent on each connection so far, if `isRecording`. */
  readonly recordings: readonly Buffer[];
  isRecording: boolean;
  /** Where connections lead from here on; 0: nowhere. */
  target: number;
  /** Replaces the rules, for open connections too. */
  setRules(rules: WireRules): void;
  /** Resets every connection once. */
  reset(): void;
  /** Ends every connection in an orderly way. */
  hangUp(): void;
  /** Resolves when bytes pass, or after `ms`. */
  nextBytes(ms: number): Promise<void>;
  close(): Promise<void>;
}

interface Pair {
  readonly near: Socket;
  readonly far: Socket | undefined;
  readonly sent: Buffer[];
  /** Some of its bytes were cut off: none that follow may pass. */
  isCut: boolean;
}

/** How long bytes that were let through have to arrive before a reset does. */
const CUT_MS = 5;

/** Opens a wire to `target` on loopback. */
export async function openWire(target = 0): Promise<Wire> {
  const pairs = new Set<Pair>();
  const waiting = new Set<() => void>();
  const recordings: Pair[] = [];
  let rules: WireRules = {};
  let bytesLeft = Number.POSITIVE_INFINITY;
  let connections = 0;
  const bytes = { up: 0, down: 0 };

  const drop = (how: "resetAndDestroy" | "end"): void => {
    for (const { near, far } of pairs) {
      near[how]();
      far?.[how]();
    }
  };

  const isStalled = (way: Direction): boolean => rules.stall === way || rules.stall === "both";
  const holdOrLetGo = ({ near, far }: Pair): void => {
    near[isStalled("up") ? "pause" : "resume"]();
    far?.[isStalled("down") ? "pause" : "resume"]();
  };

  function pass(from: Socket, to: Socket, way: Direction, pair: Pair): void {
    const inOrder = createQueue();
    from.on("data", (chunk: Buffer) => {
      bytes[way] += chunk.length;
      for (const wake of waiting) wake();
      if (pair.isCut) return;
      const part = chunk.subarray(0, bytesLeft);
      bytesLeft -= part.length;
      pair.isCut = bytesLeft <= 0;
      if (way === "up" && wire.isRecording) pair.sent.push(part);
      inOrder(rules.delayMs ?? 0, () => {
        if (to.writable) to.write(part);
        if (pair.isCut) setTimeout(() => drop("resetAndDestroy"), CUT_MS);
      });
    });
    from.once("end", () => inOrder(0, () => to.end()));
    from.once("close", () => inOrder(0, () => to.destroy()));
  }

  const server = createServer({ noDelay: true }, (near) => {
    connections++;
    near.on("error", () => near.destroy());
    if (rules.isCut === true || wire.target === 0) return void near.resetAndDestroy();
    const far =
      rules.isDeaf === true
        ? undefined
        : connect({ port: wire.target, host: "127.0.0.1", noDelay: true });
    const pair: Pair = { near, far, sent: [], isCut: false };
    pairs.add(pair);
    if (wire.isRecording) recordings.push(pair);
    near.once("close", () => pairs.delete(pair));
    if (far === undefined) return void near.resume();
    far.on("error", () => far.destroy());
    pass(near, far, "up", pair);
    pass(far, near, "down", pair);
    holdOrLetGo(pair);
  });
  await new Promise<void>((ready) => {
    server.listen(0, "127.0.0.1", ready);
  });
  const address = server.address();
  const wire: Wire = {
    port: typeof address === "object" && address !== null ? address.port : 0,
    get bytesUp() {
      return bytes.up;
    },
    get bytesDown() {
      return bytes.down;
    },
    get connections() {
      return connections;
    },
    get recordings() {
      return recordings.map(({ sent }) => Buffer.concat(sent));
    },
    isRecording: false,
    target,
    setRules(next) {
      rules = next;
      bytesLeft = next.cutAfterBytes ?? Number.POSITIVE_INFINITY;
      if (next.isCut === true) drop("resetAndDestroy");
      for (const pair of pairs) holdOrLetGo(pair);
    },
    reset: () => drop("resetAndDestroy"),
    hangUp: () => drop("end"),
    nextBytes: (ms) =>
      new Promise((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, ms);
        waiting.add(wake);
      }),
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        drop("resetAndDestroy");
      }),
  };
  return wire;
}

/** Work that waits for its time, and for the work before it. */
function createQueue(): (delayMs: number, work: () => void) => void {
  const queue: (() => void)[] = [];
  let dueMs = 0;
  return (delayMs, work) => {
    const nowMs = performance.now();
    dueMs = Math.max(dueMs, nowMs + delayMs);
    if (queue.length === 0 && dueMs <= nowMs) return work();
    queue.push(work);
    // Timers of different lengths may change places; what they release does not.
    setTimeout(() => queue.shift()?.(), dueMs - nowMs);
  };
}
