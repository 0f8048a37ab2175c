/** Whatever a thief of the backend does, a daemon uses only lists that the offline key signed. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { catalogueBytes } from "../../../attacks/catalogue.js";
import { createRandom } from "../../support/chance.js";
import { temporaryFolder } from "../../support/folder.js";
import { runHistory } from "../../support/tuf-history.js";

/** A machine that does other things as well. */
const PATIENCE_MS = 180_000;
const folder = temporaryFolder();

describe("histories of a repository with a thief in it", () => {
  it(
    "never bring an unsigned list into use, nor an older one back",
    async () => {
      const history = fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), async (seed) => {
        expect(await runHistory(folder, createRandom(seed))).toBeUndefined();
      });
      await fc.assert(history, { numRuns: 12, seed: 7 });
    },
    PATIENCE_MS,
  );
});

describe("attacks on the bytes", () => {
  it(
    "a sample of flipped bits and truncations is refused, none breaks anything",
    async () => {
      const counts = await catalogueBytes.run({ seed: 3, cases: 10 });
      expect(counts.cases).toBeGreaterThan(30);
      expect(counts).toMatchObject({ accepted: 0, plaintextBytes: 0, crashes: 0 });
    },
    PATIENCE_MS,
  );
});
