/** A model travels as bytes: what arrives must score like what was judged, or be refused. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodeArtefact, encodeArtefact } from "#core/anomaly/artefact.js";
import { ARTEFACT_BYTES_MAX } from "#core/anomaly/artefact-form.js";
import { planFor } from "#core/anomaly/feature-plan.js";
import { learnFleet } from "#core/anomaly/learn-fleet.js";
import { learnLocal } from "#core/anomaly/learn-local.js";
import type { NormalModel } from "#core/anomaly/normal-model.js";
import { rowsOf } from "#core/anomaly/operating-row.js";
import { makeRows } from "#core/anomaly/row-maker.js";
import { openWatch, startWatch } from "#core/anomaly/watch.js";
import { MADE_UP, madeUpCells } from "../../support/heat-pump-cells.js";

const plan = planFor(new Set(MADE_UP));
const machines = [1, 2, 3].map((seed) => ({
  installationId: `machine-${seed}`,
  rows: makeRows(madeUpCells({ seed, days: 40 })),
}));
const model = learnFleet(plan, machines);
const bytes = encodeArtefact({ heatPumpModel: "made/up", model });
const text = new TextDecoder().decode(bytes);
const encode = (json: string) => new TextEncoder().encode(json);

function scoresOf(judge: NormalModel, known?: readonly Float64Array[]): number[] {
  const watch = openWatch(judge, startWatch(judge, 0, known));
  const scores: number[] = [];
  for (const row of rowsOf(makeRows(madeUpCells({ seed: 9, days: 10 })))) {
    watch.read(row);
    scores.push(watch.score);
  }
  return scores;
}

describe("a normal-behaviour model as bytes", () => {
  it("scores to the bit like the model it was made of", () => {
    const { model: decoded } = decodeArtefact(bytes, "made/up");
    expect(scoresOf(decoded)).toEqual(scoresOf(model));
    expect(Math.max(...scoresOf(model))).toBeGreaterThan(0);
  });

  it("keeps what a local model knows of its machine", () => {
    const local = learnLocal(plan, makeRows(madeUpCells({ seed: 4, days: 40 })));
    const back = decodeArtefact(encodeArtefact({ heatPumpModel: "own", ...local }));
    expect(scoresOf(back.model, back.known)).toEqual(scoresOf(local.model, local.known));
  });

  it("fits the limit, and the same rows give the same bytes", () => {
    expect(bytes.length).toBeLessThan(ARTEFACT_BYTES_MAX);
    const again = learnFleet(plan, [...machines].reverse());
    expect(encodeArtefact({ heatPumpModel: "made/up", model: again })).toEqual(bytes);
  });

  it("is refused when it is cut off, at every length", () => {
    for (let length = 0; length < bytes.length; length += 97)
      expect(() => decodeArtefact(bytes.subarray(0, length))).toThrow(/damaged or cut off/);
  });

  it.each([
    ["a newer format", text.replace('"format":1', '"format":2'), /format 2, known is 1/],
    [
      "another kind",
      text.replace("normal-behaviour", "half-space-trees"),
      /of kind half-space-trees/,
    ],
    ["an unknown key", text.replace('"format":1', '"format":1,"more":1'), /more/],
    ["a changed plan", text.replace('"tolerance":0.08', '"tolerance":0.8'), /plan is/],
    ["no object", "[]", /of kind undefined/],
  ])("is refused with %s", (_, json, why) => {
    expect(json).not.toBe(text);
    expect(() => decodeArtefact(encode(json))).toThrow(why);
  });

  it("is refused for another heat pump", () => {
    expect(() => decodeArtefact(bytes, "other/pump")).toThrow(
      "is for made/up, wanted for other/pump",
    );
  });

  it("for every heat pump serves one that has no model of its own", () => {
    const generic = encodeArtefact({ heatPumpModel: "*", model });
    expect(decodeArtefact(generic, "acme/rare-1").heatPumpModel).toBe("*");
  });

  it("is refused when a number is not finite", () => {
    const parsed = JSON.parse(text) as { parts: { numbers: string }[] };
    const numbers = Buffer.from(parsed.parts[0]?.numbers ?? "", "base64");
    numbers.writeFloatLE(Number.NaN, 0);
    const [first, ...rest] = parsed.parts;
    const parts = [{ ...first, numbers: numbers.toString("base64") }, ...rest];
    expect(() => decodeArtefact(encode(JSON.stringify({ ...parsed, parts })))).toThrow(
      /not finite/,
    );
  });

  it("of the first release still decodes to the same scores", () => {
    const folder = new URL("../../vectors/normal-behaviour/", import.meta.url);
    const { model: released } = decodeArtefact(readFileSync(new URL("model-1.json", folder)));
    const wanted = JSON.parse(readFileSync(new URL("scores-1.json", folder), "utf8")) as number[];
    const scores = scoresOf(released).filter((_, index) => index % 60 === 0);
    expect(scores).toHaveLength(wanted.length);
    scores.forEach((score, index) => {
      expect(score).toBeCloseTo(wanted[index] ?? 0, 9);
    });
  });
});
