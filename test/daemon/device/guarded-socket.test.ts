/** The guard itself: no write leaves, no bytes pile up, nothing but the answer comes through. */
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import fc from "fast-check";
import Modbus from "jsmodbus";
import { describe, expect, it } from "vitest";
import { FRAME_BYTES_MAX } from "../../../daemon/device/answer-check.js";
import { GuardedSocket } from "../../../daemon/device/guarded-socket.js";

/** A socket without a network. */
class Wire extends EventEmitter {
  readonly sent: Buffer[] = [];
  isDestroyed = false;
  write(bytes: Buffer): boolean {
    this.sent.push(Buffer.from(bytes));
    return true;
  }
  destroy(): void {
    this.isDestroyed = true;
  }
}

function guarded(): { wire: Wire; guard: GuardedSocket; answers: Buffer[] } {
  const wire = new Wire();
  const guard = new GuardedSocket(wire as unknown as Socket, false);
  const answers: Buffer[] = [];
  guard.on("data", (frame: Buffer) => answers.push(Buffer.from(frame)));
  return { wire, guard, answers };
}

/** Read 2 input registers at 1000, as jsmodbus sends it. */
const request = () => Buffer.from([0, 9, 0, 0, 0, 6, 1, 4, 3, 232, 0, 2]);
const answer = (transaction: number) =>
  Buffer.from([0, transaction, 0, 0, 0, 7, 1, 4, 4, 51, 51, 66, 70]);

describe("what leaves", () => {
  it.each([
    ["one coil", (client: Client) => client.writeSingleCoil(1, true)],
    ["one register", (client: Client) => client.writeSingleRegister(1, 1)],
    ["coils", (client: Client) => client.writeMultipleCoils(1, [true])],
    ["registers", (client: Client) => client.writeMultipleRegisters(1, [1])],
    ["an identification", (client: Client) => client.readDeviceIdentification(1, 0)],
  ])("a request for writing %s never leaves", async (_name, ask) => {
    const { wire, guard } = guarded();
    const client = new Modbus.client.TCP(guard as unknown as Socket, 1, 1000);
    wire.emit("connect");
    const written = ask(client);
    wire.emit("close", false);
    await expect(written).rejects.toMatchObject({ err: "Offline" });
    expect(wire.sent).toEqual([]);
    expect([wire.isDestroyed, guard.broken]).toEqual([true, "only reads may leave"]);
  });

  it("a second request before the first is answered never leaves", () => {
    const { wire, guard } = guarded();
    guard.write(request());
    guard.write(request());
    expect(wire.sent.length).toBe(1);
    expect(guard.broken).toBe("request while another is in flight");
  });

  it("requests carry the unit that was set and a transaction of their own", () => {
    const { wire, guard } = guarded();
    guard.unitId = 50;
    guard.write(request());
    expect(wire.sent[0]).toEqual(Buffer.from([0, 1, 0, 0, 0, 6, 50, 4, 3, 232, 0, 2]));
  });
});

type Client = InstanceType<typeof Modbus.client.TCP>;

describe("what comes through", () => {
  it("is the answer, in whatever pieces it comes", () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 12 });
    fc.assert(
      fc.property(cuts, (places) => {
        const { wire, guard, answers } = guarded();
        guard.write(request());
        const ends = [...new Set(places), 13].sort((a, b) => a - b);
        let from = 0;
        for (const end of ends) {
          wire.emit("data", answer(1).subarray(from, end));
          from = end;
        }
        expect(answers).toEqual([answer(9)]);
        expect(guard.isClean).toBe(true);
      }),
    );
  });

  it("is never anything but an answer of the right size, whatever bytes arrive", () => {
    const chunk = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
      fc.integer({ min: 0, max: 3 }).map((transaction) => answer(transaction)),
      fc
        .tuple(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 255 }))
        .map(([at, value]) => {
          const frame = answer(1);
          frame.writeUInt8(value, at);
          return frame;
        }),
      fc.integer({ min: 1, max: 12 }).map((length) => answer(1).subarray(0, length)),
    );
    fc.assert(
      fc.property(fc.array(chunk, { minLength: 1, maxLength: 40 }), (chunks) => {
        const { wire, guard, answers } = guarded();
        guard.write(request());
        for (const bytes of chunks) {
          wire.emit("data", Buffer.from(bytes));
          expect(guard.bufferedBytes).toBeLessThanOrEqual(FRAME_BYTES_MAX);
        }
        expect(answers.length).toBeLessThanOrEqual(1);
        for (const frame of answers) {
          const isException = frame.readUInt8(7) === 0x84 && frame.length === 9;
          const isValue = frame.readUInt8(7) === 4 && frame.length === 13;
          expect(isException || isValue).toBe(true);
          expect(frame.readUInt16BE(0)).toBe(9);
        }
        expect(wire.isDestroyed).toBe(guard.broken !== undefined);
      }),
      { numRuns: 2000 },
    );
  });

  it("ends with the connection after a flood of frames that answer nothing", () => {
    const { wire, guard } = guarded();
    guard.write(request());
    for (let row = 0; row < 17; row++) wire.emit("data", answer(77));
    expect(guard.broken).toBe("too many stray answers");
  });
});
