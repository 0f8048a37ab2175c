/** One line of a profile → a register: units, bounds, metrics, conditions, provenance. */
import type { Metric } from "#core/measurement/metric.js";
import { findMetric } from "#core/measurement/metrics.js";
import { isUnit } from "#core/measurement/units.js";
import { compileFormat } from "./compile-format.js";
import type { Report } from "./fault-list.js";
import type { Condition, Label, ProfileRegister, ValueTest, WriteClass } from "./profile.js";
import type { ProfileText } from "./profile-schema.js";
import type { Space } from "./register-range.js";
import type { RegisterText } from "./register-schema.js";
import type { SingleText } from "./repeat-registers.js";
import { isText } from "./words.js";

/** Source: Modbus Application Protocol V1.1b3, section 6. Index is the function code. */
const SPACE_OF_FUNCTION: readonly (Space | undefined)[] = [
  undefined,
  "coil",
  "discrete",
  "holding",
  "input",
];
const ADDRESSES = 65_536;

/** The register of one line; faults are reported, and a register is returned all the same. */
export function compileRegister(
  single: SingleText,
  profile: ProfileText,
  report: Report,
): ProfileRegister {
  const { text, path } = single;
  const { defaults, connection } = profile;
  const metrics = compileMetrics(single, report);
  const found = metrics.flatMap(({ metric }) => findMetric(metric) ?? []);
  const manualSpace = spaceOf(text, profile, path, report);
  const format = compileFormat(text, defaults, found[0], { path, report });
  const sources = compileSources(text, profile, path, report);
  const isCode = text.codes !== undefined || text.flags !== undefined;
  const register: ProfileRegister = {
    id: single.id ?? single.metric ?? `${manualSpace}_${single.address}`,
    unitId: text.unitId ?? defaults.unitId ?? connection.unitId,
    space: connection.oneSpace && manualSpace === "holding" ? "input" : manualSpace,
    manualSpace,
    address: single.address,
    format,
    unit: compileUnit(single, profile, found, report),
    metrics,
    label: single.label,
    codes: compileCodes(text),
    isFlags: text.flags !== undefined,
    group: text.group ?? defaults.group ?? "fast",
    isSingle: text.single ?? false,
    ...compileBounds(text, found, path, report),
    maxStep: text.step,
    conditions: [...single.conditions, ...compileConditions(text, profile, path, report)],
    access: text.access ?? defaults.access ?? "r",
    write: compileWrite(text),
    sources,
    confidence: text.confidence ?? defaults.confidence ?? `verified-in-${sources.length}-sources`,
    isVerified: text.verified ?? false,
  };
  checkKind(register, isCode, found, { path, report });
  checkRoom(register, profile, { path, report });
  return register;
}

/** The metrics that a line names: known ones, and none hidden behind an id. */
export function compileMetrics(
  single: Pick<SingleText, "path" | "id" | "metric" | "also"> & {
    readonly text: Pick<RegisterText, "priority" | "metric">;
  },
  report: Report,
): ProfileRegister["metrics"] {
  const { text, path } = single;
  if (single.id === undefined && single.metric === undefined) {
    report(path, "needs a metric, or an id of its own");
  }
  if (text.priority !== undefined && text.metric === undefined) {
    report([...path, "priority"], "belongs to a metric; there is none");
  }
  const own =
    single.metric === undefined ? [] : [{ metric: single.metric, priority: text.priority ?? 1 }];
  const also = Object.entries(single.also).map(([metric, priority]) => ({ metric, priority }));
  for (const { metric } of [...own, ...also]) {
    const key = metric === single.metric ? "metric" : "also";
    if (findMetric(metric) === undefined) report([...path, key], `unknown metric ${metric}`);
  }
  const id = single.id ?? "";
  if (findMetric(id) !== undefined && ![...own, ...also].some((one) => one.metric === id)) {
    report([...path, "id"], `${id} is a metric of the catalogue; use metric, or another id`);
  }
  return [...own, ...also];
}

function spaceOf(
  text: RegisterText,
  profile: ProfileText,
  path: readonly PropertyKey[],
  report: Report,
): Space {
  const { functionCode } = text;
  if (functionCode === undefined) return text.space ?? profile.defaults.space ?? "holding";
  const space = SPACE_OF_FUNCTION[functionCode];
  if (space === undefined) {
    const what = functionCode > 4 ? `function code ${functionCode} writes` : "no function code";
    report([...path, "functionCode"], `${what}; profiles only read, with 1 to 4`);
  } else if (text.space !== undefined && text.space !== space) {
    report([...path, "space"], `function code ${functionCode} reads ${space}, not ${text.space}`);
  }
  return space ?? "holding";
}

/** The unit of a line: a known one, and that of its metrics. */
export function compileUnit(
  { text, path }: { readonly text: Pick<RegisterText, "unit"> } & Pick<SingleText, "path">,
  { defaults }: { readonly defaults: Pick<ProfileText["defaults"], "unit"> },
  metrics: readonly Metric[],
  report: Report,
): string {
  const unit = text.unit ?? defaults.unit;
  const place = text.unit === undefined ? path : [...path, "unit"];
  if (unit !== undefined && !isUnit(unit)) report(place, `unknown unit ${unit}`);
  for (const metric of metrics) {
    if (unit === undefined && metric.unit !== "") {
      report(path, `needs a unit: ${metric.id} is in ${metric.unit}`);
    } else if (unit !== undefined && isUnit(unit) && unit !== metric.unit) {
      const theirs = metric.unit === "" ? "without unit" : `in ${metric.unit}`;
      report(place, `is in ${unit}, but ${metric.id} is ${theirs}; scale it`);
    }
  }
  return unit ?? "";
}

