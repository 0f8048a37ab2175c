/**
 * What became of the registers in one poll → readings: candidates by priority, derived metrics.
 *
 * A metric has one reading per poll, whatever number of registers may serve it. Derived metrics
 * are computed of values before rounding and rounded once themselves.
 */
import type { Quality, Reading } from "#core/measurement/snapshot.js";
import { decodeRegister, round } from "./decode.js";
import type { DerivedMetric, Profile, ProfileRegister } from "./profile.js";
import { passes } from "./value-test.js";
import { isText } from "./words.js";

/** What became of one register in one poll. */
export type RegisterOutcome =
  | { readonly words: readonly number[]; readonly quality: "good" | "reread" }
  | {
      readonly words: undefined;
      readonly quality: Extract<Quality, "implausible" | "read-error" | "quarantined" | "not-due">;
    };

/** A reading and its value before rounding. */
export interface Exact {
  readonly quality: Quality;
  readonly value: number | undefined;
  readonly exact: number | undefined;
}

/**
 * All readings of one poll, from what became of each register (by register id): one per catalogue
 * metric, by the best candidate that has a value; one per register without a metric, under its own
 * id; one per derived metric. What no register of the installation serves has no reading.
 */
export function decodeReadings(
  profile: Profile,
  outcomes: ReadonlyMap<string, RegisterOutcome>,
): readonly Reading[] {
  const own = new Map<string, Exact>();
  const named = new Map<string, Exact>();
  for (const register of profile.registers) {
    const outcome = outcomes.get(register.id);
    if (outcome === undefined) continue;
    const exact = decodeOutcome(outcome, register);
    own.set(register.id, exact);
    if (register.metrics.length === 0 && !isText(register.format.encoding)) {
      named.set(register.id, exact);
    }
  }
  return toReadings(profile, own, named);
}

/**
 * Readings of what was measured: per metric the best candidate that has a value, then what is
 * derived.
 *
 * @param own by the id of the register or point
 * @param named what is a reading under its own id; the metrics are added to it
 */
export function toReadings(
  profile: Pick<Profile, "candidates" | "derived">,
  own: ReadonlyMap<string, Exact>,
  named: Map<string, Exact>,
): readonly Reading[] {
  for (const [metric, ids] of profile.candidates) {
    const best = firstWithValue(ids.flatMap((id) => own.get(id) ?? []));
    if (best !== undefined) named.set(metric, best);
  }
  for (const derived of profile.derived) {
    if (named.get(derived.metric)?.value !== undefined) continue;
    const exact = derive(derived, (name) => named.get(name) ?? own.get(name));
    if (exact !== undefined) named.set(derived.metric, exact);
  }
  return Array.from(named, ([metric, { value, quality }]) => ({ metric, value, quality }));
}

function decodeOutcome(outcome: RegisterOutcome, register: ProfileRegister): Exact {
  if (outcome.words === undefined) return without(outcome.quality);
  const decoded = decodeRegister(outcome.words, register);
  return decoded.quality === "good" ? { ...decoded, quality: outcome.quality } : decoded;
}

/** The first that has a value; when none has, the first of all tells why. */
function firstWithValue(candidates: readonly Exact[]): Exact | undefined {
  return candidates.find((one) => one.value !== undefined) ?? candidates[0];
}

/** No value, and why. */
export function without(quality: Quality): Exact {
  return { quality, value: undefined, exact: undefined };
}

/** `undefined` when nothing that it is computed of exists here. */
function derive(
  derived: DerivedMetric,
  find: (name: string) => Exact | undefined,
): Exact | undefined {
  const operands = derived.operands.map(find);
  if (operands.every((one) => one === undefined)) return undefined;
  if (derived.operation === "first") {
    return firstWithValue(operands.flatMap((one) => one ?? []));
  }
  const guards = derived.guards.map((guard) => ({ ...guard, exact: find(guard.operand) }));
  const lacking = [...operands, ...guards.map((guard) => guard.exact)].find(
    (one) => one?.exact === undefined,
  );
  const needed = operands.flatMap((one) => one?.exact ?? []);
  if (needed.length < operands.length) return without(lacking?.quality ?? "absent");
  const isAllowed = guards.every(
    ({ accepts, exact }) => exact?.exact !== undefined && passes(accepts, exact.exact),
  );
  if (!isAllowed) return without("absent");
  const exact = compute(derived, needed) * derived.factor;
  const value = round(exact, derived.resolution);
  if (value === undefined) return without("absent");
  if (value < derived.min || value > derived.max) return without("implausible");
  const quality = operands.some((one) => one?.quality === "reread") ? "reread" : "good";
  return { quality, value, exact };
}

function compute({ operation }: DerivedMetric, operands: readonly number[]): number {
  const [first = Number.NaN, ...rest] = operands;
  switch (operation) {
    case "divide":
      return rest.reduce((left, right) => left / right, first);
    case "sum":
      return rest.reduce((left, right) => left + right, first);
    case "difference":
      return rest.reduce((left, right) => left - right, first);
    case "product":
      return rest.reduce((left, right) => left * right, first);
    case "first":
      return first;
  }
}
