/**
 * Every profile that reads registers, found in the folder, against its own simulated device: lint,
 * simulate, read back the way the daemon does, and find a register that is not there.
 */
import { afterEach, describe, expect, it } from "vitest";
import type { Reading } from "#core/measurement/snapshot.js";
import { parseProfile } from "#core/profile/compile-profile.js";
import type { DerivedMetric, Profile, ProfileRegister } from "#core/profile/profile.js";
import { connectModbusTcp } from "../../daemon/device/modbus-tcp.js";
import { linkRulesOf } from "../../daemon/device/profile-rules.js";
import { createFileQuarantineStore } from "../../daemon/poll/file-quarantine-store.js";
import { createRegisterSource, type RegisterSource } from "../../daemon/poll/register-source.js";
import type { Fault } from "../../daemon/simulator/faults.js";
import type { ProfileImage } from "../../daemon/simulator/profile-image.js";
import { startSimulator } from "../../daemon/simulator/simulator.js";
import { type PassedRequest, startCountingProxy } from "../support/counting-proxy.js";
import { settle } from "../support/fake-clock.js";
import { temporaryFolder } from "../support/folder.js";
import { modbusProfiles } from "../support/packaged-profiles.js";
import { createSwiftClock } from "../support/swift-clock.js";

const never = new AbortController().signal;
const folder = temporaryFolder();
const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

type Parameters = Readonly<Record<string, readonly string[]>>;

/** Everything that may be built in together, once per value of what excludes each other. */
function installations(profile: Profile): readonly Parameters[] {
  const all = profile.parameters.filter((one) => one.isList);
  const most = Object.fromEntries(all.map((one) => [one.name, one.values]));
  const choices = profile.parameters.filter((one) => !one.isList);
  const variants = choices.flatMap(({ name, values }) =>
    values.map((value) => ({ ...most, [name]: [value] })),
  );
  return [{}, ...(variants.length > 0 ? variants : [most])];
}

/** A simulated device, a proxy that counts, and a way to sources in front of them. */
async function stage(profile: Profile, parameters: Parameters, faults: readonly Fault[] = []) {
  const clock = createSwiftClock();
  const simulator = await startSimulator(profile, {
    host: "127.0.0.1",
    port: 0,
    parameters,
    faults,
  });
  stops.push(() => simulator.close());
  const proxy = await startCountingProxy(simulator.server.port);
  stops.push(() => proxy.close());
  const quarantine = temporaryName();
  const notices: string[] = [];
  const open = (): RegisterSource => {
    const rules = { ...linkRulesOf(profile.connection), connectTimeoutMs: 60_000 };
    const reader = connectModbusTcp({ host: "127.0.0.1", port: proxy.port }, rules, clock);
    const source = createRegisterSource({
      deviceId: "simulated",
      profile,
      choice: { wanted: "all", parameters },
      reader,
      clock,
      quarantineStore: createFileQuarantineStore(quarantine),
      onNotice: (text) => notices.push(text),
    });
    stops.push(() => source.close());
    return source;
  };
  /** The next poll; unless told otherwise so late that every group but `once` is due. */
  const poll = async (source: RegisterSource, afterSeconds = profile.slowSeconds) => {
    // A connection that was hung up is gone on both sides of the proxy.
    await settle();
    proxy.reset();
    clock.pass(afterSeconds * 1000);
    const { readings } = await source.take(never);
    return { readings, requests: [...proxy.requests], exceptions: [...proxy.exceptions] };
  };
  return { image: simulator.image, open, poll, notices };
}

let names = 0;
function temporaryName(): string {
  return `${folder}/quarantine-${names++}`;
}

/** How far a value may be from the one that was meant: half a step of its words and of rounding. */
function toleranceOf({ format }: ProfileRegister): number {
  const { numerator, denominator } = format.scale;
  const isWhole = format.encoding !== "float32";
  const wordStep = isWhole ? Math.abs(numerator / denominator) : 0;
  const { multiplier, decimals } = format.resolution ?? { multiplier: 0, decimals: 0 };
  const magnitude = Math.min(1, ...format.magnitudes);
  return (Math.max(wordStep * magnitude, 0) + multiplier / 10 ** decimals) / 2;
}

