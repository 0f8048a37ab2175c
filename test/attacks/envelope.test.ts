/** Altered model files and grants: a thin run of what `npm run attacks` does in full. */
import { describe, expect, it } from "vitest";
import { envelopeAttacks } from "../../attacks/envelope.js";

const CASES = 900;

describe("attacks on models", () => {
  it("open nothing, give nothing out and break nothing", { timeout: 120_000 }, async () => {
    const { cases, ...bad } = await envelopeAttacks.run({ seed: 20, cases: CASES });
    expect(cases).toBeGreaterThanOrEqual(CASES);
    expect(bad).toEqual({ accepted: 0, plaintextBytes: 0, crashes: 0 });
  });
});