/** Plausible values: within those of the metrics. */
export function compileBounds(
  text: Pick<RegisterText, "min" | "max">,
  metrics: readonly Metric[],
  path: readonly PropertyKey[],
  report: Report,
): { readonly min: number; readonly max: number } {
  const lowest = Math.max(Number.NEGATIVE_INFINITY, ...metrics.map((metric) => metric.min));
  const highest = Math.min(Number.POSITIVE_INFINITY, ...metrics.map((metric) => metric.max));
  const [min, max] = [text.min ?? lowest, text.max ?? highest];
  if (min > max) report(path, `min ${min} is above max ${max}`);
  for (const metric of metrics) {
    if (min < metric.min) report([...path, "min"], `${metric.id} is never below ${metric.min}`);
    if (max > metric.max) report([...path, "max"], `${metric.id} is never above ${metric.max}`);
  }
  return { min, max };
}

/** Where a line is known from: at least one source, and each of them listed. */
export function compileSources(
  text: Pick<RegisterText, "source">,
  profile: Pick<ProfileText, "sources"> & {
    readonly defaults: Pick<ProfileText["defaults"], "source">;
  },
  path: readonly PropertyKey[],
  report: Report,
): readonly string[] {
  const keys = text.source ?? profile.defaults.source;
  if (keys === undefined) report(path, "has no source: say where this is known from");
  for (const key of keys ?? []) {
    if (profile.sources[key] === undefined) {
      const place = text.source === undefined ? ["defaults", "source"] : [...path, "source"];
      report(place, `${key} is not among the sources`);
    }
  }
  return keys ?? [];
}

/** The test of a value as written. */
export function toValueTest(written: {
  readonly oneOf?: readonly number[] | undefined;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly above?: number | undefined;
}): ValueTest {
  const { oneOf, min, max, above } = written;
  return { oneOf, min, max, above };
}

function compileConditions(
  text: RegisterText,
  profile: ProfileText,
  path: readonly PropertyKey[],
  report: Report,
): readonly Condition[] {
  const conditions: Condition[] = [];
  for (const [parameter, values] of Object.entries(text.when?.parameter ?? {})) {
    const place = [...path, "when", "parameter", parameter];
    const known = profile.parameters[parameter]?.values;
    if (known === undefined) report(place, `no parameter is called ${parameter}`);
    for (const strange of values.filter((value) => known?.includes(value) === false)) {
      report(place, `${parameter} may not be ${strange}`);
    }
    conditions.push({ kind: "parameter", parameter, values });
  }
  if (text.when?.firmware !== undefined) {
    const { since, until } = text.when.firmware;
    conditions.push({ kind: "firmware", since, until });
  }
  for (const [registerId, test] of Object.entries(text.when?.register ?? {})) {
    conditions.push({ kind: "register", registerId, accepts: toValueTest(test) });
  }
  return conditions;
}

/** Codes or masks with their texts in both languages. */
export function compileCodes({
  codes,
  flags,
}: Partial<Pick<RegisterText, "codes" | "flags">>): ReadonlyMap<number, Label> {
  return new Map(
    Object.entries(codes ?? flags ?? {}).map(([code, text]) => [
      Number(code),
      typeof text === "string" ? { de: text, en: text } : text,
    ]),
  );
}

function compileWrite({ write }: RegisterText): WriteClass | undefined {
  if (write === undefined) return undefined;
  return typeof write === "string" ? { kind: write, rewriteSeconds: undefined } : write;
}

type At = { readonly path: readonly PropertyKey[]; readonly report: Report };

function checkKind(
  register: ProfileRegister,
  isCode: boolean,
  metrics: readonly Metric[],
  { path, report }: At,
): void {
  const { encoding } = register.format;
  const isBits = register.manualSpace === "coil" || register.manualSpace === "discrete";
  if (isBits && encoding !== "bool") {
    report(path, `${register.manualSpace}s hold a bool, not ${encoding}`);
  }
  if (isText(encoding) && metrics.length > 0) {
    report([...path, "metric"], "a text is no number and serves no metric");
  }
  for (const metric of metrics) {
    if (isCode && metric.kind === "gauge") {
      report([...path, "metric"], `${metric.id} is a quantity, this register has codes`);
    }
  }
}

function checkRoom(
  register: ProfileRegister,
  { connection }: ProfileText,
  { path, report }: At,
): void {
  const { address, format, unitId, manualSpace, space } = register;
  const end = address + format.words - 1;
  if (end >= ADDRESSES) report([...path, "address"], `${address}+${format.words} is beyond 65535`);
  if (format.words > connection.wordsPerReadMax) {
    const limit = connection.wordsPerReadMax;
    report(path, `takes ${format.words} words; this device gives at most ${limit} per read`);
  }
  if (register.access === "w") return;
  const spans = (all: typeof connection.readable) =>
    all.filter(
      (span) =>
        (span.unitId ?? unitId) === unitId &&
        (span.space === undefined || span.space === manualSpace || span.space === space),
    );
  if (spans(connection.forbidden).some((span) => span.from <= end && address <= span.to)) {
    report([...path, "address"], `${address} lies in a range that must not be read`);
  }
  const readable = spans(connection.readable);
  const isOut = !readable.some((span) => span.from <= address && end <= span.to);
  if (connection.readable.length > 0 && isOut) {
    report([...path, "address"], `${address} lies outside of what the device lets read`);
  }
}
