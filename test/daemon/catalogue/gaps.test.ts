/**
 * What tuf-js 5.0.1 leaves open, gap by gap: each was seen in the library, each is closed by the
 * adapter, and each would be open again without the code that closes it.
 */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import { createMemoryMetadataStore } from "../../../daemon/catalogue/memory-metadata-store.js";
import type { MetadataStore } from "../../../daemon/catalogue/metadata-store.js";
import { createCatalogueBed } from "../../support/daemon-catalogue.js";
import { temporaryFolder } from "../../support/folder.js";
import { aRelease, DAY_MS, type Json, testKey } from "../../support/tuf-repository.js";

const here = temporaryFolder();
const bed = () => createCatalogueBed(here);

describe("gap 1: metadata files are written without rename or sync", () => {
  it("no file of a refresh outlives it, whether it succeeded or not", async () => {
    const folder = join(temporaryFolder(), "private");
    const { refresh, repository } = await createCatalogueBed(folder);
    expect(await refresh()).toBe("fresh");
    repository.targets();
    repository.timestamp((signed) => {
      signed.version = 1;
    });
    await refresh();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("a folder that a crash left behind is removed at the start and never read", async () => {
    const folder = temporaryFolder();
    const left = join(folder, "refresh-left00");
    mkdirSync(left);
    writeFileSync(join(left, "timestamp.json"), '{"torn":');
    const { refresh } = await createCatalogueBed(folder);
    expect(readdirSync(folder)).toEqual([]);
    expect(await refresh()).toBe("fresh");
  });

  it("a torn timestamp in memory does not let an older one in", async () => {
    const one = await bed();
    await one.refresh();
    for (let count = 0; count < 8; count += 1) one.repository.publish();
    await one.refresh();
    const old = JSON.parse(one.repository.bytes("timestamp").toString());
    const kept = await one.store.read();
    const torn = kept.files.timestamp?.subarray(0, 100) ?? Buffer.alloc(0);
    await one.store.commit({ ...kept, files: { ...kept.files, timestamp: torn } });
    await one.restart();
    one.repository.versions.timestamp = 2;
    one.repository.timestamp();
    expect(old.signed.version).toBe(9);
    expect(await one.report()).toMatchObject({ fault: { message: /less than current/ } });
  });

  it("a torn root in memory does not stop the daemon: it begins with the pinned one", async () => {
    const one = await bed();
    one.repository.root();
    await one.refresh();
    const kept = await one.store.read();
    await one.store.commit({ ...kept, files: { ...kept.files, root: Buffer.from('{"signa') } });
    await one.restart();
    expect(one.catalogue.state().rootVersion).toBe(1);
    expect(await one.refresh()).toBe("fresh");
    expect(one.catalogue.state().rootVersion).toBe(2);
  });

  it("verified bytes are committed in one go, also after a refresh that failed", async () => {
    const kept = createMemoryMetadataStore();
    let commits = 0;
    const store: MetadataStore = {
      ...kept,
      commit(remembered) {
        commits += 1;
        return kept.commit(remembered);
      },
    };
    const one = await createCatalogueBed(here, { store });
    await one.refresh();
    expect(commits).toBe(1);
    await one.refresh();
    expect(commits).toBe(1);
    one.repository.publish();
    one.repository.files.delete("2.targets.json");
    expect(await one.refresh()).toBe("UNAVAILABLE");
    expect(commits).toBe(2);
    const { files } = await store.read();
    expect(files.timestamp).toEqual(one.repository.bytes("timestamp"));
    expect(files.targets).toEqual(one.repository.bytes("targets", 1));
  });

  it("a commit that fails leaves the catalogue as it was", async () => {
    const kept = createMemoryMetadataStore();
    const full = new Set<string>();
    const store: MetadataStore = {
      ...kept,
      async commit(remembered) {
        if (full.has("disk")) throw new HeatpoolError("STORE_FAILED", "no space left on device");
        await kept.commit(remembered);
      },
    };
    const one = await createCatalogueBed(here, { store });
    await one.refresh();
    full.add("disk");
    one.repository.publish();
    expect(await one.refresh()).toBe("STORE_FAILED");
    expect(one.catalogue.trusted()?.version).toBe(1);
    full.clear();
    expect(await one.refresh()).toBe("fresh");
    expect(one.catalogue.trusted()?.version).toBe(2);
  });

  it("where folders cannot be made, a refresh fails and nothing else does", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "file");
    writeFileSync(file, "");
    const one = await createCatalogueBed(join(file, "below"));
    expect(await one.refresh()).toBe("STORE_FAILED");
  });

  it("a link in the folder's place is not followed", async () => {
    const folder = temporaryFolder();
    const elsewhere = temporaryFolder();
    symlinkSync(elsewhere, join(folder, "link"));
    const one = await createCatalogueBed(join(folder, "link"));
    expect(await one.refresh()).toBe("STORE_FAILED");
    expect(readdirSync(elsewhere)).toEqual([]);
  });
});

