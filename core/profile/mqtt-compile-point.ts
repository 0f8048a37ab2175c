/** One line of an MQTT profile → a point: places, payload rules, metrics, provenance. */
import type { Metric } from "#core/measurement/metric.js";
import { findMetric } from "#core/measurement/metrics.js";
import {
  compileBounds,
  compileCodes,
  compileMetrics,
  compileSources,
  compileUnit,
  toValueTest,
} from "./compile-register.js";
import { toDecimal, toFraction } from "./decimal.js";
import type { Report } from "./fault-list.js";
import type { PlaceText, PointText } from "./mqtt-point-schema.js";
import type { Companion, Extractor, MqttPoint, Place, TextRule } from "./mqtt-profile.js";
import type { MqttProfileText } from "./mqtt-profile-schema.js";
import { namesIn } from "./mqtt-topics.js";
import type { Resolution, Scale } from "./profile.js";

/** A point and where its line is. */
export interface WrittenPoint {
  readonly point: MqttPoint;
  readonly path: readonly PropertyKey[];
}

interface At {
  readonly path: readonly PropertyKey[];
  readonly report: Report;
  readonly text: MqttProfileText;
}

/** What gateways say for yes and no, in the languages they speak. */
const BOOL_WORDS: ReadonlyMap<string, number> = new Map([
  ...["true", "on", "yes", "an", "ein", "ja", "1"].map((word) => [word, 1] as const),
  ...["false", "off", "no", "aus", "nein", "0"].map((word) => [word, 0] as const),
]);
const PLAIN: Resolution = { multiplier: 1, decimals: 0 };
const UNSCALED: Scale = { numerator: 1, denominator: 1, offset: 0 };
/** Tenths suit what nobody compares with others. */
const LOCAL_RESOLUTION: Resolution = { multiplier: 1, decimals: 2 };
/** Parameter of open3e's format string. */
const DATA_POINT = "dp";

/** The point of one line; faults are reported, and a point is returned all the same. */
export function compilePoint(
  line: PointText,
  index: number,
  text: MqttProfileText,
  report: Report,
): WrittenPoint {
  const path = ["points", index];
  const at = { path, report, text };
  const named = { path, id: line.id, metric: line.metric, also: line.also ?? {}, text: line };
  const metrics = compileMetrics(named, report);
  const found = metrics.flatMap(({ metric }) => findMetric(metric) ?? []);
  const kind = line.kind ?? (line.codes === undefined ? "number" : "code");
  const sources = compileSources(line, text, path, report);
  const bounds = compileBounds(line, found, path, report);
  const confidence = line.confidence ?? text.defaults.confidence;
  checkKind(line, kind, found, at);
  const point: MqttPoint = {
    id: line.id ?? line.metric ?? `point_${index}`,
    places: compilePlaces(line, at),
    format: {
      rule: compileRule(line, kind),
      absentTexts: (line.absentTexts ?? text.defaults.absentTexts).map((one) => one.toLowerCase()),
      absent: line.absent ?? [],
      nothingMeans: line.nothingMeans,
      scale: compileScale(line, kind, at),
      resolution: compileResolution(line, kind, found[0], at),
    },
    unit: compileUnit({ text: line, path }, text, found, report),
    metrics,
    label: line.label,
    codes: compileCodes(line),
    isFlags: false,
    ...(kind === "bool" ? { min: 0, max: 1 } : bounds),
    maxAgeMs: line.maxAgeSeconds === undefined ? undefined : line.maxAgeSeconds * 1000,
    companions: (line.companions ?? []).flatMap((name) => compileCompanion(name, line, at)),
    gates: Object.entries(line.when ?? {}).map(([pointId, test]) => ({
      pointId,
      accepts: toValueTest(test),
    })),
    sources,
    confidence: confidence ?? `verified-in-${sources.length}-sources`,
    isVerified: line.verified ?? false,
  };
  return { point, path };
}

/** A place with the parts of `at` filled in. */
export function compilePlace(place: PlaceText, at: readonly string[], where: At): Place {
  const { path, report, text } = where;
  const filled = (template: string) =>
    template.replace(/<(\d)>/g, (whole, n: string) => {
      const part = at[Number(n) - 1];
      if (part === undefined) report(path, `${whole} stands for nothing: at has ${at.length}`);
      return part ?? whole;
    });
  const topic = filled(place.topic);
  for (const name of namesIn(topic)) {
    if (text.parameters[name] === undefined) report(path, `no parameter is called ${name}`);
  }
  for (const [, argument = ""] of topic.matchAll(/\{dp:([^}]*)\}/g)) {
    if (!/^0x[0-9a-f]{3},\d{1,5},[A-Za-z0-9]+$/.test(argument)) {
      report(path, `{${DATA_POINT}:${argument}} must be like {dp:0x680,268,Name}`);
    }
  }
  if (text.broker.neverPublish.some((one) => covers(one, topic))) {
    report(path, `${topic} gives orders to the heat pump; it is not listened to either`);
  }
  return { topic, extract: toExtractor(filled(place.read)) };
}

