/** A device becomes snapshots: what fails costs its own readings only, and is not asked for ever. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import type { Reading } from "#core/measurement/snapshot.js";
import { DeviceException } from "#core/profile/device-exception.js";
import type { Profile } from "#core/profile/profile.js";
import { createFileQuarantineStore } from "../../../daemon/poll/file-quarantine-store.js";
import type { QuarantineStore } from "../../../daemon/poll/quarantine.js";
import { createRegisterSource } from "../../../daemon/poll/register-source.js";
import { createCountingDevice, timedOut } from "../../support/counting-device.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";
import { plainProfile, plainRegister } from "../../support/plain-profile.js";

const MINUTE = 60_000;
const range = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => plainRegister(from + index));

function noStore(): QuarantineStore {
  return { load: async () => undefined, save: async () => {} };
}

function observe(profile: Profile, quarantineStore = noStore(), device = createCountingDevice()) {
  const clock = createFakeClock();
  const notices: string[] = [];
  const source = createRegisterSource({
    deviceId: "pump",
    profile,
    choice: { wanted: "all" },
    reader: device,
    clock,
    quarantineStore,
    onNotice: (message) => notices.push(message),
  });
  const never = new AbortController().signal;
  /** One poll, a minute after the last: readings by name, and its requests. */
  async function poll() {
    await clock.advance(MINUTE);
    device.requests.length = 0;
    const { readings } = await source.take(never);
    const byMetric = new Map(readings.map((one) => [one.metric, one]));
    return { readings, byMetric, requests: [...device.requests] };
  }
  return { clock, device, source, notices, poll };
}

const qualities = (readings: readonly Reading[]) => readings.map((one) => one.quality);

describe("a poll", () => {
  it("reads the plan, one request per range, and stamps it with the first request's time", async () => {
    const { device, poll, source, clock } = observe(
      plainProfile([...range(10, 3), ...range(50, 2)]),
    );
    device.words.set(11, 215);
    const { byMetric, requests } = await poll();
    expect(requests).toEqual(["input 10+3", "input 50+2"]);
    expect(byMetric.get("r11")).toEqual({ metric: "r11", value: 215, quality: "good" });
    const snapshot = await source.take(new AbortController().signal);
    expect(snapshot).toMatchObject({
      deviceId: "pump",
      takenAtMs: clock.nowMs(),
      monotonicMs: clock.monotonicMs(),
      clockSynced: true,
    });
  });

  it("reads the slow group every five minutes and the once group once", async () => {
    const slow = plainRegister(30, { group: "slow" });
    const once = plainRegister(20, { group: "once" });
    const { poll } = observe(plainProfile([plainRegister(10), slow, once]));
    const counts: number[] = [];
    for (let turn = 0; turn < 11; turn++) counts.push((await poll()).requests.length);
    expect(counts).toEqual([3, 1, 1, 1, 1, 2, 1, 1, 1, 1, 2]);
    expect((await poll()).byMetric.get("r30")).toMatchObject({
      value: undefined,
      quality: "not-due",
    });
  });

  it("hangs up afterwards where the device wants that", async () => {
    const { device, poll } = observe(plainProfile(range(1, 1), { shouldCloseAfterPoll: true }));
    await poll();
    expect(device.hangUps).toBe(1);
  });

  it("reads registers that hang on another one's value once that value is known", async () => {
    const accepts = { oneOf: [1], min: undefined, max: undefined, above: undefined };
    const gated = plainRegister(80, {
      conditions: [{ kind: "register", registerId: "r10", accepts }],
    });
    const { device, poll } = observe(plainProfile([plainRegister(10), gated]));
    expect((await poll()).requests).toEqual(["input 10+1", "input 10+1"]);
    device.words.set(10, 1);
    await poll();
    expect((await poll()).requests).toEqual(["input 10+1", "input 80+1"]);
  });

  it("asks at the first meeting what others hang on, so that the first poll is whole", async () => {
    const accepts = { oneOf: [1], min: undefined, max: undefined, above: undefined };
    const gated = plainRegister(80, {
      conditions: [{ kind: "register", registerId: "r10", accepts }],
    });
    const { device, poll } = observe(plainProfile([plainRegister(10), gated]));
    device.words.set(10, 1);
    expect((await poll()).requests).toEqual(["input 10+1", "input 10+1", "input 80+1"]);
  });
});