describe("gap 2: an expiry that is no date never comes", () => {
  const dates = [
    "never",
    "",
    "9999",
    "2027-02-30T00:00:00Z",
    "2027-13-01T00:00:00Z",
    "2027-01-01T24:00:01Z",
    "2027-01-01T00:00:00+00:00",
    "2027-01-01T00:00:00.000Z",
    "2027-01-01 00:00:00Z",
    "+012027-01-01T00:00:00Z",
  ];
  const cases = dates.flatMap((date) =>
    (["root", "timestamp", "snapshot", "targets"] as const).map((role) => [date, role] as const),
  );
  it.each(cases)("%j in %s is refused", async (date, role) => {
    const one = await bed();
    const change = (signed: Json) => {
      signed.expires = date;
    };
    const { repository } = one;
    if (role === "root") repository.root(undefined, change);
    if (role === "targets") repository.targets(change);
    repository.snapshot(role === "snapshot" ? change : undefined);
    repository.timestamp(role === "timestamp" ? change : undefined);
    expect(await one.report()).toMatchObject({ fault: { message: /expires/ } });
    expect(one.catalogue.trusted()).toBeUndefined();
  });

  it.each([0, -1, 1.5, "1", null, 2 ** 53, 1e300])("the version %j is refused", async (version) => {
    const one = await bed();
    const { repository } = one;
    const bytes = repository.bytes("timestamp").toString("latin1");
    const text = bytes.replace(/"version":1}}$/, `"version":${JSON.stringify(version)}}}`);
    expect(text).not.toBe(bytes);
    repository.put("timestamp", 1, Buffer.from(text, "latin1"));
    expect(await one.refresh()).toBe("CATALOGUE_REFUSED");
  });

  it.each([2038, 2106, 2500])("the year %i is a date like any other", async (year) => {
    const one = await bed();
    await one.clock.advance(0);
    one.clock.stepWall(Date.UTC(year, 5, 1));
    one.repository.nowMs = Date.UTC(year, 5, 1);
    one.repository.root();
    one.repository.publish();
    expect(await one.refresh()).toBe("fresh");
    await one.clock.advance(4 * DAY_MS);
    expect(one.catalogue.state().freshness).toBe("STALE");
  });
});

describe("gap 3: one key under two ids counts twice towards a threshold", () => {
  it("a root with such a key is refused", async () => {
    const one = await bed();
    const again = "f".repeat(64);
    one.repository.root(undefined, (signed) => {
      const [first] = signed.roles.root.keyids;
      signed.keys[again] = signed.keys[first];
      signed.roles.root.keyids.push(again);
    });
    expect(await one.report()).toMatchObject({ fault: { message: /one key under two ids/ } });
  });

  it("a key under an id that is not its hash is refused", async () => {
    const one = await bed();
    one.repository.root(undefined, (signed) => {
      const [id] = signed.roles.targets.keyids;
      signed.keys["e".repeat(64)] = signed.keys[id];
      delete signed.keys[id];
      signed.roles.targets.keyids = ["e".repeat(64)];
    });
    expect(await one.report()).toMatchObject({ fault: { message: /not the hash of its key/ } });
  });

  it("a root that one key could replace is refused", async () => {
    const one = await bed();
    one.repository.thresholds.root = 1;
    one.repository.root();
    expect(await one.report()).toMatchObject({ fault: { message: /two signatures at least/ } });
  });
});

