/** The daemon trusts what the operator's offline keys signed, and keeps it when others lie. */
import { describe, expect, it } from "vitest";
import { createCatalogueBed } from "../../support/daemon-catalogue.js";
import { temporaryFolder } from "../../support/folder.js";
import { aRelease } from "../../support/tuf-repository.js";

const folder = temporaryFolder();
const bed = () => createCatalogueBed(folder);

describe("the catalogue", () => {
  it("is empty before the first refresh, and lists the signed models after it", async () => {
    const { catalogue, refresh } = await bed();
    expect(catalogue.trusted()).toBeUndefined();
    expect(catalogue.state()).toMatchObject({ freshness: "NONE", rootVersion: 1 });
    expect(await refresh()).toBe("fresh");
    expect(catalogue.state()).toMatchObject({ freshness: "FRESH", targetsVersion: 1, refusals: 0 });
    expect(catalogue.trusted()?.find({ modelId: "aero-slm" })).toEqual(aRelease());
    expect(catalogue.trusted()?.at("aero-slm/1/model.enc")).toEqual(aRelease());
    expect(catalogue.trusted()?.find({ heatpumpModel: "OTHER" })).toBeUndefined();
  });

  it("is there after a restart without a network", async () => {
    const here = await bed();
    await here.refresh();
    here.repository.answer = async () => {
      throw new Error("no network");
    };
    await here.restart();
    expect(here.catalogue.trusted()?.version).toBe(1);
    expect(here.catalogue.state().freshness).toBe("FRESH");
  });
});
