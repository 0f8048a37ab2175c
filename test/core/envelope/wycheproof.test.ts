/**
 * Wycheproof's vectors through our own wrappers: none of the invalid is accepted, and every valid
 * one that is refused is refused for a reason that stands here. The files lie in
 * `../shared/security/wycheproof` (C2SP/wycheproof, Apache-2.0), or the suite is skipped.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sharedAre, sharedVectors } from "../../support/vectors.js";
import { judges, runFile } from "../../support/wycheproof.js";

const folder = join(sharedVectors, "wycheproof");
const isMissing = sharedAre.includes("absent");

describe.skipIf(isMissing)(`Wycheproof (${sharedAre})`, () => {
  it("has a judge for each file, and none too many", () => {
    const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
    expect(new Set(Object.keys(judges))).toEqual(new Set(files));
  });

  it.each(Object.entries(judges))(
    "%s: nothing wrongly accepted, every refusal explained",
    (name) => {
      const outcome = runFile(join(folder, name));
      expect(outcome).toMatchObject({ unexplained: [], wronglyTaken: 0 });
      expect(outcome.cases).toBeGreaterThan(50);
    },
  );

  it("counts 5,240 vectors", () => {
    const counts = Object.keys(judges).map((name) => runFile(join(folder, name)).cases);
    expect(counts.reduce((sum, one) => sum + one, 0)).toBe(5_240);
  });
});