/** What is wrong with a reading, or nothing. */
function faultOf(profile: Profile, image: ProfileImage, reading: Reading, all: readonly Reading[]) {
  const { metric, value, quality } = reading;
  const ids = profile.candidates.get(metric) ?? [metric];
  const id = ids.find((one) => image.shown(one) !== undefined);
  const register = profile.registers.find((one) => one.id === id);
  const meant = id === undefined ? undefined : image.shown(id);
  if (register === undefined || meant === undefined) {
    const derived = profile.derived.find((one) => one.metric === metric);
    if (derived !== undefined) return derivedFault(derived, reading, all);
    return quality === "absent" ? undefined : `${metric} is ${value ?? quality}, not absent`;
  }
  const close = toleranceOf(register) * 1.001 + Math.abs(meant) * 1e-6;
  const isRight = value !== undefined && Math.abs(value - meant) <= close;
  return isRight ? undefined : `${metric} is ${value ?? quality}, not ${meant} of ${id}`;
}

function derivedFault(
  derived: DerivedMetric,
  { value, quality }: Reading,
  all: readonly Reading[],
) {
  if (value === undefined) return quality === "absent" ? undefined : `${derived.metric} ${quality}`;
  const operands = derived.operands.map((name) => all.find((one) => one.metric === name)?.value);
  const [first, ...rest] = operands.flatMap((one) => one ?? []);
  // An operand that serves another metric has no reading of its own.
  if (first === undefined || rest.length + 1 < derived.operands.length) return undefined;
  const found = {
    divide: () => first / (rest[0] ?? Number.NaN),
    sum: () => rest.reduce((sum, one) => sum + one, first),
    difference: () => first - (rest[0] ?? Number.NaN),
    product: () => rest.reduce((product, one) => product * one, first),
    first: () => first,
  }[derived.operation]();
  const { multiplier, decimals } = derived.resolution;
  const close = Math.abs(found * derived.factor) * 0.05 + multiplier / 10 ** decimals;
  const isRight = Math.abs(value - found * derived.factor) <= close;
  return isRight ? undefined : `${derived.metric} is ${value}, not ${found * derived.factor}`;
}

/** Ids of registers without which nothing else would be read. */
function decisive(profile: Profile): ReadonlySet<string | undefined> {
  return new Set([
    ...profile.identification.map((rule) => rule.registerId),
    ...profile.registers.flatMap((one) =>
      one.conditions.flatMap((when) => (when.kind === "register" ? [when.registerId] : [])),
    ),
    profile.firmwareRegisterId,
  ]);
}

/** A place in the longest request of a poll, held by one register on which nothing hangs. */
function plantingPlace(profile: Profile, image: ProfileImage, requests: readonly PassedRequest[]) {
  const gates = decisive(profile);
  const served = profile.registers.filter(
    (one) => image.servedIds.has(one.id) && one.group !== "once",
  );
  const byLength = [...requests].sort((a, b) => b.count - a.count);
  for (const request of byLength) {
    const within = served.filter((one) => isWithin(request, one));
    const plain = within.filter(
      (one) =>
        !gates.has(one.id) &&
        within.every((other) => other === one || !sharesWords(other, one)) &&
        requests.some((other) => !touches(other, one)) &&
        !one.isSingle,
    );
    const register = plain[Math.floor(plain.length / 2)];
    if (register !== undefined) return { register, registers: within.length };
  }
  return undefined;
}

function sharesWords(a: ProfileRegister, b: ProfileRegister): boolean {
  return a.address < b.address + b.format.words && b.address < a.address + a.format.words;
}