function compilePlaces(line: PointText, where: At): readonly Place[] {
  const { path, report, text } = where;
  const at = [line.at ?? []].flat();
  const layout = line.layout === undefined ? [] : text.layouts[line.layout];
  if (layout === undefined) report([...path, "layout"], `no layout is called ${line.layout}`);
  const all = [...(line.from ?? []), ...(layout ?? [])];
  if (all.length === 0) report(path, "needs from, or a layout: where it is heard");
  return all.map((place) => compilePlace(place, at, where));
}

function compileCompanion(name: string, line: PointText, where: At): readonly Companion[] {
  const { path, report, text } = where;
  const companion = text.companions[name];
  if (companion === undefined) {
    report([...path, "companions"], `no companion is called ${name}`);
    return [];
  }
  if (companion.clears.length > 0 !== (companion.clearedValue !== undefined)) {
    report(["companions", name], "clears and clearedValue belong together");
  }
  const at = [line.at ?? []].flat();
  const places = companion.from.map((place) => compilePlace(place, at, where));
  const { accepts, clears, clearedValue } = companion;
  return [{ name, places, accepts, clears, clearedValue }];
}

function toExtractor(read: string): Extractor {
  if (read === "whole") return { kind: "whole" };
  if (read.startsWith("[")) return { kind: "field", index: Number(read.slice(1, -1)) };
  const keys = Array.from(
    read.matchAll(/\.([A-Za-z0-9_]+)|\["([^"]+)"\]|\[(\d+)\]/g),
    ([, name, quoted, index]) => name ?? quoted ?? Number(index),
  );
  return { kind: "path", keys };
}

function compileRule(line: PointText, kind: string): TextRule {
  if (kind === "text") return { kind: "text" };
  if (kind === "number") return { kind: "number", isFractionUpward: line.fraction === "upward" };
  if (kind === "bool") return { kind: "words", words: BOOL_WORDS, prefixes: new Map() };
  const words = new Map<string, number>();
  for (const [code, label] of compileCodes(line)) {
    for (const word of [label.de, label.en]) words.set(word.toLowerCase(), code);
  }
  for (const [word, code] of Object.entries(line.aliases ?? {})) {
    words.set(word.toLowerCase(), code);
  }
  const prefixes = Object.entries(line.prefixes ?? {}).map(
    ([letters, base]) => [letters.toLowerCase(), base] as const,
  );
  return { kind: "words", words, prefixes: new Map(prefixes) };
}

function compileScale(line: PointText, kind: string, { path, report }: At): Scale {
  if (kind !== "number") {
    if (line.scale !== undefined || line.offset !== undefined) {
      report([...path, "scale"], "codes, yes and no, and texts are not scaled");
    }
    return UNSCALED;
  }
  const fraction = toFraction(line.scale ?? 1);
  if (fraction === undefined) report([...path, "scale"], `${line.scale} is no exact scale`);
  return { ...UNSCALED, ...fraction, offset: line.offset ?? 0 };
}

function compileResolution(
  line: PointText,
  kind: string,
  metric: Metric | undefined,
  { path, report, text }: At,
): Resolution {
  if (line.resolution !== undefined) {
    const stated = toDecimal(line.resolution);
    if (stated === undefined) report([...path, "resolution"], "must be a decimal like 0.1");
    return stated ?? LOCAL_RESOLUTION;
  }
  if (kind !== "number") return PLAIN;
  if (metric !== undefined) return metric.resolution;
  const { resolution } = text.defaults;
  return (resolution === undefined ? undefined : toDecimal(resolution)) ?? LOCAL_RESOLUTION;
}

function checkKind(
  line: PointText,
  kind: string,
  metrics: readonly Metric[],
  { path, report }: At,
): void {
  if (kind !== "code" && (line.aliases ?? line.prefixes) !== undefined) {
    report(path, "aliases and prefixes belong to codes");
  }
  if (kind === "text" && metrics.length > 0) {
    report([...path, "metric"], "a text is no number and serves no metric");
  }
  for (const metric of metrics) {
    if (kind === "code" && metric.kind === "gauge") {
      report([...path, "metric"], `${metric.id} is a quantity, this point has codes`);
    }
  }
}

/** Whether a topic filter (MQTT 5.0, section 4.7.1) covers a topic template. */
function covers(filter: string, topic: string): boolean {
  const [wanted, levels] = [filter.split("/"), topic.split("/")];
  const isWithin = wanted.every((part, i) => part === "#" || part === "+" || part === levels[i]);
  return isWithin && (wanted.at(-1) === "#" || wanted.length === levels.length);
}
