/**
 * Topics of one installation: parameters filled in, every alternative written out. Exact topics
 * only: a value with a wildcard would let the daemon hear what it has no business with.
 */
import { HeatpoolError } from "#core/errors.js";
import type { AvailabilityRule, Companion, MqttProfile, Place } from "./mqtt-profile.js";

/** Parameter name → chosen values. */
export type TopicParameters = Readonly<Record<string, readonly string[]>>;

/** Where everything is heard in one house. */
export interface TopicPlan {
  /** Each once; what is subscribed to. */
  readonly topics: readonly string[];
  /** Point id → its places, in the profile's order. */
  readonly places: ReadonlyMap<string, readonly Place[]>;
  /** Point id → its companions, with their places. */
  readonly companions: ReadonlyMap<string, readonly Companion[]>;
  readonly availability: readonly PlannedRule[];
  /** Replaces the age limit of points that have none of their own. */
  readonly maxAgeMs: number;
}

/** A sign of life and every topic it may be heard on. */
export interface PlannedRule {
  readonly rule: AvailabilityRule;
  readonly topics: readonly string[];
}

/** Brokers and their access lists bear this many with ease; a profile has a tenth. */
const TOPICS_MAX = 4000;
/** MQTT allows 65,535 bytes; nobody who means a heat pump needs them. */
const TOPIC_CHARACTERS_MAX = 512;
/** Reserved: seconds after which a value is none, for gateways that speak more rarely. */
const MAX_AGE_PARAMETER = "maxAgeSeconds";
const MAX_AGE_SECONDS_MAX = 86_400;

/**
 * Fills in the parameters.
 *
 * @throws HeatpoolError `CONFIG_INVALID` for a parameter that the profile does not know, or a value
 *   that would be no exact topic
 */
export function planTopics(profile: MqttProfile, parameters: TopicParameters): TopicPlan {
  const values = chooseValues(profile, parameters);
  const fill = (place: Place): readonly Place[] =>
    fillTopic(place.topic, values).map((topic) => ({ ...place, topic }));
  const heard = profile.points.filter((point) => point.format.rule.kind !== "text");
  const places = new Map(heard.map((point) => [point.id, point.places.flatMap(fill)]));
  const companions = new Map(
    heard.map((point) => [
      point.id,
      point.companions.map((one) => ({ ...one, places: one.places.flatMap(fill) })),
    ]),
  );
  const availability = profile.availability.map((rule) => ({
    rule,
    topics: fillTopic(rule.place.topic, values),
  }));
  const topics = new Set([
    ...availability.flatMap((one) => one.topics),
    ...[...places.values()].flat().map((one) => one.topic),
    ...[...companions.values()].flat().flatMap((one) => one.places.map(({ topic }) => topic)),
  ]);
  const wrong = [...topics].find((topic) => !isExactTopic(topic));
  if (wrong !== undefined) throw invalid(profile, `${JSON.stringify(wrong)} is no exact topic`);
  if (topics.size > TOPICS_MAX) {
    throw invalid(profile, `${topics.size} topics; at most ${TOPICS_MAX} are listened to`);
  }
  const maxAgeMs = maxAge(profile, parameters);
  return { topics: [...topics], places, companions, availability, maxAgeMs };
}

