/**
 * Hostile frames from a Modbus device (A25): noise, cut frames, wrong lengths, foreign transactions
 * and exceptions that nobody knows, in pieces of any size. Taken is what reaches the reader and is not
 * the answer that it waits for.
 */
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { GuardedSocket } from "../daemon/device/guarded-socket.js";
import { createRandom } from "../test/support/chance.js";
import { type AttackCounts, type AttackSuite, sizeOf } from "./attack-suite.js";

/** The design promises ten million. */
const SIZES = { everyday: 2_000_000, full: 10_000_000 };
const FRAME_BYTES_MAX = 260;
/** A device that was given up is called anew. */
const FRAMES_PER_CONNECTION = 200;
const UNIT = 1;
const WORDS = 4;
/** Header, unit, function, count, words. */
const ANSWER_BYTES = 9 + 2 * WORDS;

/** A socket without a network. */
class FakeSocket extends EventEmitter {
  readonly written: Buffer[] = [];
  write(bytes: Buffer): boolean {
    this.written.push(Buffer.from(bytes));
    return true;
  }
  destroy(): this {
    return this;
  }
}

/** Frames of a hostile device. */
export const frameAttacks: AttackSuite = {
  name: "frames",
  async run(options) {
    const { seed, onProgress } = options;
    const cases = sizeOf(options, SIZES);
    const counts: { -readonly [K in keyof AttackCounts]: number } = {
      cases: 0,
      accepted: 0,
      plaintextBytes: 0,
      crashes: 0,
    };
    const random = createRandom(seed);
    while (counts.cases < cases) {
      attackConnection(random, counts, cases);
      onProgress?.(counts.cases);
    }
    return counts;
  },
};

function attackConnection(
  random: () => number,
  counts: { cases: number; accepted: number; crashes: number },
  cases: number,
): void {
  const socket = new FakeSocket();
  const guard = new GuardedSocket(socket as unknown as Socket, random() < 0.5);
  guard.on("error", () => undefined);
  guard.on("data", (frame: Buffer) => {
    const isAnswer = frame.length === ANSWER_BYTES && frame[7] === 3 && frame[8] === 2 * WORDS;
    const isException = frame.length === 9 && frame[7] === 0x83;
    if (!isAnswer && !isException) counts.accepted += 1;
  });
  for (let number = 0; number < FRAMES_PER_CONNECTION && counts.cases < cases; number++) {
    counts.cases += 1;
    try {
      guard.write(request(number & 0xffff));
      const asked = socket.written.at(-1);
      const transaction = asked?.readUInt16BE(0) ?? 0;
      socket.written.length = 0;
      socket.emit("data", hostile(random, transaction));
      if (guard.bufferedBytes > FRAME_BYTES_MAX) counts.accepted += 1;
    } catch {
      counts.crashes += 1;
    }
    if (guard.broken !== undefined) return;
  }
}

function request(transaction: number): Buffer {
  const frame = Buffer.from([0, 0, 0, 0, 0, 6, UNIT, 3, 0, 100, 0, WORDS]);
  frame.writeUInt16BE(transaction, 0);
  return frame;
}

/** An answer that is almost right, or nothing like one. */
function hostile(random: () => number, transaction: number): Buffer {
  const below = (bound: number) => Math.floor(random() * bound);
  if (random() < 0.2) return Buffer.from(Array.from({ length: 1 + below(40) }, () => below(256)));
  const good = Buffer.alloc(ANSWER_BYTES);
  good.writeUInt16BE(transaction, 0);
  good.writeUInt16BE(3 + 2 * WORDS, 4);
  good.set([UNIT, 3, 2 * WORDS], 6);
  const changes = below(4);
  for (let change = 0; change < changes; change++) good[below(9)] = below(256);
  if (random() < 0.2) return good.subarray(0, below(good.length));
  if (random() < 0.2) return Buffer.concat([good, good.subarray(0, below(good.length))]);
  return good;
}
