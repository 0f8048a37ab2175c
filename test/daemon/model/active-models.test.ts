/** A model is used until its grant ends, by a clock that may be right, and leaves nothing behind. */
import { describe, expect, it } from "vitest";
import { createActiveModels } from "../../../daemon/model/active-models.js";

const model = (release: number, grantedUntilS: number, modelId = "m") => ({
  target: {
    modelId,
    release,
    length: 1,
    sha256: "",
    plainSha256: "",
    plainLen: 1,
    heatpumpModels: ["*"],
    minDaemon: "0.1.0",
    revoked: false,
  },
  plain: Buffer.from("secret"),
  grantedUntilS,
});

describe("models in use", () => {
  it("end with their grant, and their content is overwritten", () => {
    let nowS = 100;
    const active = createActiveModels(() => nowS);
    const one = model(1, 200);
    active.take(one);
    nowS = 199;
    expect(active.list()).toEqual([one]);
    nowS = 200;
    expect(active.list()).toEqual([]);
    expect(one.plain).toEqual(Buffer.alloc(6));
  });

  it("do not end while nobody knows the time", () => {
    const active = createActiveModels(() => 0);
    active.take(model(1, 1));
    expect(active.list()).toHaveLength(1);
  });

  it("are replaced by the next release, others stay; a renewed grant keeps the content", () => {
    const active = createActiveModels(() => 0);
    const [first, second, other] = [model(1, 9), model(2, 9), model(1, 9, "other")];
    for (const one of [first, second, other]) active.take(one);
    expect(active.list()).toEqual([second, other]);
    expect(first.plain).toEqual(Buffer.alloc(6));
    active.take({ ...second, grantedUntilS: 99 });
    expect(second.plain.toString()).toBe("secret");
    active.wipe();
    expect(active.list()).toEqual([]);
    expect(other.plain).toEqual(Buffer.alloc(6));
  });
});
