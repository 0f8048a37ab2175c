/** Changed inputs: a thin run of what `npm run attacks -- fuzz --seconds 60` does for a minute each. */
import { describe, expect, it } from "vitest";
import { TARGETS } from "../../attacks/fuzz/targets.js";
import { corpusNames, fuzz, fuzzAttacks } from "../../attacks/fuzz.js";

describe("what reads the words of strangers", () => {
  it("is tried with a corpus of its own, each", () => {
    expect(new Set(TARGETS.map(({ name }) => name))).toEqual(new Set(corpusNames()));
    expect(TARGETS.length).toBeGreaterThanOrEqual(10);
  });

  it("takes or refuses changed inputs, and throws nothing else", async () => {
    const told: object[] = [];
    const { cases, ...bad } = await fuzzAttacks.run({
      seed: 11,
      cases: 2_000,
      onFacts: (facts) => told.push(facts),
    });
    expect(cases).toBeGreaterThanOrEqual(2_000);
    // How long one took says something about a quiet machine only.
    const broken = told.filter((facts) => "what" in facts && !/ms of CPU/.test(String(facts.what)));
    expect(broken).toEqual([]);
    expect(bad).toMatchObject({ accepted: 0, plaintextBytes: 0 });
  });

  it.each(TARGETS)("$name takes something of its corpus, so that it is really asked", (target) => {
    let taken = 0;
    const watched = {
      ...target,
      read(input: Buffer) {
        const isTaken = target.read(input);
        if (isTaken) taken += 1;
        return isTaken;
      },
    };
    fuzz(watched, { seed: 1, cases: 1 });
    expect(taken).toBeGreaterThan(0);
  });

  it("is found out when it breaks, or takes what nobody sealed", () => {
    const told: Record<string, unknown>[] = [];
    const options = { seed: 3, cases: 400, onFacts: (one: object) => void told.push({ ...one }) };
    const broken = fuzz(
      {
        ...{ name: "csr", isSealed: false },
        read(input) {
          if (input.length % 7 === 0) throw new TypeError("not a refusal");
          return false;
        },
      },
      options,
    );
    expect(broken.crashes).toBeGreaterThan(0);
    expect(told[0]).toMatchObject({ target: "csr", what: "TypeError: not a refusal" });
    expect(typeof told[0]?.input).toBe("string");
    expect(
      fuzz({ name: "csr", isSealed: true, read: () => true }, options).accepted,
    ).toBeGreaterThan(20);
  });
});
