/** Altered certificates of installations: a thin run of what `npm run attacks -- certificate` does. */
import { expect, it } from "vitest";
import { certificateAttacks } from "../../attacks/certificate.js";

const CASES = 2_000;

it("no altered certificate (A15) names an installation, and none breaks anything", async () => {
  const { cases, ...bad } = await certificateAttacks.run({ seed: 15, cases: CASES });
  expect(cases).toBeGreaterThanOrEqual(CASES);
  expect(bad).toEqual({ accepted: 0, plaintextBytes: 0, crashes: 0 });
});