describe("a range that fails", () => {
  const profile = plainProfile([
    ...range(10, 2),
    ...range(20, 2),
    ...range(30, 2),
    ...range(40, 2),
  ]);
  const fail = (address: number, error: () => Error) => (asked: { address: number }) => {
    if (asked.address === address) throw error();
  };

  it.each([
    ["time-out", timedOut],
    ["violation", () => new HeatpoolError("DEVICE_VIOLATION", "wrong byte count")],
    ["close", () => new HeatpoolError("DEVICE_CLOSED", "closed")],
    ["busy", () => new DeviceException("input 20+2", 6)],
    ["device failure", () => new DeviceException("input 20+2", 4)],
  ])("by %s costs its own readings only, and is asked again", async (_name, error) => {
    const { device, poll } = observe(profile);
    device.onRequest = fail(20, error);
    for (let turn = 0; turn < 4; turn++) {
      const { readings, requests } = await poll();
      expect(requests.length).toBe(4);
      expect(qualities(readings)).toEqual([
        "good",
        "good",
        "read-error",
        "read-error",
        "good",
        "good",
        "good",
        "good",
      ]);
    }
  });

  it("by silence twice in a row ends the poll, but what was read counts", async () => {
    const { device, poll } = observe(profile);
    device.onRequest = ({ address }) => {
      if (address >= 20) throw timedOut();
    };
    const { readings, requests } = await poll();
    expect(requests).toEqual(["input 10+2", "input 20+2", "input 30+2"]);
    expect(qualities(readings).filter((one) => one === "good").length).toBe(2);
  });

  it("with all the others is a device that does not answer", async () => {
    const { device, poll } = observe(profile);
    device.silence = timedOut();
    await expect(poll()).rejects.toMatchObject({ code: "DEVICE_TIMEOUT" });
    expect(device.requests.length).toBe(2);
    device.silence = new DeviceException("input 10+2", 2);
    for (let turn = 0; turn < 5; turn++) {
      await expect(poll()).rejects.toMatchObject({ code: "DEVICE_REFUSED" });
      expect(device.requests.length).toBe(4);
    }
    device.silence = undefined;
    expect(qualities((await poll()).readings)).toEqual(Array(8).fill("good"));
  });

  it("ends with the signal instead of half a snapshot", async () => {
    const { device, source } = observe(profile);
    const end = new AbortController();
    device.onRequest = () => end.abort();
    await expect(source.take(end.signal)).rejects.toMatchObject({ code: "DEVICE_CLOSED" });
    expect(device.requests.length).toBe(1);
  });
});

describe("an illegal register in a block", () => {
  it("is found within the bound while the others deliver, and then costs nothing", async () => {
    const { device, poll, source, notices } = observe(
      plainProfile([...range(0, 40), plainRegister(99)]),
    );
    device.illegal.set(27, 2);
    // Once may be chance: the search begins when the range is refused a second time in a row.
    expect((await poll()).requests).toEqual(["input 0+40", "input 99+1"]);
    const searching = (await poll()).requests.filter((one) => one !== "input 99+1");
    const confirming = (await poll()).requests.filter((one) => one === "input 27+1");
    expect(confirming.length).toBe(1);
    expect(searching.length + 1).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(40)) + 2);
    const steady = await poll();
    expect(steady.requests).toEqual(["input 0+27", "input 28+12", "input 99+1"]);
    expect(steady.byMetric.get("r27")?.quality).toBe("quarantined");
    expect(qualities(steady.readings).filter((one) => one === "good").length).toBe(40);
    expect(source.status().quarantine).toMatchObject([{ registerId: "r27", code: 2 }]);
    expect(notices).toEqual(["r27 (input 27) is set aside: the device answers exception 2"]);
  });

  it("is known to the next device of the kind and after a restart, and forgotten with the firmware", async () => {
    const folder = temporaryFolder();
    const store = createFileQuarantineStore(folder);
    const profile = plainProfile(
      [...range(0, 40), plainRegister(99)],
      {},
      { firmwareRegisterId: "r99" },
    );
    const device = createCountingDevice();
    device.illegal.set(27, 2);
    device.words.set(99, 7);
    const first = observe(profile, store, device);
    for (let turn = 0; turn < 5; turn++) await first.poll();
    expect(readdirSync(folder).length).toBe(1);
    const second = observe(profile, createFileQuarantineStore(folder), device);
    expect((await second.poll()).requests).toEqual([
      "input 99+1",
      "input 0+27",
      "input 28+12",
      "input 99+1",
    ]);
    device.words.set(99, 8);
    const updated = observe(profile, store, device);
    expect((await updated.poll()).requests).toContain("input 0+40");
  });

  it("is tried again after 10 minutes, an hour and a day, and two good reads lift it", async () => {
    const { device, poll, source } = observe(plainProfile([...range(0, 4), plainRegister(99)]));
    device.illegal.set(2, 2);
    for (let turn = 0; turn < 6; turn++) await poll();
    const isTry = (requests: readonly string[]) => requests.includes("input 2+1");
    const tries: number[] = [];
    for (let minute = 0; minute < 1700; minute++) {
      if (isTry((await poll()).requests)) tries.push(minute);
    }
    const gaps = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
    expect(tries[0]).toBeLessThanOrEqual(10);
    expect(gaps).toEqual([60, 1440]);
    device.illegal.clear();
    for (let minute = 0; minute < 1445; minute++) await poll();
    expect(source.status().quarantine).toEqual([]);
    expect((await poll()).requests).toEqual(["input 0+4", "input 99+1"]);
  });

  it("is not looked for while the device refuses everything or is merely busy", async () => {
    const { device, poll, source } = observe(plainProfile([...range(0, 40), plainRegister(99)]));
    device.onRequest = (asked) => {
      if (asked.count > 1) throw new DeviceException("input 0+40", 6);
    };
    for (let turn = 0; turn < 6; turn++) expect((await poll()).requests.length).toBe(2);
    expect(source.status().quarantine).toEqual([]);
  });

  it.each([4, 10])("may be told by exception %i where the profile says so", async (code) => {
    const profile = plainProfile([...range(0, 8), plainRegister(99)], {
      absentExceptions: [2, 4, 10],
    });
    const { device, poll, source } = observe(profile);
    device.illegal.set(3, code);
    for (let turn = 0; turn < 5; turn++) await poll();
    expect(source.status().quarantine).toMatchObject([{ registerId: "r3", code }]);
  });

  it("by the dozen means that the profile does not fit; what answers is kept", async () => {
    const { device, poll, source, notices } = observe(
      plainProfile([...range(0, 16), plainRegister(99)]),
    );
    for (let address = 4; address < 16; address++) device.illegal.set(address, 2);
    for (let turn = 0; turn < 12; turn++) await poll();
    expect(source.status().doesProfileFit).toBe(false);
    expect(notices.filter((one) => one.includes("does not fit")).length).toBe(1);
    const { readings, requests } = await poll();
    expect(qualities(readings).filter((one) => one === "good").length).toBeGreaterThanOrEqual(5);
    expect(requests.length).toBeLessThanOrEqual(6);
  });
});

