/** Tests of values and versions that profiles state: guards, gates, proofs of identity. */
import type { ValueTest } from "./profile.js";

/** Whether a value passes. */
export function passes(test: ValueTest, value: number): boolean {
  return (
    (test.oneOf === undefined || test.oneOf.includes(value)) &&
    (test.min === undefined || value >= test.min) &&
    (test.max === undefined || value <= test.max) &&
    (test.above === undefined || value > test.above)
  );
}

/** Negative when `left` is the older version; parts are compared as numbers: 1.9 < 1.10. */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [left, right].map((text) => text.split(/[.-]/).map(Number)) as [
    number[],
    number[],
  ];
  for (let part = 0; part < Math.max(a.length, b.length); part++) {
    const step = (a[part] ?? 0) - (b[part] ?? 0);
    if (step !== 0) return step;
  }
  return 0;
}