/** Whether it names one topic and nothing else (MQTT 5.0, sections 4.7.1 and 4.7.3). */
export function isExactTopic(topic: string): boolean {
  const isPlain = !/[+#\0]/.test(topic) && !topic.startsWith("$");
  return isPlain && topic.length > 0 && topic.length <= TOPIC_CHARACTERS_MAX;
}

type Values = ReadonlyMap<string, readonly string[]>;

function chooseValues(profile: MqttProfile, given: TopicParameters): Values {
  const names = profile.parameters.map((one) => one.name);
  for (const [name, values] of Object.entries(given)) {
    if (name !== MAX_AGE_PARAMETER && !names.includes(name)) {
      throw new HeatpoolError("CONFIG_INVALID", `${profile.name} has no parameter ${name}`, {
        hint: `Parameters of this profile: ${[...names, MAX_AGE_PARAMETER].join(", ")}.`,
      });
    }
    const odd = values.find((value) => value === "" || /[+#\0\s]/.test(value));
    if (odd !== undefined || values.length === 0) {
      throw invalid(profile, `${name} may not be ${JSON.stringify(odd ?? "")}`);
    }
  }
  return new Map(profile.parameters.map((one) => [one.name, given[one.name] ?? one.defaults]));
}

function maxAge(profile: MqttProfile, given: TopicParameters): number {
  const written = given[MAX_AGE_PARAMETER]?.[0];
  if (written === undefined) return profile.publishing.maxAgeMs;
  const seconds = Number(written);
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_AGE_SECONDS_MAX) {
    return seconds * 1000;
  }
  throw invalid(profile, `${MAX_AGE_PARAMETER} must be 1 to ${MAX_AGE_SECONDS_MAX}`);
}

/** Names in braces that a template needs; `dp` for open3e data points. */
export function namesIn(template: string): readonly string[] {
  return [...template.matchAll(/\{([^}:]*)(?::[^}]*)?\}/g)].map(([, name = ""]) => name);
}

/** Every topic that a template stands for, in the order of the parameters' values. */
function fillTopic(template: string, values: Values): readonly string[] {
  const start = template.indexOf("{");
  if (start < 0) return [template];
  const end = template.indexOf("}", start);
  const head = template.slice(0, start);
  const inside = template.slice(start + 1, end);
  const tails = fillTopic(template.slice(end + 1), values);
  const [name = "", argument] = inside.split(":");
  const fillings = values.get(name) ?? [];
  const texts =
    argument === undefined
      ? fillings
      : fillings.flatMap((format) => formatDataPoint(format, argument, values));
  return [...new Set(texts)].flatMap((text) => tails.map((tail) => `${head}${text}${tail}`));
}

/**
 * An open3e data point as the owner's format string writes it, e.g. `{ecuAddr:03X}_{didNumber}`.
 *
 * Source: open3e, option `--mqttformatstring`; it is a Python format string over ecuAddr,
 * didNumber, didName and device. `device` is a parameter of the profile.
 *
 * @param argument `0x680,268,FlowTemperatureSensor`
 */
function formatDataPoint(format: string, argument: string, values: Values): readonly string[] {
  const [ecuAddr = "", didNumber = "", didName = ""] = argument.split(",");
  const known: Readonly<Record<string, number | string>> = {
    ecuAddr: Number(ecuAddr),
    didNumber: Number(didNumber),
    didName,
  };
  let texts: readonly string[] = [""];
  for (const [, literal = "", name, spec = ""] of format.matchAll(
    /([^{}]+)|\{([A-Za-z]+)(?::([^}]*))?\}/g,
  )) {
    const parts =
      name === undefined
        ? [literal]
        : Object.hasOwn(known, name)
          ? [formatField(known[name] ?? "", spec, format)]
          : (values.get(name) ?? refuseFormat(format));
    texts = texts.flatMap((text) => parts.map((part) => `${text}${part}`));
  }
  return texts;
}

/** Of Python's format specifications the ones that make sense in a topic: `03X`, `04d`, `x`. */
function formatField(value: number | string, spec: string, format: string): string {
  const match = /^(0?)(\d{0,2})([dxX]?)$/.exec(spec);
  if (match === null) return refuseFormat(format);
  const [, zero = "", width = "", type = ""] = match;
  if (typeof value === "string") return spec === "" ? value : refuseFormat(format);
  const digits = value.toString(type === "" || type === "d" ? 10 : 16);
  const cased = type === "X" ? digits.toUpperCase() : digits;
  return cased.padStart(Number(width || 0), zero === "" ? " " : "0");
}

function refuseFormat(format: string): never {
  throw new HeatpoolError("CONFIG_INVALID", `the format ${JSON.stringify(format)} is not known`, {
    hint: "Use what open3e got as --mqttformatstring: {ecuAddr:03X}, {didNumber}, {didName}, {device}.",
  });
}

function invalid(profile: MqttProfile, what: string): HeatpoolError {
  return new HeatpoolError("CONFIG_INVALID", `${profile.name}: ${what}`, {
    hint: "Check the parameters of the device in heatpool.yaml.",
  });
}
