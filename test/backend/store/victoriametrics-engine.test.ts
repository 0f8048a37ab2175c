/** VictoriaMetrics as an engine: what it says is not what it does, so everything is looked up. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createVictoriametricsEngine,
  toPaths,
} from "../../../backend/store/victoriametrics-engine.js";
import {
  decodedBlock,
  FROM_MS,
  rowsOf,
  seriesEngineContract,
} from "../../contract/series-engine-contract.js";
import { type Engine, startVictoriaMetrics } from "../../support/engine.js";
import { isPeerMissing } from "../../support/peer.js";
import { installationId, type Row } from "../../support/pool-bed.js";

const MINE = installationId(1);

describe.skipIf(isPeerMissing("victoria-metrics"))("on a real VictoriaMetrics", () => {
  let peer: Engine;
  beforeAll(async () => {
    peer = await startVictoriaMetrics();
  }, 120_000);
  afterAll(() => peer.stop());
  const open = async () => createVictoriametricsEngine({ url: peer.url, rawMonths: 12 });

  seriesEngineContract("VictoriaMetrics", open, async () => {
    await peer.kill();
    await peer.start();
  });

  it("holds the very values, at the times of the grid", async () => {
    const engine = await open();
    await engine.erase([MINE]);
    const values = [-12, 0, 215, 2_147_483_647, -2_147_483_648, 7];
    const rows: Row[] = values.map((q) => [q, 1, q]);
    const decoded = decodedBlock(MINE, 0, rows);
    decoded.columns.off[1] = 12;
    const writer = engine.begin();
    writer.add(decoded);
    await writer.send();
    await engine.count();
    const query = new URLSearchParams({
      "match[]": `heatpump_temp_outdoor{installation="${MINE}"}`,
    });
    const found = JSON.parse(await (await fetch(`${peer.url}/api/v1/export?${query}`)).text());
    expect(found.values).toEqual(values.map((q) => q / 10));
    expect(found.timestamps).toEqual(values.map((_, k) => FROM_MS + k * 60_000));
    expect(found.metric).toMatchObject({ device: "heatpump", installation: MINE });
  });

  it("tells how many rows it left out", async () => {
    const engine = await open();
    const old = decodedBlock(MINE, 0, rowsOf(5));
    old.columns.slot -= 3 * 365 * 1_440;
    const writer = engine.begin();
    writer.add(old);
    await writer.send();
    // Its counters are told a little later.
    await expect.poll(async () => (await engine.life()).rowsRefused, { timeout: 15_000 }).toBe(15);
  });

  it.each([
    { flags: ["-dedup.none"], says: /dedup\.minScrapeInterval/ },
    { flags: ["-dedup.minScrapeInterval=60s"], says: /dedup\.minScrapeInterval is 1m0s/ },
    { flags: ["-retentionPeriod=30d"], says: /retentionPeriod is 30d, retention.rawMonths is 12/ },
  ])("is refused when started with $flags", async ({ flags, says }) => {
    const other = await startVictoriaMetrics(flags);
    try {
      const engine = createVictoriametricsEngine({ url: other.url, rawMonths: 12 });
      await expect(engine.life()).rejects.toMatchObject({ code: "CONFIG_INVALID", message: says });
    } finally {
      await other.stop();
    }
  });

  it("is away while it is: nothing hangs, and the error says where to look", async () => {
    const engine = createVictoriametricsEngine({ url: "http://127.0.0.1:1", rawMonths: 12 });
    await expect(engine.life()).rejects.toMatchObject({
      code: "STORE_FAILED",
      hint: expect.stringContaining("store.victoriametrics"),
    });
  });
});

it("asks a cluster under the paths of its roles", () => {
  expect(toPaths("7:2")).toEqual({
    insert: "/insert/7:2/prometheus",
    select: "/select/7:2/prometheus",
    remove: "/delete/7:2/prometheus",
  });
});
