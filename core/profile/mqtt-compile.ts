/**
 * The text of an MQTT profile → a profile, or every fault of it with its line.
 *
 * Identity, units, bounds, sources, codes and derivations go through the same functions as those of
 * Modbus profiles; topics, payload rules, signs of life and vectors are checked here.
 */
import { createHash } from "node:crypto";
import { openYaml } from "#core/schema/read-yaml.js";
import { compileDerived } from "./compile-derived.js";
import { PROFILE_CHARACTERS_MAX } from "./compile-profile.js";
import { createFaultList, type Report } from "./fault-list.js";
import { compilePlace, compilePoint, type WrittenPoint } from "./mqtt-compile-point.js";
import { decodeScalar, extract, toPayload } from "./mqtt-payload.js";
import type { MqttPoint, MqttProfile } from "./mqtt-profile.js";
import { type MqttProfileText, mqttProfileSchema } from "./mqtt-profile-schema.js";
import { planTopics } from "./mqtt-topics.js";

/**
 * Reads, checks and completes a profile with `transport: mqtt`.
 *
 * @param fileName as it appears in messages
 * @throws HeatpoolError `PROFILE_INVALID`, naming every fault with its line and column
 * @internal tests read it; the programs read any profile by `parse-profile.ts`
 */
export function parseMqttProfile(text: string, fileName: string): MqttProfile {
  return checkMqttProfile(text, fileName).profile;
}

/**
 * The same, with the number of the profile's own vectors; each of them was checked.
 *
 * @throws HeatpoolError `PROFILE_INVALID`, naming every fault with its line and column
 */
export function checkMqttProfile(
  text: string,
  fileName: string,
): { readonly profile: MqttProfile; readonly vectors: number } {
  const yaml = openYaml(text, mqttProfileSchema, {
    name: fileName,
    code: "PROFILE_INVALID",
    charactersMax: PROFILE_CHARACTERS_MAX,
  });
  const { report, faults } = createFaultList();
  const profile = compile(yaml.value, text, report);
  yaml.refuse(faults);
  // Only a sound profile has topics to try its vectors on.
  checkVectors(yaml.value, profile, report);
  yaml.refuse(faults);
  return { profile, vectors: yaml.value.vectors.length };
}

function compile(text: MqttProfileText, source: string, report: Report): MqttProfile {
  checkSources(text, report);
  const written = text.points.map((line, index) => compilePoint(line, index, text, report));
  const points = written.map(({ point }) => point);
  checkIds(written, report);
  const candidates = rankCandidates(written, report);
  const ids = new Set(points.map((one) => one.id));
  const { broker, publishing } = text;
  return {
    name: text.name,
    version: createHash("sha256").update(source).digest("hex").slice(0, 12),
    manufacturer: text.manufacturer,
    model: text.model,
    description: text.description,
    isVerified: text.verified,
    broker,
    publishing: {
      pattern: publishing.pattern,
      everySeconds: publishing.everySeconds,
      maxAgeMs: publishing.maxAgeSeconds * 1000,
      isRetained: publishing.retained,
    },
    availability: text.availability.map((rule, index) => ({
      place: compilePlace(rule, [], { path: ["availability", index], report, text }),
      alive: rule.alive.map((word) => word.toLowerCase()),
      mustMove: rule.moves,
      maxAgeMs: rule.maxAgeSeconds === undefined ? undefined : rule.maxAgeSeconds * 1000,
      settleMs: rule.settleSeconds * 1000,
      isRequired: rule.required,
      meaning: rule.meaning,
    })),
    parameters: Object.entries(text.parameters).map(([name, one]) => ({
      name,
      label: one.label,
      defaults: one.default,
    })),
    points,
    candidates,
    derived: compileDerived(text, (name) => ids.has(name) || candidates.has(name), report),
    sources: new Map(Object.entries(text.sources)),
  };
}

function checkIds(written: readonly WrittenPoint[], report: Report): void {
  const ids = written.map(({ point }) => point.id);
  for (const [index, { point, path }] of written.entries()) {
    const first = ids.indexOf(point.id);
    if (first !== index) report(path, `${point.id} is already the id of points.${first}`);
    for (const { pointId } of point.gates) {
      const gate = [...path, "when", pointId];
      if (!ids.includes(pointId)) report(gate, `no point has the id ${pointId}`);
      if (pointId === point.id) report(gate, "hangs on itself");
    }
  }
}

/** Points of each metric, best first. */
function rankCandidates(
  written: readonly WrittenPoint[],
  report: Report,
): ReadonlyMap<string, readonly string[]> {
  const byMetric = new Map<string, { id: string; priority: number }[]>();
  for (const { point, path } of written) {
    for (const { metric, priority } of point.metrics) {
      const rivals = byMetric.get(metric) ?? [];
      const rival = rivals.find((other) => other.priority === priority);
      if (rival !== undefined) {
        report(path, `${metric} already has a candidate of priority ${priority}: ${rival.id}`);
      }
      byMetric.set(metric, [...rivals, { id: point.id, priority }]);
    }
  }
  return new Map(
    Array.from(byMetric, ([metric, rivals]) => [
      metric,
      rivals.sort((a, b) => a.priority - b.priority).map((one) => one.id),
    ]),
  );
}

function checkSources(text: MqttProfileText, report: Report): void {
  const places: readonly (readonly [readonly PropertyKey[], readonly string[] | undefined])[] = [
    [["publishing", "source"], text.publishing.source],
    ...text.availability.map((one, i) => [["availability", i, "source"], one.source] as const),
    ...text.derived.map((one, i) => [["derived", i, "source"], one.source] as const),
  ];
  for (const [path, keys] of places) {
    for (const key of keys ?? []) {
      if (text.sources[key] === undefined) report(path, `${key} is not among the sources`);
    }
  }
}

function checkVectors(text: MqttProfileText, profile: MqttProfile, report: Report): void {
  const { places } = planTopics(profile, {});
  for (const [index, vector] of text.vectors.entries()) {
    const path = ["vectors", index];
    const point = profile.points.find((one) => one.id === vector.point);
    if ((vector.value === undefined) === (vector.quality === undefined)) {
      report(path, "needs a value, or a quality where there is none");
    } else if (point === undefined) {
      report([...path, "point"], `no point has the id ${vector.point}`);
    } else {
      const here = (places.get(point.id) ?? []).filter(({ topic }) => topic === vector.topic);
      if (here.length === 0) report([...path, "topic"], `${point.id} is not heard there`);
      const found = decodeAt(here, vector.payload, point);
      const expected = vector.value ?? vector.quality;
      if (here.length > 0 && found !== expected) report(path, `is ${found}`);
    }
  }
}

function decodeAt(places: MqttPoint["places"], text: string, point: MqttPoint) {
  const payload = toPayload(text);
  for (const place of places) {
    const scalar = extract(payload, place.extract);
    if (scalar === undefined) continue;
    const decoded = decodeScalar(scalar, point);
    return decoded.value ?? decoded.quality;
  }
  return "absent";
}