describe("gap 4: cached delegated roles are not verified again", () => {
  it("targets with delegations are refused", async () => {
    const one = await bed();
    one.repository.targets((signed) => {
      signed.delegations = { keys: {}, roles: [] };
    });
    one.repository.refreshed();
    expect(await one.report()).toMatchObject({ fault: { message: /delegations/ } });
  });
});

describe("gap 5: expiry is judged with the system's clock", () => {
  it("a clock that was never set expires nothing, and a signed time sets it", async () => {
    const one = await bed();
    one.clock.setSynced(false);
    one.clock.stepWall(0);
    expect(await one.refresh()).toBe("fresh");
    expect(one.catalogue.state().freshness).toBe("FRESH");
  });

  it("a clock a year behind does not bring an expired catalogue back", async () => {
    const one = await bed();
    one.repository.expires.targets = DAY_MS;
    one.repository.publish();
    one.repository.nowMs += 2 * DAY_MS;
    one.repository.refreshed();
    one.clock.setSynced(false);
    one.clock.stepWall(Date.UTC(2025, 10, 1));
    expect(await one.report()).toMatchObject({ fault: { message: /targets: expired/ } });
    expect(one.catalogue.trusted()).toBeUndefined();
  });

  it("after a restart the newest signed time still counts", async () => {
    const one = await bed();
    await one.refresh();
    one.repository.nowMs += 30 * DAY_MS;
    one.repository.publish();
    one.clock.setSynced(false);
    expect(await one.refresh()).toBe("fresh");
    one.clock.stepWall(0);
    await one.restart();
    expect(one.catalogue.state().freshness).toBe("FRESH");
    one.repository.versions.timestamp = 5;
    one.repository.nowMs -= 10 * DAY_MS;
    one.repository.timestamp();
    expect(await one.report()).toMatchObject({ fault: { message: /expired/ } });
  });

  it("a clock a year ahead refuses, keeps what is in use, and recovers when it is set", async () => {
    const one = await bed();
    await one.refresh();
    const rightMs = one.clock.nowMs();
    one.clock.stepWall(rightMs + 366 * DAY_MS);
    one.repository.publish();
    expect(await one.refresh()).toBe("CATALOGUE_REFUSED");
    expect(one.catalogue.trusted()?.version).toBe(1);
    one.clock.stepWall(rightMs);
    expect(await one.refresh()).toBe("fresh");
  });

  it("a timestamp from the future is refused while the clock is right", async () => {
    const one = await bed();
    await one.refresh();
    one.repository.nowMs += 301_000;
    one.repository.publish();
    expect(await one.report()).toMatchObject({ fault: { message: /signed in the future/ } });
    expect(one.catalogue.trusted()?.version).toBe(1);
    await one.clock.advance(1_000);
    expect(await one.refresh()).toBe("fresh");
  });

  it("no time before the package was built is believed", async () => {
    const one = await createCatalogueBed(here, { builtAtMs: Date.UTC(2027, 0, 1) });
    one.clock.stepWall(Date.UTC(2026, 10, 1));
    expect(await one.report()).toMatchObject({ fault: { message: /expired/ } });
  });
});

