/** Two independent Modbus servers, an image of a real iDM, our reader and source in front of them. */

import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { planReads } from "#core/profile/read-plan.js";
import { connectModbusTcp, type ModbusTcpReader } from "../../daemon/device/modbus-tcp.js";
import { createRegisterSource } from "../../daemon/poll/register-source.js";
import { type CountingProxy, startCountingProxy } from "../support/counting-proxy.js";
import { temporaryFolder } from "../support/folder.js";
import { CAPTURE, captureImage, captureProfile } from "../support/idm-capture.js";
import { type ModbusPeer, startLibmodbus, startPymodbus } from "../support/modbus-peer.js";
import { isPeerMissing } from "../support/peer.js";
import { plainProfile, plainRegister } from "../support/plain-profile.js";
import { createSwiftClock } from "../support/swift-clock.js";

const RULES = {
  timeoutMs: 5000,
  connectTimeoutMs: 60_000,
  pauseMs: 0,
  pauseAfterConnectMs: 0,
  idleLimitMs: undefined,
  anyUnit: false,
  absentCodes: [],
};
const never = new AbortController().signal;
const folder = temporaryFolder();

/** Illegal for the bisection: inside a block of 40 words that the capture does not hold. */
const BLOCK = { from: 3000, count: 40, hole: 3017 };

function image(): Map<number, number> {
  const words = captureImage();
  for (let at = BLOCK.from; at < BLOCK.from + BLOCK.count; at++) {
    if (at !== BLOCK.hole) words.set(at, at % 1000);
  }
  return words;
}

const PEERS = [
  { name: "pymodbus", debian: "python3-pymodbus", start: startPymodbus },
  { name: "libmodbus", debian: "libmodbus-dev", start: startLibmodbus },
] as const;

describe.each(PEERS)("against $name", ({ name, debian, start }) => {
  if (isPeerMissing(debian)) {
    it.skip(`needs the Debian package ${debian}`, () => {});
    return;
  }
  let peer: ModbusPeer;
  let proxy: CountingProxy;
  let reader: ModbusTcpReader;
  const clock = createSwiftClock();
  beforeAll(async () => {
    peer = await start(folder, image());
    proxy = await startCountingProxy(peer.port);
  });
  afterEach(async () => {
    await reader.close();
    proxy.reset();
  });
  afterAll(async () => {
    await proxy.close();
    await peer.stop();
  });
  const dial = () => {
    reader = connectModbusTcp({ host: "127.0.0.1", port: proxy.port }, RULES, clock);
    return reader;
  };

  it.each(["input", "holding"] as const)(
    "reads every captured value as %s registers",
    async (space) => {
      const captured = captureProfile();
      const registers = captured.registers.map((one) => ({ ...one, space }));
      const profile = { ...captured, registers };
      const notices: string[] = [];
      const source = createRegisterSource({
        deviceId: "idm",
        profile,
        choice: { wanted: "all" },
        reader: dial(),
        clock,
        quarantineStore: { load: async () => undefined, save: async () => {} },
        onNotice: (message) => notices.push(message),
      });
      const { readings } = await source.take(never);
      const byId = new Map(readings.map((one) => [one.metric, one]));
      for (const { address, words, encoding } of CAPTURE) {
        const reading = byId.get(`r${address}`);
        const isAbsent =
          encoding === "float32" ? words.join() === "0,49024" : (words[0] ?? 0) >= 65_534;
        expect(reading?.quality).toBe(isAbsent ? "absent" : "good");
        expect(reading?.value).toBe(isAbsent ? undefined : meaning(words, encoding));
      }
      expect(byId.get("r1050")?.value).toBeCloseTo(49.55, 4);
      const plan = planReads(profile, { wanted: "all" });
      expect(proxy.requests).toEqual(
        plan.ranges.map(({ address, count }) => ({
          functionCode: space === "input" ? 4 : 3,
          address,
          count,
        })),
      );
      expect([proxy.connections, proxy.exceptions, notices]).toEqual([1, [], []]);
    },
  );

  it(
    name === "pymodbus" ? "a hole is exception 2" : "a hole inside the mapping answers 0",
    async () => {
      const hole = { unitId: 1, space: "input", address: BLOCK.hole - 1, count: 3 } as const;
      const answer = dial().read(hole);
      if (name === "pymodbus") {
        await expect(answer).rejects.toMatchObject({ code: "DEVICE_REFUSED", exceptionCode: 2 });
      } else {
        expect(await answer).toEqual([(BLOCK.hole - 1) % 1000, 0, (BLOCK.hole + 1) % 1000]);
      }
      expect(reader.vitals().connects).toBe(1);
    },
  );

  it("126 words in one request are exception 3, which is why ours never asks for them", async () => {
    const long = { unitId: 1, space: "input", address: 0, count: 126 } as const;
    await expect(dial().read(long)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(proxy.requests).toEqual([]);
    const socket = connect(peer.port, "127.0.0.1");
    await once(socket, "connect");
    socket.write(Buffer.from([0, 1, 0, 0, 0, 6, 1, 4, 0, 0, 0, 126]));
    const [answer] = (await once(socket, "data")) as [Buffer];
    socket.destroy();
    expect([...answer.subarray(7, 9)]).toEqual([0x84, 3]);
  });

  it.runIf(name === "pymodbus")(
    "one illegal address in 40 words is found within the bound; then no request is wasted",
    async () => {
      const block = Array.from({ length: BLOCK.count }, (_, at) => plainRegister(BLOCK.from + at));
      const other = plainRegister(1032, { max: 100 });
      const source = createRegisterSource({
        deviceId: "block",
        profile: plainProfile([...block, other]),
        choice: { wanted: "all" },
        reader: dial(),
        clock,
        quarantineStore: { load: async () => undefined, save: async () => {} },
        onNotice: () => {},
      });
      const isOfBlock = (one: { address: number }) => one.address >= BLOCK.from;
      const isHole = (one: { address: number; count: number }) =>
        one.address === BLOCK.hole && one.count === 1;
      const pollNext = async () => {
        proxy.reset();
        clock.pass(60_000);
        const { readings } = await source.take(never);
        return { readings, requests: [...proxy.requests] };
      };
      expect((await pollNext()).requests.filter(isOfBlock).length).toBe(1);
      // The second refusal in a row begins the search; the poll after it confirms what was found.
      const searching = (await pollNext()).requests.filter(isOfBlock);
      const confirming = (await pollNext()).requests.filter(isHole);
      expect(searching.length + confirming.length).toBeLessThanOrEqual(
        2 * Math.ceil(Math.log2(BLOCK.count)) + 2,
      );
      expect(source.status().quarantine).toMatchObject([{ address: BLOCK.hole, code: 2 }]);
      const steady = await pollNext();
      expect(proxy.requests.length).toBe(3);
      expect(proxy.exceptions).toEqual([]);
      expect(steady.readings.filter((one) => one.quality === "good").length).toBe(40);
    },
  );
});

/** What words mean, without our decoder: low word first, bytes big-endian inside the word. */
function meaning(words: readonly number[], encoding: string): number {
  const [low = 0, high = 0] = words;
  if (encoding === "uint16") return low;
  const view = new DataView(new ArrayBuffer(4));
  if (encoding === "int16") {
    view.setUint16(0, low);
    return view.getInt16(0);
  }
  view.setUint16(0, high);
  view.setUint16(2, low);
  return view.getFloat32(0);
}
