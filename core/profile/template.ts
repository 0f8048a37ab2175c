/**
 * Templates: profiles without addresses, and the profile that becomes of one when a gateway's point
 * list gives them. Which words mean what is checked like in any other profile; that the list says
 * where they are is all that a template leaves open.
 */
import { openYaml, readYaml } from "#core/schema/read-yaml.js";
import { writeYaml } from "#core/schema/write-yaml.js";
import { compileProfile, PROFILE_CHARACTERS_MAX } from "./compile-profile.js";
import { createFaultList } from "./fault-list.js";
import type { Space } from "./register-range.js";
import { type TemplateText, templateSchema, writtenSchema } from "./template-schema.js";

/** A checked template. */
export interface Template {
  readonly name: string;
  readonly text: TemplateText;
  /** Where the addresses are to be had. */
  readonly assignment: { readonly de: string; readonly en: string };
}

/** One data point of a gateway, as its list has it. */
export interface AssignedPoint {
  readonly point: string;
  readonly space: Space;
  /** From 0. */
  readonly address: number;
  readonly encoding: string;
  /** Value in the template's unit = raw × scale; not for codes, flags, yes and no. */
  readonly scale: number | undefined;
  readonly wordOrder: "high-first" | "low-first" | undefined;
  readonly unitId: number | undefined;
}

/** Addresses that a template is checked with; two words apart. */
const PRETENDED_STEP = 2;

/** Whether a text is a template, not a profile: told without parsing it. */
export function isTemplate(text: string): boolean {
  return /^assignment:/m.test(text);
}

/**
 * Reads and checks a template.
 *
 * @throws HeatpoolError `PROFILE_INVALID`, naming every fault with its line and column
 */
export function parseTemplate(text: string, fileName: string): Template {
  const yaml = openYaml(text, templateSchema, sourceOf(fileName));
  const { report, faults } = createFaultList();
  const { assignment, registers, ...rest } = yaml.value;
  const pretended = registers.map(({ point: _, ...register }, at) => ({
    ...register,
    address: at * PRETENDED_STEP,
  }));
  compileProfile({ ...rest, registers: pretended }, text, report);
  const seen = new Set<string>();
  registers.forEach(({ point }, at) => {
    if (seen.has(point)) report(["registers", at, "point"], `${point} is there twice`);
    seen.add(point);
  });
  yaml.refuse(faults);
  return { name: yaml.value.name, text: yaml.value, assignment };
}

/** The text of a profile, and what of the template it has no address for. */
export interface AssignedProfile {
  readonly yaml: string;
  readonly missing: readonly string[];
}

/** Puts addresses into a template. Points without one, and what is computed of them, are left out. */
export function assignAddresses(
  templateText: string,
  template: Template,
  points: readonly AssignedPoint[],
): AssignedProfile {
  const written = readYaml(templateText, writtenSchema, sourceOf(template.name));
  const { assignment: _, registers, derived, ...head } = written;
  const assigned = registers.flatMap(({ point, ...register }) => {
    const found = points.find((one) => one.point === point);
    return found === undefined ? [] : [{ ...placeOf(found), ...register }];
  });
  const names = new Set<unknown>(assigned.flatMap(({ id, metric }) => [id, metric]));
  const computable = derived.filter((one) => operandsOf(one).every((name) => names.has(name)));
  const profile = { ...head, registers: assigned, derived: computable };
  const comments = [
    `Made of the template ${template.name} and the point list of one gateway.`,
    "Compare every value with the display of the heat pump before you trust it.",
  ];
  return {
    yaml: writeYaml(profile, comments),
    missing: template.text.registers
      .map(({ point }) => point)
      .filter((point) => !points.some((one) => one.point === point)),
  };
}

function placeOf({ space, address, encoding, scale, wordOrder, unitId }: AssignedPoint) {
  return {
    address,
    space,
    encoding,
    ...(scale !== undefined && scale !== 1 && { scale }),
    ...(wordOrder !== undefined && { wordOrder }),
    ...(unitId !== undefined && { unitId }),
  };
}

/** Names that a derived metric needs. */
function operandsOf(derived: Readonly<Record<string, unknown>>): readonly unknown[] {
  const lists = Object.values(derived).filter((value) => Array.isArray(value)) as unknown[][];
  return [...lists.flat(), ...Object.keys(derived.when ?? {})];
}

function sourceOf(name: string) {
  return { name, code: "PROFILE_INVALID", charactersMax: PROFILE_CHARACTERS_MAX } as const;
}