describe("a device that takes fewer words than the profile says", () => {
  it("is read in shorter blocks from the first poll on, also after a restart", async () => {
    const store = createFileQuarantineStore(temporaryFolder());
    const device = createCountingDevice();
    device.wordsMax = 16;
    const profile = plainProfile(range(0, 100));
    const { poll } = observe(profile, store, device);
    expect(qualities((await poll()).readings)).toEqual(Array(100).fill("good"));
    const steady = await poll();
    expect(steady.requests.length).toBe(Math.ceil(100 / 12));
    expect((await observe(profile, store, device).poll()).requests).toEqual(steady.requests);
  });

  it("is not blamed for a single register that answers exception 3", async () => {
    const { device, poll, source } = observe(plainProfile([...range(0, 40), plainRegister(99)]));
    device.illegal.set(11, 3);
    for (let turn = 0; turn < 8; turn++) await poll();
    expect((await poll()).requests).toEqual(["input 0+11", "input 12+28", "input 99+1"]);
    expect(source.status().quarantine).toMatchObject([{ registerId: "r11", code: 3 }]);
  });
});

describe("a device without one of the functions", () => {
  const refuseInput = (asked: { space: string }) => {
    if (asked.space === "input") throw new DeviceException("input 0+4", 1);
  };

  it("is read by the other one where both show the same registers", async () => {
    const { device, poll, notices } = observe(plainProfile(range(0, 4), { hasOneSpace: true }));
    device.onRequest = refuseInput;
    expect(qualities((await poll()).readings)).toEqual(Array(4).fill("good"));
    expect((await poll()).requests).toEqual(["holding 0+4"]);
    expect(notices).toEqual([
      "unit 1 does not answer reads of input registers; reading them as holding",
    ]);
  });

  it("is not asked that function again while it answers others", async () => {
    const holding = plainRegister(50, { space: "holding" });
    const { device, poll, notices } = observe(plainProfile([...range(0, 4), holding]));
    device.onRequest = refuseInput;
    await poll();
    const { requests, byMetric } = await poll();
    expect(requests).toEqual(["holding 50+1"]);
    expect(byMetric.get("r0")?.quality).toBe("read-error");
    expect(notices.length).toBe(1);
  });

  it("that only refused it while it was starting is read as before", async () => {
    const { device, poll } = observe(plainProfile(range(0, 4)));
    device.onRequest = refuseInput;
    await expect(poll()).rejects.toThrow("does not know reads of input registers");
    device.onRequest = () => undefined;
    expect(qualities((await poll()).readings)).toEqual(Array(4).fill("good"));
  });
});

