/** Does a profile make of recorded words what a person saw on the display? */
import { decodeRegister } from "./decode.js";
import type { Profile, ProfileRegister } from "./profile.js";
import { decodeReadings, type RegisterOutcome } from "./readings.js";
import type { Expected, Recording } from "./recording-schema.js";

/** Digits after the point in which a stated number and the words must agree. */
const STATED_DECIMALS = 3;

type Stated = Expected["registers"][number];

/** Everything that differs, a sentence each; empty when the profile is right. */
export function checkRecording(
  profile: Profile,
  recording: Recording,
  expected: Expected,
): readonly string[] {
  const faults: string[] = [];
  if (recording.profile !== profile.name) {
    faults.push(`the recording is one of ${recording.profile}, not of ${profile.name}`);
  }
  const outcomes = new Map<string, RegisterOutcome>();
  for (const stated of expected.registers) {
    const register = profile.registers.find((one) => one.id === stated.register);
    const words = register && findWords(recording, register);
    if (register === undefined) faults.push(`there is no register ${stated.register}`);
    else if (words === undefined) faults.push(`${register.id} was not recorded`);
    else {
      outcomes.set(register.id, { words, quality: "good" });
      faults.push(...checkRegister(register, words, stated));
    }
  }
  const stated = new Set(expected.registers.map((one) => one.register));
  for (const { unitId, space, address } of recording.registers) {
    const isStated = profile.registers.some(
      (one) => one.unitId === unitId && one.address === address && stated.has(one.id),
    );
    if (!isStated) faults.push(`nothing is expected of ${space} ${address}, which was recorded`);
  }
  return [...faults, ...checkMetrics(profile, outcomes, expected)];
}

function findWords(recording: Recording, register: ProfileRegister) {
  const { unitId, space, manualSpace, address, format } = register;
  return recording.registers.find(
    (one) =>
      one.unitId === unitId &&
      (one.space === space || one.space === manualSpace) &&
      one.address === address &&
      one.words.length === format.words,
  )?.words;
}

function checkRegister(
  register: ProfileRegister,
  words: readonly number[],
  stated: Stated,
): readonly string[] {
  const { id } = register;
  const faults: string[] = [];
  if (register.address !== stated.address) {
    faults.push(`${id} is at ${register.address}, not at ${stated.address}`);
  }
  const { value, quality, exact } = decodeRegister(words, register);
  const wanted = stated.value ?? stated.quality;
  if ((value ?? quality) !== wanted) {
    faults.push(`${id}: [${words.join(", ")}] is ${value ?? quality}, expected ${wanted}`);
  }
  const isClose =
    stated.stated === undefined ||
    exact === undefined ||
    Math.abs(exact - stated.stated) < 10 ** -STATED_DECIMALS / 2;
  if (!isClose) {
    faults.push(`${id}: [${words.join(", ")}] state ${exact}, expected ${stated.stated}`);
  }
  return faults;
}

function checkMetrics(
  profile: Profile,
  outcomes: ReadonlyMap<string, RegisterOutcome>,
  expected: Expected,
): readonly string[] {
  const readings = new Map(
    decodeReadings(profile, outcomes).map((one) => [one.metric, one.value ?? one.quality]),
  );
  return expected.metrics.flatMap(({ metric, value, quality }) => {
    const found = readings.get(metric);
    const wanted = value ?? quality;
    return found === wanted ? [] : [`${metric} is ${found ?? "not there"}, expected ${wanted}`];
  });
}
