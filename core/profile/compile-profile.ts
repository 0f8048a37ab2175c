/**
 * A profile's text → a profile, or every fault of it with its line.
 *
 * What the shape alone cannot say is checked here and in the files this one calls: overlaps, ids,
 * units, sentinels that fit, candidates, derivations, references, and the profile's own vectors.
 */
import { createHash } from "node:crypto";
import { openYaml } from "#core/schema/read-yaml.js";
import { compileDerived } from "./compile-derived.js";
import { compileRegister, toValueTest } from "./compile-register.js";
import { decodeRegister } from "./decode.js";
import { createFaultList, type Report } from "./fault-list.js";
import { areExclusive, findOverlaps, type WrittenRegister } from "./overlaps.js";
import type { AddressSpan, Profile, ProfileConnection, ProfileRegister } from "./profile.js";
import { type ProfileText, profileSchema, REGISTERS_MAX } from "./profile-schema.js";
import { repeatRegisters } from "./repeat-registers.js";

/** Greatest length of a profile's text; the largest one has a tenth of it. */
export const PROFILE_CHARACTERS_MAX = 500_000;

/**
 * Reads, checks and completes a profile.
 *
 * @param fileName as it appears in messages
 * @throws HeatpoolError `PROFILE_INVALID`, naming every fault with its line and column
 */
export function parseProfile(text: string, fileName: string): Profile {
  return checkProfile(text, fileName).profile;
}

/**
 * The same, with the number of the profile's own vectors; each of them was checked.
 *
 * @throws HeatpoolError `PROFILE_INVALID`, naming every fault with its line and column
 */
export function checkProfile(
  text: string,
  fileName: string,
): { readonly profile: Profile; readonly vectors: number } {
  const yaml = openYaml(text, profileSchema, {
    name: fileName,
    code: "PROFILE_INVALID",
    charactersMax: PROFILE_CHARACTERS_MAX,
  });
  const { report, faults } = createFaultList();
  const profile = compileProfile(yaml.value, text, report);
  yaml.refuse(faults);
  return { profile, vectors: yaml.value.vectors.length };
}

/** Checks what the shape cannot say; faults are reported, and a profile is returned all the same. */
export function compileProfile(text: ProfileText, source: string, report: Report): Profile {
  checkParameters(text, report);
  checkSources(text, report);
  const written = compileRegisters(text, report);
  const registers = written.map(({ register }) => register);
  const candidates = rankCandidates(written, text, report);
  const ids = new Set(registers.map((one) => one.id));
  const isMeasured = (name: string) => ids.has(name) || candidates.has(name);
  const profile: Profile = {
    name: text.name,
    version: createHash("sha256").update(source).digest("hex").slice(0, 12),
    manufacturer: text.manufacturer,
    model: text.model,
    description: text.description,
    isVerified: text.verified,
    connection: compileConnection(text),
    slowSeconds: text.poll.slowSeconds,
    parameters: Object.entries(text.parameters).map(([name, one]) => ({
      name,
      label: one.label,
      values: one.values,
      defaults: one.default,
      isList: one.several,
    })),
    registers,
    candidates,
    derived: compileDerived(text, isMeasured, report),
    identification: text.identification.map((rule) => ({
      registerId: rule.register,
      accepts: toValueTest(rule),
      mayBeAbsent: rule.mayBeAbsent,
      mustBeRefused: rule.refused,
      meaning: rule.meaning,
    })),
    firmwareRegisterId: text.firmware?.register,
    sources: new Map(Object.entries(text.sources)),
  };
  checkReferences(written, text, ids, report);
  checkVectors(text, registers, report);
  return profile;
}

function compileRegisters(text: ProfileText, report: Report): readonly WrittenRegister[] {
  const singles = repeatRegisters(text, report);
  if (singles.length > REGISTERS_MAX) {
    report(["registers"], `${singles.length} registers; at most ${REGISTERS_MAX} are read`);
    return [];
  }
  for (const { text: line, path } of singles) checkStride(line.stride, path, report);
  const written = singles.map((single) => ({
    single,
    register: compileRegister(single, text, report),
  }));
  const isSingleChoice = (name: string) => text.parameters[name]?.several === false;
  const overlapping = findOverlaps(written, isSingleChoice, report);
  const firstLine = new Map<string, number>();
  for (const { register, single } of written) {
    const line = Number(single.path[1]);
    const first = firstLine.get(register.id);
    // Twice on one line is a brace that is missing, and told there.
    if (first !== undefined && first !== line) {
      const key = single.id === undefined ? "metric" : "id";
      report([...single.path, key], `${register.id} is already the id of registers.${first}`);
    }
    firstLine.set(register.id, first ?? line);
  }
  return written.map(({ register, single }) => ({
    single,
    register: overlapping.has(register.id) ? { ...register, isSingle: true } : register,
  }));
}

function checkStride(
  stride: Readonly<Record<string, number>> | undefined,
  path: readonly PropertyKey[],
  report: Report,
): void {
  const steps = Object.entries(stride ?? {});
  for (const [name, step] of steps) {
    const same = steps.find(([other, value]) => other !== name && value === step);
    if (same !== undefined) {
      report([...path, "stride", name], `${name} and ${same[0]} cannot have the same stride`);
    }
  }
}

