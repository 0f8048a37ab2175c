/** Bombs (A17), all of them: what a message or a file may cost whoever reads it. */
import { expect, it } from "vitest";
import { bombAttacks } from "../../attacks/bombs.js";

it("every bomb is refused within its bound of memory, and its CPU is told", {
  timeout: 240_000,
}, async () => {
  const told: object[] = [];
  const onFacts = (facts: object) => told.push(facts);
  const { cases, ...bad } = await bombAttacks.run({ seed: 1, onFacts });
  expect(cases).toBe(11);
  expect(bad, JSON.stringify(told)).toEqual({ accepted: 0, plaintextBytes: 0, crashes: 0 });
  expect(told).toHaveLength(cases);
  for (const one of told) expect(one).toMatchObject({ cpuMs: expect.any(Number) });
});
