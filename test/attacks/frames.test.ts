/** Hostile Modbus frames: a thin run of what `npm run attacks -- frames` does ten million times. */
import { expect, it } from "vitest";
import { frameAttacks } from "../../attacks/frames.js";

it("a hostile heat pump (A25) gets nothing through but answers, and breaks nothing", async () => {
  const { cases, ...bad } = await frameAttacks.run({ seed: 25, cases: 40_000 });
  expect(cases).toBe(40_000);
  expect(bad).toEqual({ accepted: 0, plaintextBytes: 0, crashes: 0 });
});
