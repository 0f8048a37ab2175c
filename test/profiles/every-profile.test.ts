/**
 * Every profile that reads registers, found in the folder, against its own simulated device: lint,
 * simulate, read back the way the daemon does, and find a register that is not there.
 */
import { afterEach, describe, expect, it } from "vitest";
import type { Reading } from "#core/measurement/snapshot.js";
import { parseProfile } from "#core/profile/compile-profile.js";
import type { DerivedMetric, Profile, ProfileRegister } from "#core/profile/profile.js";
import { type PlannedRange, planReads } from "#core/profile/read-plan.js";
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

/** The longest range that has a register which nothing hangs on and which shares no word. */
function plantingPlace(profile: Profile, parameters: Parameters, image: ProfileImage) {
  const gates = new Set([
    ...profile.identification.map((rule) => rule.registerId),
    ...profile.registers.flatMap((one) =>
      one.conditions.flatMap((when) => (when.kind === "register" ? [when.registerId] : [])),
    ),
    profile.firmwareRegisterId,
  ]);
  const isPlain = (one: ProfileRegister) =>
    !gates.has(one.id) && one.format.encoding !== "bits" && image.servedIds.has(one.id);
  const ranges = planReads(profile, { wanted: "all", parameters }).ranges.filter(
    (range) => range.group !== "once",
  );
  const places = ranges.flatMap((range) => {
    const plain = range.registers.map(({ register }) => register).filter(isPlain);
    const register = plain[Math.floor(plain.length / 2)];
    return register === undefined || range.registers.length < 2 ? [] : [{ range, register }];
  });
  const [longest] = places.sort((a, b) => b.range.registers.length - a.range.registers.length);
  return ranges.length > 1 ? longest : undefined;
}

const FUNCTION_CODES = { coil: 1, discrete: 2, holding: 3, input: 4 } as const;

/** Whether a request begins in a range. */
function lies(range: PlannedRange, { functionCode, address }: PassedRequest): boolean {
  const isSpace = functionCode === FUNCTION_CODES[range.space];
  return isSpace && range.address <= address && address < range.address + range.count;
}

/** Whether a request asked for the whole register. */
function isWithin({ address, count }: PassedRequest, register: ProfileRegister): boolean {
  const { format } = register;
  return address <= register.address && register.address + format.words <= address + count;
}

/** Whether a request asked for that register alone. */
function isWhole({ address, count }: PassedRequest, register: ProfileRegister): boolean {
  return address === register.address && count === register.format.words;
}

/** More would mean that nothing is learnt. */
const POLLS_TO_LEARN = 6;

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
    const calm = await stage(profile, parameters);
    const place = plantingPlace(profile, parameters, calm.image);
    if (place === undefined) return expect(profile.registers.length).toBeLessThan(60);
    const { range, register } = place;
    const fault = { kind: "hole", address: register.address } as const;
    const { image, open, poll } = await stage(profile, parameters, [fault]);
    const source = open();
    const polls: (readonly PassedRequest[])[] = [];
    while (source.status().quarantine.length === 0 && polls.length < POLLS_TO_LEARN) {
      polls.push((await poll(source)).requests.filter((one) => lies(range, one)));
    }
    const search = polls.findIndex((requests) => requests.length > 2);
    const [whole] = polls[search] ?? [];
    if (whole === undefined) throw new Error(`${register.id} was not searched for`);
    const together = profile.registers.filter(
      (one) => image.servedIds.has(one.id) && one.space === range.space && isWithin(whole, one),
    );
    const again = polls.slice(search + 1).flat();
    const confirming = again.filter((one) => isWhole(one, register));
    const bound = 2 * Math.ceil(Math.log2(together.length)) + 2;
    expect((polls[search]?.length ?? 0) + confirming.length).toBeLessThanOrEqual(bound);
    // Sooner than the first of the rare tries whether it is there by now.
    const after = await poll(source, profile.connection.pollSecondsMin);
    expect(source.status().quarantine.map((one) => one.registerId)).toEqual([register.id]);
    expect(after.exceptions).toEqual([]);
    await source.close();
    await settle();
    const restarted = open();
    await poll(restarted).catch(() => poll(restarted));
    expect((await poll(restarted)).exceptions).toEqual([]);
    expect(restarted.status().quarantine).toMatchObject([{ registerId: register.id }]);
  });
});
