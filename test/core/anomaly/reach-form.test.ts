/** Leverages are left out where a form vouches for a row: it must never vouch for one too many. */
import { describe, expect, it } from "vitest";
import { planFor } from "#core/anomaly/feature-plan.js";
import { compilePlan, type PartGroup } from "#core/anomaly/features.js";
import { MODES } from "#core/anomaly/operating-row.js";
import { formOf } from "#core/anomaly/reach-form.js";
import { createRandom } from "../../support/chance.js";

const plan = planFor(new Set(["outdoor", "flow", "return", "power", "frequency", "fan", "low"]));
const groups = compilePlan(plan).byMode[MODES.indexOf("heating")] ?? [];
const random = createRandom(3);
const noise = () => 2 * random() - 1;

/** A form of chance as parts have it; `far` makes it long in directions of its own. */
function leverageOf(size: number, far: number): Float64Array {
  const factor = Array.from({ length: size * size }, (_, at) =>
    at % (size + 1) === 0 ? 1 : far * noise(),
  );
  const packed: number[] = [];
  for (let i = 0; i < size; i++)
    for (let j = i; j < size; j++) {
      let sum = 0;
      for (let k = 0; k < size; k++)
        sum += (factor[i * size + k] ?? 0) * (factor[j * size + k] ?? 0);
      packed.push(i === j ? sum : 2 * sum);
    }
  return Float64Array.from(packed, Math.fround);
}

function featuresAt(u: readonly number[]): number[] {
  const products = u.flatMap((left, i) => u.slice(i).map((right) => left * right));
  return [1, ...u, ...products];
}

function plainValue(packed: Float64Array, phi: readonly number[]): number {
  let sum = 0;
  let next = 0;
  for (const [i, left] of phi.entries())
    for (const right of phi.slice(i)) sum += (packed[next++] ?? 0) * left * right;
  return sum;
}

/** Exponents of the terms, in the order in which coefficients stand. */
function termsOf(count: number): number[][] {
  const terms: number[][] = [];
  for (let x = 0; x <= (count === 3 ? 4 : 0); x++)
    for (let y = 0; y <= 4 - x; y++)
      for (let z = 0; z <= 4 - x - y; z++) terms.push(count === 3 ? [x, y, z] : [y, z]);
  return terms;
}

function formAt(form: Float64Array, u: readonly number[]): number {
  const power = (exponents: readonly number[]) =>
    exponents.reduce((product, exponent, axis) => product * (u[axis] ?? 0) ** exponent, 1);
  return termsOf(u.length).reduce((sum, term, at) => sum + (form[at] ?? 0) * power(term), 0);
}

function groupWith(contexts: number): PartGroup {
  const group = groups.find(({ context }) => context.length === contexts);
  if (group === undefined) throw new Error(`no group of ${contexts}`);
  return group;
}

describe.each([2, 3])("the form of parts with %d context values", (contexts) => {
  const group = groupWith(contexts);

  it("vouches for no row that is beyond what any of them has learnt, and for many that are not", () => {
    let vouched = 0;
    let within = 0;
    for (let round = 0; round < 40; round++) {
      const common = leverageOf(group.size, 0.3);
      const parts = [0, 0, 0].map(() => common.map((value) => value * (1 + 0.02 * noise())));
      const form = formOf(group, [common, ...parts]);
      for (let row = 0; row < 100; row++) {
        const u = Array.from({ length: contexts }, () => 4 * noise() * random());
        const phi = featuresAt(u);
        const most = Math.max(...[common, ...parts].map((part) => plainValue(part, phi)));
        const isVouched = formAt(form, u) <= (form.at(-1) ?? Number.NaN);
        if (isVouched) expect(most).toBeLessThanOrEqual(3 * group.size);
        if (isVouched) vouched++;
        if (most <= 3 * group.size) within++;
      }
    }
    expect(vouched).toBeGreaterThan(0.7 * within);
    expect(within).toBeGreaterThan(100);
  });

  it("vouches for nothing where parts differ too much or one is no form at all", () => {
    const plain = leverageOf(group.size, 0.3);
    const others = [leverageOf(group.size, 30), leverageOf(group.size, 30)];
    expect(formOf(group, [plain, ...others]).at(-1)).toBe(-Infinity);
    expect(formOf(group, [plain.map((value) => -value)]).at(-1)).toBe(-Infinity);
    expect(formOf(group, [plain.map(() => Number.NaN)]).at(-1)).toBe(-Infinity);
  });

  it("is found anew when one of the parts is another", () => {
    const [first, second, other] = [0.3, 0.3, 0.2].map((far) => leverageOf(group.size, far));
    if (first === undefined || second === undefined || other === undefined) throw new Error("none");
    const form = formOf(group, [first, second]);
    expect(formOf(group, [first, second])).toBe(form);
    expect(formOf(group, [first, other])).not.toEqual(form);
  });
});
