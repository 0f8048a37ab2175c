/**
 * Repeated registers written out: one line of a profile stands for the same value of circuit A, B
 * and so on, `stride` words apart. Names of parameters in braces are replaced, in capitals where
 * they are written in capitals.
 */
import type { Report } from "./fault-list.js";
import type { Condition, Label } from "./profile.js";
import type { ProfileText } from "./profile-schema.js";
import type { RegisterText } from "./register-schema.js";

/** One register, no longer repeated. */
export interface SingleText {
  readonly text: RegisterText;
  /** Where its line is in the file. */
  readonly path: readonly PropertyKey[];
  readonly address: number;
  readonly id: string | undefined;
  readonly metric: string | undefined;
  readonly also: Readonly<Record<string, number>>;
  readonly label: Label;
  readonly conditions: readonly Condition[];
}

/** One way to fill the braces. */
interface Filling {
  readonly values: Readonly<Record<string, string>>;
  readonly offset: number;
}

/** The largest number of registers that one line may stand for. */
const REPEATS_MAX = 1000;

/** Every register of every line. */
export function repeatRegisters(profile: ProfileText, report: Report): readonly SingleText[] {
  return profile.registers.flatMap((text, index) => {
    const path = ["registers", index];
    const fillings = fill(text, profile, path, report);
    checkBraces(text, path, report);
    return fillings.map((filling) => toSingle(text, path, filling));
  });
}

function fill(
  text: RegisterText,
  profile: ProfileText,
  path: readonly PropertyKey[],
  report: Report,
): readonly Filling[] {
  let fillings: readonly Filling[] = [{ values: {}, offset: 0 }];
  for (const [name, stride] of Object.entries(text.stride ?? {})) {
    const parameter = profile.parameters[name];
    if (parameter === undefined) {
      report([...path, "stride", name], `no parameter is called ${name}`);
      continue;
    }
    const values = text.only?.[name] ?? parameter.values;
    for (const strange of values.filter((value) => !parameter.values.includes(value))) {
      report([...path, "only", name], `${name} may not be ${strange}`);
    }
    fillings = fillings.flatMap((filling) =>
      values.map((value) => ({
        values: { ...filling.values, [name]: value },
        offset: filling.offset + stride * parameter.values.indexOf(value),
      })),
    );
  }
  for (const name of Object.keys(text.only ?? {})) {
    if (text.stride?.[name] === undefined) {
      report([...path, "only", name], `only belongs to a stride; there is none for ${name}`);
    }
  }
  if (fillings.length > REPEATS_MAX) {
    report([...path, "stride"], `stands for ${fillings.length} registers; at most ${REPEATS_MAX}`);
    return [];
  }
  return fillings;
}

/** Each repeated register needs a name of its own, and no brace may stay. */
function checkBraces(text: RegisterText, path: readonly PropertyKey[], report: Report): void {
  const strides = Object.keys(text.stride ?? {});
  const named = text.id ?? text.metric ?? "";
  for (const name of strides.filter((one) => !named.includes(`{${one}}`))) {
    const key = text.id === undefined ? "metric" : "id";
    report([...path, key], `is repeated per ${name} and must contain {${name}}`);
  }
  const texts = [
    text.id,
    text.metric,
    ...Object.keys(text.also ?? {}),
    text.label.de,
    text.label.en,
  ];
  for (const [, name = ""] of texts.join(" ").matchAll(/\{([^}]*)\}/g)) {
    if (!strides.includes(name.toLowerCase())) {
      report(path, `{${name}} stands for nothing: there is no stride of that name`);
    }
  }
}

function toSingle(
  text: RegisterText,
  path: readonly PropertyKey[],
  { values, offset }: Filling,
): SingleText {
  const replaced = (template: string): string =>
    template.replace(/\{([^}]*)\}/g, (whole, name: string) => {
      const value = values[name.toLowerCase()];
      if (value === undefined) return whole;
      return name === name.toUpperCase() ? value.toUpperCase() : value;
    });
  return {
    text,
    path,
    address: text.address + offset,
    id: text.id && replaced(text.id),
    metric: text.metric && replaced(text.metric),
    also: Object.fromEntries(
      Object.entries(text.also ?? {}).map(([metric, priority]) => [replaced(metric), priority]),
    ),
    label: { de: replaced(text.label.de), en: replaced(text.label.en) },
    conditions: Object.entries(values).map(([parameter, value]) => ({
      kind: "parameter",
      parameter,
      values: [value],
    })),
  };
}