describe("an implausible value", () => {
  it("is read once more, alone, and taken when it is right then", async () => {
    const { device, poll } = observe(plainProfile(range(0, 4)));
    device.words.set(2, 42);
    device.glitches.set(2, 32_453);
    const { byMetric, requests } = await poll();
    expect(requests).toEqual(["input 0+4", "input 2+1"]);
    expect(byMetric.get("r2")).toEqual({ metric: "r2", value: 42, quality: "reread" });
  });

  it("that stays is missing, never clamped", async () => {
    const { device, poll } = observe(plainProfile(range(0, 4)));
    device.words.set(2, 32_453);
    expect((await poll()).byMetric.get("r2")).toEqual({
      metric: "r2",
      value: undefined,
      quality: "implausible",
    });
  });

  it("costs at most 8 requests in a poll, however many there are", async () => {
    const { device, poll } = observe(plainProfile(range(0, 30)));
    for (let address = 0; address < 30; address++) device.words.set(address, 5000);
    const { requests, readings } = await poll();
    expect(requests.length).toBe(9);
    expect(qualities(readings)).toEqual(Array(30).fill("implausible"));
  });

  it("may be a step that is too large; a real jump is believed in the next poll", async () => {
    const { device, poll } = observe(plainProfile([plainRegister(0, { maxStep: 10 })]));
    device.words.set(0, 20);
    await poll();
    device.glitches.set(0, 400);
    expect((await poll()).byMetric.get("r0")).toMatchObject({ value: 20, quality: "reread" });
    device.words.set(0, 400);
    expect((await poll()).byMetric.get("r0")).toMatchObject({ quality: "implausible" });
    expect((await poll()).byMetric.get("r0")).toMatchObject({ value: 400, quality: "good" });
  });
});

describe("another device than the profile describes", () => {
  const accepts = { oneOf: [390, 391], min: undefined, max: undefined, above: undefined };
  const rule = {
    registerId: "r1",
    accepts,
    mayBeAbsent: false,
    mustBeRefused: false,
    meaning: "a WPM 3 controller",
  };
  const profile = plainProfile(range(0, 4), {}, { identification: [rule] });

  it("is refused before the first snapshot, saying what was found", async () => {
    const { device, poll } = observe(profile);
    device.words.set(1, 103);
    await expect(poll()).rejects.toMatchObject({
      code: "PROFILE_MISMATCH",
      message: "not a test/plain: r1 is 103; expected a WPM 3 controller",
    });
    expect(device.requests).toEqual(["input 1+1"]);
    device.words.set(1, 391);
    expect((await poll()).readings.length).toBe(4);
    expect((await poll()).requests).toEqual(["input 0+4"]);
  });

  it("is asked who it is again after a silence", async () => {
    const { device, poll } = observe(profile);
    device.words.set(1, 390);
    await poll();
    device.silence = timedOut();
    await expect(poll()).rejects.toMatchObject({ code: "DEVICE_TIMEOUT" });
    device.silence = undefined;
    device.words.set(1, 449);
    await expect(poll()).rejects.toMatchObject({ code: "PROFILE_MISMATCH" });
  });
});

describe("a quarantine on disk", () => {
  it.each(["", "{", "[]", '{"entries":[{}]}', "null", '{"entries":[],"profile":"x"}'])(
    "that reads %j counts as none",
    async (text) => {
      const folder = temporaryFolder();
      const store = createFileQuarantineStore(folder);
      const key = { profile: "a/b", profileVersion: "1", firmware: "" };
      await store.save(key, { entries: [], wordsPerReadMax: 20 });
      expect(await store.load(key)).toEqual({ entries: [], wordsPerReadMax: 20 });
      const [name = ""] = readdirSync(folder);
      expect(JSON.parse(readFileSync(join(folder, name), "utf8"))).toMatchObject(key);
      writeFileSync(join(folder, name), text);
      expect(await store.load(key)).toBeUndefined();
    },
  );

  it("that cannot be written costs a notice, not a poll", async () => {
    const store = { ...noStore(), save: () => Promise.reject(new Error("ENOSPC")) };
    const { device, poll, notices } = observe(
      plainProfile([...range(0, 4), plainRegister(9)]),
      store,
    );
    device.illegal.set(2, 2);
    for (let turn = 0; turn < 5; turn++) await poll();
    expect((await poll()).requests).toEqual(["input 0+2", "input 3+1", "input 9+1"]);
    expect(notices.some((one) => one.includes("ENOSPC"))).toBe(true);
  });
});
