/** Engines by configuration: each mistake has its words, and a store moves from one to the others. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openEngines } from "../../../backend/assembly/engines.js";
import type { Machine } from "../../../backend/commands/machine.js";
import { createProgram } from "../../../backend/commands/program.js";
import { parseConfig, toPlaces } from "../../../backend/config.js";
import { openTombstones } from "../../../backend/privacy/tombstones.js";
import { openLevelSnapshotStore } from "../../../backend/store/level-snapshot-store.js";
import { collect, makeCommit } from "../../contract/snapshot-store-contract.js";
import { createChance } from "../../support/chance.js";
import { type Engine, startVictoriaMetrics } from "../../support/engine.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";
import { isPeerMissing } from "../../support/peer.js";
import { installationId } from "../../support/pool-bed.js";
import { withPostgres } from "../../support/postgres-bed.js";

const [MINE, THEIRS, GONE] = [1, 2, 3].map(installationId) as [string, string, string];

function writeConfig(lines: readonly string[]): string {
  const file = join(temporaryFolder(), "backend.yaml");
  writeFileSync(file, ["stateDir: state", ...lines, ""].join("\n"));
  return file;
}

function partsOf(text: string, file: string) {
  const config = parseConfig(text);
  const events: string[] = [];
  const log = (_: string, event: string): void => void events.push(event);
  const clock = createFakeClock(Date.now());
  return { config, places: toPlaces(config, file), clock, chance: createChance(1), log, events };
}

const open = (lines: readonly string[]) => {
  const file = writeConfig(lines);
  const parts = partsOf(["stateDir: state", ...lines].join("\n"), file);
  return { parts, opened: openEngines(parts) };
};

describe("engines in the configuration", () => {
  it.each([
    'store: { engine: victoriametrics, victoriametrics: { url: "http://user:pw@host" } }',
    'store: { engine: victoriametrics, victoriametrics: { url: "host:8428" } }',
    'store: { engine: victoriametrics, victoriametrics: { tenant: "1/../2" } }',
    'registry: { engine: postgresql, postgresql: { url: "postgresql://u:pw@host/db" } }',
    'registry: { engine: postgresql, postgresql: { url: "postgresql://host" } }',
    "registry: { engine: sqlite }",
  ])("refuses %s", (text) => {
    expect(() => parseConfig(text)).toThrow(/CONFIG_INVALID|problem/);
  });

  it("names a file of a secret that cannot be read", async () => {
    const url = 'url: "postgresql://heatpool@127.0.0.1:1/x"';
    const { opened } = open([
      `registry: { engine: postgresql, postgresql: { ${url}, passwordFile: missing } }`,
    ]);
    await expect(opened).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining("missing"),
    });
  });

  it("waits for a VictoriaMetrics that is away: what comes in is kept", async () => {
    const { parts, opened } = open([
      'store: { engine: victoriametrics, victoriametrics: { url: "http://127.0.0.1:1" } }',
    ]);
    const engines = await opened;
    expect(parts.events).toEqual(["store.series-away"]);
    await engines.store.put(makeCommit(MINE, 1));
    expect(await collect(engines.store.blocks())).toHaveLength(1);
    await engines.close();
  });
});

const isAnyMissing = isPeerMissing("victoria-metrics") || isPeerMissing("postgresql");
describe.skipIf(isAnyMissing)("on real engines", () => {
  const bed = withPostgres();
  let peer: Engine;
  beforeAll(async () => {
    peer = await startVictoriaMetrics();
  }, 120_000);
  afterAll(() => peer.stop());

  it("refuses a VictoriaMetrics that would count repeats twice", async () => {
    const other = await startVictoriaMetrics(["-dedup.none"]);
    try {
      const { opened } = open([
        `store: { engine: victoriametrics, victoriametrics: { url: "${other.url}" } }`,
      ]);
      await expect(opened).rejects.toMatchObject({
        code: "CONFIG_INVALID",
        hint: expect.stringContaining("-dedup.minScrapeInterval=1ms"),
      });
    } finally {
      await other.stop();
    }
  });

  it("moves an embedded store to both, with what was erased, and serves from them", async () => {
    const url = await bed.newUrl();
    const lines = [
      `store: { victoriametrics: { url: "${peer.url}" } }`,
      `registry: { postgresql: { url: "${url}" } }`,
    ];
    const file = writeConfig(lines);
    const state = join(file, "../state");
    mkdirSync(state, { recursive: true });
    const old = await openLevelSnapshotStore({ folder: join(state, "store") });
    for (const id of [MINE, THEIRS]) {
      for (let n = 1; n <= 5; n++) await old.put(makeCommit(id, n));
    }
    await old.close();
    await openTombstones(join(state, "tombstones"), createChance(5)).add(GONE);
    const printed: string[] = [];
    const machine = {
      clock: createFakeClock(Date.now()),
      chance: createChance(9),
      version: "1.2.3",
      print: (line: string) => printed.push(line),
    } as unknown as Machine;
    const migrate = (...args: string[]) =>
      createProgram(machine).parseAsync(["migrate", "-c", file, ...args], { from: "user" });
    await expect(migrate("--from", "embedded", "--to", "sqlite")).rejects.toMatchObject({
      code: "USAGE",
    });
    await migrate("--from", "embedded", "--to", "victoriametrics+postgresql", "--json");
    const report = JSON.parse(printed.at(-1) ?? "");
    expect(report).toMatchObject({ copied: 2, samples: 60 });
    expect(report.before).toEqual(report.after);
    expect(report.after).toMatchObject({ installations: 2, blocks: 10, readings: 60 });

    const parts = partsOf(
      [
        "stateDir: state",
        `store: { engine: victoriametrics, victoriametrics: { url: "${peer.url}" } }`,
        `registry: { engine: postgresql, postgresql: { url: "${url}" } }`,
      ].join("\n"),
      file,
    );
    const engines = await openEngines(parts);
    expect(engines.shared?.tombstones.has(GONE)).toBe(true);
    await expect(engines.store.claim(GONE)).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    expect((await engines.store.claim(MINE))?.snapshotsStored).toBe(10);
    await engines.store.put(makeCommit(MINE, 6));
    expect(engines.store.totals().batchesStored).toBe(11);
    expect(Math.min(...((await engines.shared?.store.reserveColumns()) ?? []))).toBeGreaterThan(0);
    await engines.close();
  });
});