describe("gap 6: the end of the root chain is told by a class that is not exported", () => {
  it("roots are fetched ahead until there is none, whatever else the source says", async () => {
    const one = await bed();
    one.repository.root();
    one.repository.root();
    expect(await one.refresh()).toBe("fresh");
    expect(one.repository.asked.slice(0, 4)).toEqual([
      "2.root.json",
      "3.root.json",
      "4.root.json",
      "timestamp.json",
    ]);
  });

  it("no answer in the middle of the chain is no end of it", async () => {
    const one = await bed();
    one.repository.root();
    one.repository.root();
    one.repository.answer = async (name) => {
      if (name === "3.root.json") throw new HeatpoolError("UNAVAILABLE", "cut");
      return one.repository.files.get(name);
    };
    expect(await one.refresh()).toBe("UNAVAILABLE");
    expect(one.catalogue.state().rootVersion).toBe(2);
    one.repository.answer = undefined;
    expect(await one.refresh()).toBe("fresh");
    expect(one.catalogue.state().rootVersion).toBe(3);
  });
});

describe("the pinned root", () => {
  it("of another pool makes everything remembered void", async () => {
    const one = await bed();
    await one.refresh();
    one.repository.keys.root = ["x1", "x2", "x3"].map(testKey);
    one.repository.keys.timestamp = [testKey("x timestamp")];
    one.repository.versions.root = 0;
    one.repository.root();
    await one.restart(one.repository.bytes("root", 1));
    expect(one.catalogue.trusted()).toBeUndefined();
    one.repository.releases = [aRelease({ release: 9 })];
    one.repository.publish();
    expect(await one.refresh()).toBe("fresh");
    expect(one.catalogue.trusted()?.find({ modelId: "aero-slm" })?.release).toBe(9);
  });

  it("of a later version is taken, and versions are still remembered", async () => {
    const one = await bed();
    one.repository.publish();
    await one.refresh();
    one.repository.root();
    await one.restart(one.repository.bytes("root", 2));
    expect(one.catalogue.state().rootVersion).toBe(2);
    one.repository.versions.timestamp = 0;
    one.repository.timestamp();
    expect(await one.report()).toMatchObject({ fault: { message: /less than current/ } });
  });

  it("that is none is a fault of the configuration", async () => {
    const one = await bed();
    await expect(one.restart(Buffer.from("{}"))).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
});

describe("looking models up", () => {
  it("gives the highest release that is not revoked, of the model trained last", async () => {
    const one = await bed();
    const old = aRelease({ release: 2, trainedAtMs: 5_000 });
    const other = aRelease({
      modelId: "other",
      trainedAtMs: 9_000,
      heatpumpModels: ["AERO_SLM", "B"],
    });
    one.repository.releases = [
      aRelease({ trainedAtMs: 8_000 }),
      old,
      aRelease({ release: 3, revoked: true }),
      other,
    ];
    one.repository.publish();
    await one.refresh();
    const trusted = one.catalogue.trusted();
    expect(trusted?.find({ modelId: "aero-slm" })?.release).toBe(2);
    expect(trusted?.find({ heatpumpModel: "AERO_SLM" })?.modelId).toBe("other");
    expect(trusted?.find({ heatpumpModel: "B" })?.path).toBe("other/1/model.enc");
    expect(trusted?.at("aero-slm/3/model.enc")?.revoked).toBe(true);
  });

  it("names the director's keys, until the root that lists them ends", async () => {
    const one = await bed();
    await one.refresh();
    const keys = one.catalogue.trusted()?.directorKeys;
    const { id, publicKey } = testKey("director");
    expect(keys?.keys).toEqual({ [id]: publicKey });
    expect(keys?.expiresAtMs).toBe(one.repository.nowMs + 365 * DAY_MS);
  });

  it("does not wait for two refreshes at once", async () => {
    const one = await bed();
    await Promise.all([one.report(), one.report(), one.report()]);
    expect(one.repository.asked.filter((name) => name === "timestamp.json")).toHaveLength(1);
  });
});

it("tuf-js is the version whose gaps these are", () => {
  const text = readFileSync("node_modules/tuf-js/package.json", "utf8");
  expect(JSON.parse(text).version).toBe("5.0.1");
});