/** Registers of each metric, best first. */
function rankCandidates(
  written: readonly WrittenRegister[],
  text: ProfileText,
  report: Report,
): ReadonlyMap<string, readonly string[]> {
  const byMetric = new Map<string, { written: WrittenRegister; priority: number }[]>();
  const isSingleChoice = (name: string) => text.parameters[name]?.several === false;
  for (const one of written) {
    for (const { metric, priority } of one.register.metrics) {
      const rivals = byMetric.get(metric) ?? [];
      const rival = rivals.find(
        (other) =>
          other.priority === priority &&
          !areExclusive(other.written.register, one.register, isSingleChoice),
      );
      if (rival !== undefined) {
        const theirs = rival.written.register.id;
        const what = `${metric} already has a candidate of priority ${priority}: ${theirs}`;
        report(one.single.path, what);
      }
      byMetric.set(metric, [...rivals, { written: one, priority }]);
    }
  }
  return new Map(
    Array.from(byMetric, ([metric, rivals]) => [
      metric,
      rivals.sort((a, b) => a.priority - b.priority).map((one) => one.written.register.id),
    ]),
  );
}

function compileConnection({ connection }: ProfileText): ProfileConnection {
  const spans = (all: ProfileText["connection"]["readable"]): readonly AddressSpan[] =>
    all.map(({ unitId, space, from, to }) => ({
      unitId,
      space: connection.oneSpace && space === "holding" ? "input" : space,
      from,
      to,
    }));
  return {
    transport: connection.transport,
    port: connection.port,
    unitId: connection.unitId,
    mayAnswerAsAnyUnit: connection.anyUnit,
    wordsPerReadMax: connection.wordsPerReadMax,
    bitsPerReadMax: connection.bitsPerReadMax,
    gapWordsMax: connection.gapWordsMax,
    isExact: connection.exact,
    readable: spans(connection.readable),
    forbidden: spans(connection.forbidden),
    hasOneSpace: connection.oneSpace,
    requestTimeoutMs: connection.requestTimeoutMs,
    connectTimeoutMs: connection.connectTimeoutMs,
    pauseAfterConnectMs: connection.pauseAfterConnectMs,
    pauseBetweenRequestsMs: connection.pauseBetweenRequestsMs,
    shouldCloseAfterPoll: connection.closeAfterPoll,
    idleCloseSeconds: connection.idleCloseSeconds,
    pollSecondsMin: connection.pollSecondsMin,
    refreshSeconds: connection.refreshSeconds,
    connectionsMax: connection.connectionsMax,
    absentExceptions: connection.absentExceptions,
  };
}

function checkParameters({ parameters }: ProfileText, report: Report): void {
  for (const [name, { values, default: chosen, several }] of Object.entries(parameters)) {
    const path = ["parameters", name];
    const twice = values.find((value, index) => values.indexOf(value) !== index);
    if (twice !== undefined) report([...path, "values"], `${twice} is there twice`);
    for (const strange of chosen.filter((value) => !values.includes(value))) {
      report([...path, "default"], `${strange} is not among the values`);
    }
    if (!several && chosen.length !== 1) {
      report([...path, "default"], "exactly one value, as several is false");
    }
  }
}

function checkSources(text: ProfileText, report: Report): void {
  const places: readonly (readonly [readonly PropertyKey[], readonly string[] | undefined])[] = [
    [["connection", "source"], text.connection.source],
    ...text.identification.map((one, i) => [["identification", i, "source"], one.source] as const),
    ...text.derived.map((one, i) => [["derived", i, "source"], one.source] as const),
  ];
  for (const [path, keys] of places) {
    for (const key of keys ?? []) {
      if (text.sources[key] === undefined) report(path, `${key} is not among the sources`);
    }
  }
}

function checkReferences(
  written: readonly WrittenRegister[],
  text: ProfileText,
  ids: ReadonlySet<string>,
  report: Report,
): void {
  const check = (path: readonly PropertyKey[], id: string | undefined) => {
    if (id !== undefined && !ids.has(id)) report(path, `no register has the id ${id}`);
  };
  for (const [index, { register, ...test }] of text.identification.entries()) {
    check(["identification", index, "register"], register);
    if (test.min !== undefined && test.max !== undefined && test.min > test.max) {
      report(["identification", index], `min ${test.min} is above max ${test.max}`);
    }
  }
  check(["firmware", "register"], text.firmware?.register);
  for (const { register, single } of written) {
    for (const condition of register.conditions) {
      if (condition.kind !== "register") continue;
      const path = [...single.path, "when", "register", condition.registerId];
      check(path, condition.registerId);
      if (condition.registerId === register.id) report(path, "hangs on itself");
    }
  }
}

function checkVectors(
  text: ProfileText,
  registers: readonly ProfileRegister[],
  report: Report,
): void {
  const byId = new Map(registers.map((one) => [one.id, one]));
  for (const [index, vector] of text.vectors.entries()) {
    const path = ["vectors", index];
    const register = byId.get(vector.register);
    if ((vector.value === undefined) === (vector.quality === undefined)) {
      report(path, "needs a value, or a quality where there is none");
    } else if (register === undefined) {
      report([...path, "register"], `no register has the id ${vector.register}`);
    } else if (vector.words.length !== register.format.words) {
      report([...path, "words"], `${register.id} has ${register.format.words} word(s)`);
    } else {
      const decoded = decodeRegister(vector.words, register);
      const expected = vector.value ?? vector.quality;
      const found = decoded.value ?? decoded.quality;
      if (found !== expected) report(path, `[${vector.words.join(", ")}] is ${found}`);
    }
  }
}
