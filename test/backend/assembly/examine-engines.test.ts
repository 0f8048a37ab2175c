/**
 * The doctor in front of real engines: each that could not keep data is named with what to do, and
 * looking changes nothing.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { examineEngines } from "../../../backend/assembly/examine-engines.js";
import { demandSharedFolders } from "../../../backend/assembly/open-models.js";
import { parseConfig, toPlaces } from "../../../backend/config.js";
import { createChance } from "../../support/chance.js";
import { startVictoriaMetrics } from "../../support/engine.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";
import { isPeerMissing } from "../../support/peer.js";
import { withPostgres } from "../../support/postgres-bed.js";

function partsOf(lines: readonly string[]) {
  const file = join(temporaryFolder(), "backend.yaml");
  const text = ["stateDir: state", ...lines, ""].join("\n");
  writeFileSync(file, text);
  const config = parseConfig(text);
  return { config, places: toPlaces(config, file), clock: createFakeClock() };
}

const postgres = (url: string, more = ""): string =>
  `registry: { engine: postgresql, postgresql: { url: "${url}" ${more} } }`;
const series = (url: string): string =>
  `store: { engine: victoriametrics, victoriametrics: { url: "${url}" } }`;

async function run(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(text).finally(() => client.end());
}

async function readsOnly(url: string): Promise<boolean> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return /^vm_storage_is_read_only\{.*\} 1$/m.test(metrics);
}

describe("engines that are not there", () => {
  it("are each told with where to look", async () => {
    const facts = await examineEngines(
      partsOf([postgres("postgresql://heatpool@127.0.0.1:1/x"), series("http://127.0.0.1:1")]),
    );
    expect(facts).toMatchObject([
      {
        engine: "postgresql",
        verdict: "bad",
        text: expect.stringContaining("ECONNREFUSED"),
        remedy: expect.stringContaining("registry.postgresql"),
      },
      {
        engine: "victoriametrics",
        verdict: "bad",
        text: expect.stringContaining("victoriametrics: "),
        remedy: expect.stringContaining("readings wait until it is back"),
      },
    ]);
  });

  it("are not asked for where everything is embedded", async () => {
    expect(await examineEngines(partsOf([]))).toEqual([]);
  });

  it("are told when the file of the password is missing", async () => {
    const lines = [postgres("postgresql://heatpool@127.0.0.1:1/x", ", passwordFile: gone")];
    expect(await examineEngines(partsOf(lines))).toMatchObject([
      { verdict: "bad", text: expect.stringContaining("gone") },
    ]);
  });
});

describe.skipIf(isPeerMissing("postgresql"))("a real PostgreSQL", () => {
  const bed = withPostgres();

  it("is good before its first start, and no table is made by looking", async () => {
    const url = await bed.newUrl();
    const [fact] = await examineEngines(partsOf([postgres(url)]));
    expect(fact).toMatchObject({ engine: "postgresql", verdict: "good" });
    expect(fact?.text).toMatch(/^PostgreSQL \d+\.\d+ keeps .*first start makes its tables\.$/);
    await expect(run(url, "SELECT 1 FROM migration")).rejects.toThrow("does not exist");
  });

  it("is good with its tables", async () => {
    const url = await bed.newUrl();
    await bed.open(url);
    const facts = await examineEngines(partsOf([postgres(url)]));
    expect(facts.map(({ verdict }) => verdict)).toEqual(["good", "good"]);
  });

  it("that only reads, is newer than we, or knows no such user, is bad", async () => {
    const reading = await bed.newUrl();
    const name = new URL(reading).pathname.slice(1);
    await run(reading, `ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    const newer = await bed.newUrl();
    await bed.open(newer);
    await run(newer, "INSERT INTO migration VALUES (999)");
    const stranger = new URL(await bed.newUrl());
    stranger.username = "nobody";
    for (const [url, text, remedy] of [
      [reading, "only reads", "primary"],
      [newer, "step 999", "newer version"],
      [stranger.href, 'role "nobody" does not exist', "registry.postgresql"],
    ] as const) {
      expect(await examineEngines(partsOf([postgres(url)]))).toMatchObject([
        {
          verdict: "bad",
          text: expect.stringContaining(text),
          remedy: expect.stringContaining(remedy),
        },
      ]);
    }
  });

  it("is told apart from another process's folder of models", async () => {
    const url = await bed.newUrl();
    const database = await bed.open(url);
    const first = partsOf([postgres(url)]);
    const chance = createChance(1);
    await demandSharedFolders({ ...first, chance, storeKey: Buffer.alloc(32) }, database);
    const [, same] = await examineEngines(first);
    expect(same).toMatchObject({ engine: "shared folders", verdict: "good" });
    const second = partsOf([postgres(url)]);
    const [, other] = await examineEngines(second);
    expect(other).toMatchObject({
      engine: "shared folders",
      verdict: "bad",
      remedy: expect.stringContaining("catalogue.folder"),
    });
    // Nor does such a process start, with keys of its own or with none.
    const started = demandSharedFolders({ ...second, chance }, database);
    await expect(started).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    const folder = `catalogue: { folder: "${join(first.places.catalogueDir, "..")}" }`;
    const third = partsOf([postgres(url), folder]);
    expect((await examineEngines(third)).map(({ verdict }) => verdict)).toEqual(["good", "good"]);
  });
});

describe.skipIf(isPeerMissing("victoria-metrics"))("a real VictoriaMetrics", () => {
  it.each([
    ["as it has to be", [], "good", "set up as it has to be", undefined],
    ["without dedup", ["-dedup.none"], "bad", "count twice", "-dedup.minScrapeInterval=1ms"],
    [
      "with a wide dedup",
      ["-dedup.minScrapeInterval=1m"],
      "bad",
      "minScrapeInterval is 1m",
      "-dedup.minScrapeInterval=1ms",
    ],
    [
      "that forgets too early",
      ["-retentionPeriod=30d"],
      "bad",
      "-retentionPeriod is 30d, retention.rawMonths is 12",
      "-retentionPeriod=12",
    ],
    [
      "whose disk is full",
      ["-storage.minFreeDiskSpaceBytes=1000000000000000"],
      "bad",
      "it only reads",
      "readings wait",
    ],
  ] as const)("%s is told", async (_, flags, verdict, text, remedy) => {
    const engine = await startVictoriaMetrics(flags);
    try {
      // It looks at its disk a moment after it came up.
      const isFull = text === "it only reads";
      while (isFull && !(await readsOnly(engine.url)));
      const [fact] = await examineEngines(partsOf([series(engine.url)]));
      expect(fact).toMatchObject({ verdict, text: expect.stringContaining(text) });
      if (remedy !== undefined) expect(fact?.remedy).toContain(remedy);
    } finally {
      await engine.stop();
    }
  });
});
