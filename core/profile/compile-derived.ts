/** Derived metrics: known operands, real guards, no circle, in an order that can be computed. */
import { findMetric } from "#core/measurement/metrics.js";
import { toValueTest } from "./compile-register.js";
import type { Report } from "./fault-list.js";
import type { DerivedMetric } from "./profile.js";
import type { DerivedText } from "./profile-schema.js";

/** Finer than any quotient of measured values. */
const LOCAL_RESOLUTION = { multiplier: 1, decimals: 2 };

const OPERATIONS = ["divide", "sum", "difference", "product", "first"] as const;

/** The derived metrics of a profile, each after what it needs. */
export function compileDerived(
  profile: { readonly derived: readonly DerivedText[] },
  /** Whether a register or a candidate of a metric has that name. */
  isMeasured: (name: string) => boolean,
  report: Report,
): readonly DerivedMetric[] {
  const names = profile.derived.map((one) => one.metric);
  const isKnown = (name: string) => isMeasured(name) || names.includes(name);
  const compiled = profile.derived.map((text, index) => {
    const path = ["derived", index];
    if (names.indexOf(text.metric) !== index) {
      report([...path, "metric"], `${text.metric} is derived twice`);
    }
    return compileOne(text, { path, report, isKnown });
  });
  return inOrder(compiled, report);
}

function compileOne(
  text: DerivedText,
  at: {
    readonly path: readonly PropertyKey[];
    readonly report: Report;
    readonly isKnown: (name: string) => boolean;
  },
): DerivedMetric {
  const { path, report, isKnown } = at;
  const known = findMetric(text.metric);
  const metric = text.local ? undefined : known;
  if (text.local && known !== undefined) {
    report([...path, "local"], `${text.metric} is a metric of the catalogue; use another name`);
  } else if (!text.local && metric === undefined) {
    report([...path, "metric"], `unknown metric ${text.metric}`);
  }
  if (metric !== undefined && text.unit !== undefined && text.unit !== metric.unit) {
    report([...path, "unit"], `is in ${text.unit}, but ${metric.id} is in ${metric.unit}`);
  }
  const stated = OPERATIONS.filter((one) => text[one] !== undefined);
  const [operation = "sum"] = stated;
  if (stated.length !== 1) {
    report(path, `needs exactly one of ${OPERATIONS.join(", ")}; it has ${stated.length}`);
  }
  const operands = text[operation] ?? [];
  for (const [index, name] of operands.entries()) {
    if (!isKnown(name)) {
      report([...path, operation, index], `no register and no metric of this profile is ${name}`);
    }
  }
  for (const [name, test] of Object.entries(text.when)) {
    const place = [...path, "when", name];
    if (!isKnown(name)) report(place, `no register and no metric of this profile is ${name}`);
    if (Object.keys(test).length === 0) report(place, "tests nothing");
  }
  if (operation === "divide" && text.when[operands[1] ?? ""] === undefined) {
    report([...path, "divide"], `needs a guard: when: { ${operands[1]}: { above: … } }`);
  }
  return {
    metric: text.metric,
    operation,
    operands,
    factor: text.factor,
    resolution: metric?.resolution ?? LOCAL_RESOLUTION,
    min: metric?.min ?? Number.NEGATIVE_INFINITY,
    max: metric?.max ?? Number.POSITIVE_INFINITY,
    guards: Object.entries(text.when).map(([operand, test]) => ({
      operand,
      accepts: toValueTest(test),
    })),
  };
}

/** Depth first; what is met again on the way down is a circle. */
function inOrder(all: readonly DerivedMetric[], report: Report): readonly DerivedMetric[] {
  const ordered: DerivedMetric[] = [];
  const visit = (one: DerivedMetric, trail: readonly string[]): void => {
    if (trail.includes(one.metric)) {
      const circle = [...trail.slice(trail.indexOf(one.metric)), one.metric].join(" → ");
      report(["derived", all.indexOf(one)], `is computed of itself: ${circle}`);
      return;
    }
    if (ordered.includes(one)) return;
    const needs = [...one.operands, ...one.guards.map((guard) => guard.operand)];
    for (const next of all.filter((other) => needs.includes(other.metric))) {
      visit(next, [...trail, one.metric]);
    }
    if (!ordered.includes(one)) ordered.push(one);
  };
  for (const one of all) visit(one, []);
  return ordered;
}
