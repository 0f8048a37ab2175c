/** A signed model that does not work never takes the place of one that does. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { inspectModel } from "../../../daemon/model/inspect-model.js";

const MODEL = readFileSync(new URL("../../vectors/normal-behaviour/model-1.json", import.meta.url));
const inspect = (plain: Buffer) => inspectModel(Object.create(null), plain);

describe("inspecting a model", () => {
  it("takes one of a released form", () => {
    expect(inspect(MODEL)).toBeUndefined();
  });

  it.each([
    ["no JSON", Buffer.from("pickle")],
    ["another kind", Buffer.from('{"kind":"demo","format":1}')],
    ["a cut file", MODEL.subarray(0, MODEL.length / 2)],
    ["a newer form", Buffer.from(MODEL.toString().replace('"format":1', '"format":999'))],
  ])("refuses %s by its content", (_, plain) => {
    expect(inspect(plain)?.step).toBe("content");
  });

  it("refuses a model without any part, which scores nothing", () => {
    const model = JSON.parse(MODEL.toString());
    expect(inspect(Buffer.from(JSON.stringify({ ...model, parts: [] })))).toBeDefined();
  });
});
