/** Two independent Modbus servers, an image of a real iDM, our reader and source in front of them. */

import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { identifyingRegisters } from "#core/profile/identification.js";
import type { Profile } from "#core/profile/profile.js";
import { planReads } from "#core/profile/read-plan.js";
import { connectModbusTcp, type ModbusTcpReader } from "../../daemon/device/modbus-tcp.js";
import { createRecordedReader, type RecordedWords } from "../../daemon/device/recorded-reader.js";
import type { RegisterReader } from "../../daemon/device/register-reader.js";
import { createRegisterSource } from "../../daemon/poll/register-source.js";
import { type CountingProxy, startCountingProxy } from "../support/counting-proxy.js";
import { temporaryFolder } from "../support/folder.js";
import { idmImage, idmProfile } from "../support/idm-image.js";
import { LOOPBACK_RULES } from "../support/link-rules.js";
import { type ModbusPeer, startLibmodbus, startPymodbus } from "../support/modbus-peer.js";
import { isPeerMissing } from "../support/peer.js";
import { plainProfile, plainRegister } from "../support/plain-profile.js";
import { createSwiftClock } from "../support/swift-clock.js";

const never = new AbortController().signal;
const folder = temporaryFolder();

const idm = idmProfile();
const identifying = identifyingRegisters(idm).length;

/** Illegal for the bisection: inside a block of 40 words that the capture does not hold. */
const BLOCK = { from: 3000, count: 40, hole: 3017 };

function image(): Map<number, number> {
  const words = idmImage(idm);
  for (let at = BLOCK.from; at < BLOCK.from + BLOCK.count; at++) {
    if (at !== BLOCK.hole) words.set(at, at % 1000);
  }
  return words;
}

/** The image as a recording, for the reader that replays. */
function recorded(): RecordedWords[] {
  return (["input", "holding"] as const).flatMap((space) =>
    Array.from(image(), ([address, word]) => ({ unitId: 1, space, address, words: [word] })),
  );
}

const clock = createSwiftClock();

function sourceOf(profile: Profile, reader: RegisterReader) {
  return createRegisterSource({
    deviceId: "idm",
    profile,
    choice: { wanted: "all" },
    reader,
    clock,
    quarantineStore: { load: async () => undefined, save: async () => {} },
    onNotice: () => {},
  });
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
    reader = connectModbusTcp({ host: "127.0.0.1", port: proxy.port }, LOOPBACK_RULES, clock);
    return reader;
  };

  it("reads the whole iDM profile with the planned requests, and every value is right", async () => {
    const source = sourceOf(idm, dial());
    const { readings } = await source.take(never);
    const byId = new Map(readings.map((one) => [one.metric, one]));
    // 13107 16966, 40894 16582 and 27167 16363 on the wire: float32 with the low word first.
    expect(byId.get("temp_flow")).toMatchObject({ value: 49.5, quality: "good" });
    expect(byId.get("power_thermal")).toMatchObject({ value: 6.21, quality: "good" });
    expect(byId.get("power_current")).toMatchObject({ value: 1.84, quality: "good" });
    expect(byId.get("cop_current")?.value).toBeCloseTo(3.37, 1);
    const replayed = await sourceOf(idm, createRecordedReader(recorded())).take(never);
    expect(readings).toEqual(replayed.readings);
    const planned = planReads(idm, { wanted: "all" }).ranges.length;
    const asked = proxy.requests.slice(identifying);
    expect(asked.length).toBe(planned);
    expect([proxy.connections, proxy.exceptions]).toEqual([1, []]);
    proxy.reset();
    await source.take(never);
    expect(proxy.requests.length).toBeLessThan(planned);
    expect(proxy.exceptions).toEqual([]);
  });

  it.each([3, 4])("answers function code %i with the same words", async (functionCode) => {
    const space = functionCode === 3 ? "holding" : "input";
    const range = { unitId: 1, space, address: 1050, count: 4 } as const;
    expect(await dial().read(range)).toEqual([13_107, 16_966, 55_050, 16_952]);
    expect(proxy.requests).toEqual([{ unitId: 1, functionCode, address: 1050, count: 4 }]);
  });

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

  // libmodbus answers 0 in holes, so there is nothing to find.
  if (name === "pymodbus") {
    it("one illegal address in 40 words is found within the bound; then no request is wasted", async () => {
      const block = Array.from({ length: BLOCK.count }, (_, at) => plainRegister(BLOCK.from + at));
      const other = plainRegister(1032, { max: 100 });
      const source = sourceOf(plainProfile([...block, other]), dial());
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
    });
  }
});
