/** What is pushed is what daemons can see: never a list that the timestamp does not lead to yet. */
import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createCatalogue } from "../../../backend/catalogue/create-catalogue.js";
import { createListedReleases } from "../../../backend/catalogue/listed-releases.js";
import { holdCeremony } from "../../support/ceremony.js";
import { settle } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";
import { aRelease } from "../../support/tuf-repository.js";

const NO_KEYS = {
  all: async () => [],
  make: () => Promise.reject(new Error("none")),
  forget: async () => {},
};

describe("listed releases", () => {
  it("follow what another process publishes, and tell of it once", async () => {
    const ceremony = await holdCeremony(temporaryFolder());
    const { clock, catalogueDir, at, run, config } = ceremony;
    const catalogue = createCatalogue({
      folder: catalogueDir,
      keys: NO_KEYS,
      clock,
      autoSign: false,
    });
    let changes = 0;
    const faults: unknown[] = [];
    const listed = createListedReleases({
      catalogue,
      clock,
      onChange: () => void changes++,
      onFault: (fault) => faults.push(fault),
    });
    expect(await listed.look()).toBe(true);
    expect(await listed.look()).toBe(false);
    const ending = new AbortController();
    const running = listed.run(ending.signal);
    writeFileSync(at("releases.json"), JSON.stringify([aRelease()]));
    const out = await ceremony.nextTargets("targets-1", ["--add", at("releases.json")]);
    await run("keys", "import", "-c", config, out);
    while (changes < 2) {
      await clock.advance(2_000);
      await settle();
    }
    expect(listed.listed()).toEqual({ version: 2, releases: [aRelease()] });
    ending.abort();
    await running;
    expect([changes, faults]).toEqual([2, []]);
  });

  it("wait while targets are there and the timestamp does not know them", async () => {
    const ceremony = await holdCeremony(temporaryFolder());
    const { clock, catalogueDir, at, config } = ceremony;
    writeFileSync(at("releases.json"), JSON.stringify([aRelease()]));
    const out = await ceremony.nextTargets("targets-1", ["--add", at("releases.json")]);
    await ceremony.run("keys", "import", "-c", config, out);
    const whole = createCatalogue({ folder: catalogueDir, keys: NO_KEYS, clock, autoSign: false });
    const before = await whole.metadata("snapshot", 1);
    const stale = {
      newestVersion: whole.newestVersion,
      newest: (async (role: "targets" | "snapshot" | "timestamp") => {
        if (role !== "snapshot" || before === undefined) return await whole.newest(role);
        const { readMetadata } = await import("#core/catalogue/metadata.js");
        return readMetadata("snapshot", before);
      }) as typeof whole.newest,
    };
    const listed = createListedReleases({
      catalogue: stale,
      clock,
      onChange: () => {},
      onFault: () => {},
    });
    expect(await listed.look()).toBe(false);
    expect(listed.listed().version).toBe(0);
  });
});