function touches(request: PassedRequest, { unitId, space, address, format }: ProfileRegister) {
  return (
    request.unitId === unitId &&
    SPACES[request.functionCode] === space &&
    request.address < address + format.words &&
    address < request.address + request.count
  );
}

const SPACES = [undefined, "coil", "discrete", "holding", "input"] as const;

/** Whether a request asked for the whole register. */
function isWithin(request: PassedRequest, { unitId, space, address, format }: ProfileRegister) {
  return (
    request.unitId === unitId &&
    SPACES[request.functionCode] === space &&
    request.address <= address &&
    address + format.words <= request.address + request.count
  );
}

it("finds profiles", () => {
  expect(modbusProfiles().length).toBeGreaterThanOrEqual(2);
});

describe.each(modbusProfiles())("$name", ({ name, file, text }) => {
  const profile = parseProfile(text, file);

  it("is sound and named like its file", () => {
    expect(profile.name).toBe(name);
  });

  it.each(installations(profile).map((one) => [JSON.stringify(one), one] as const))(
    "is read from its own simulated device without a wrong value, with %s",
    async (_, parameters) => {
      const { image, open, poll, notices } = await stage(profile, parameters);
      const source = open();
      // The first poll learns what other registers hang on, the second reads those for the first time.
      const first = await poll(source);
      await poll(source);
      const { readings, requests, exceptions } = await poll(source);
      expect([first.exceptions, exceptions, notices]).toEqual([expect.anything(), [], []]);
      const wrong = readings.flatMap((one) =>
        one.quality === "not-due" ? [] : (faultOf(profile, image, one, readings) ?? []),
      );
      expect(wrong).toEqual([]);
      const early = first.readings.flatMap((one) =>
        one.quality === "good" ? (faultOf(profile, image, one, first.readings) ?? []) : [],
      );
      expect(early).toEqual([]);
      const good = new Set(
        readings.filter((one) => one.value !== undefined).map((one) => one.metric),
      );
      expect(good.size).toBeGreaterThan(0);
      const plan = source.status().plannedRequests;
      const once = new Set(
        profile.registers.filter((one) => one.group === "once").map((one) => one.id),
      );
      expect(requests.length).toBeLessThanOrEqual(plan);
      if (once.size === 0) expect(requests.length).toBe(plan);
    },
  );

  it("loses one illegal address within the bound, and remembers it", async () => {
    const parameters = installations(profile).at(-1) ?? {};
    const faults: Fault[] = [];
    const { image, open, poll } = await stage(profile, parameters, faults);
    const source = open();
    await poll(source);
    const calm = (await poll(source)).requests;
    const place = plantingPlace(profile, image, calm);
    // A device of which everything fails proves nothing about a single address.
    if (place === undefined) return expect(calm.length).toBeLessThanOrEqual(2);
    const { register, registers } = place;
    const { address, space, unitId } = register;
    faults.push({ kind: "hole", address, space, unitId });
    const [refused, searching, confirming] = [
      await poll(source),
      await poll(source),
      await poll(source),
    ];
    expect([refused.requests.length, refused.exceptions.length]).toEqual([calm.length, 1]);
    const searched = searching.requests.length - calm.length + 1;
    const confirmed = confirming.requests.filter(
      (one) => isWithin(one, register) && one.count === register.format.words,
    ).length;
    const bound = 2 * Math.ceil(Math.log2(registers)) + 2;
    expect(searched + confirmed).toBeLessThanOrEqual(bound);
    // Sooner than the first of the rare tries whether it is there by now.
    const after = await poll(source, profile.connection.pollSecondsMin);
    expect(source.status().quarantine.map((one) => one.registerId)).toEqual([register.id]);
    expect(after.exceptions).toEqual([]);
    await source.close();
    await settle();
    const restarted = open();
    await poll(restarted).catch(() => poll(restarted));
    const remembered = await poll(restarted, profile.connection.pollSecondsMin);
    expect(remembered.exceptions).toEqual([]);
    expect(restarted.status().quarantine).toMatchObject([{ registerId: register.id }]);
  });
});
