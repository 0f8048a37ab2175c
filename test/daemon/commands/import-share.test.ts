/** What an earlier logger kept is contributed with consent, once, and beside what is read now. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSealed } from "../../../core/batch/batch-reader.js";
import { readTimes } from "../../../core/batch/columns.js";
import { toDeviceStream } from "../../../daemon/assembly/device-streams.js";
import { openBacklog } from "../../../daemon/assembly/open-backlog.js";
import { openState } from "../../../daemon/assembly/state-files.js";
import type { Backlog } from "../../../daemon/backlog/backlog.js";
import { importCsv } from "../../../daemon/commands/history.js";
import { readSetup } from "../../../daemon/commands/setup.js";
import type { Terminal } from "../../../daemon/commands/terminal.js";
import { createChance } from "../../support/chance.js";
import { createFakeClock, type FakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";

const NOW_MS = Date.UTC(2026, 10, 20, 12);
const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;

interface House {
  readonly folder: string;
  readonly config: string;
  readonly clock: FakeClock;
  readonly warned: string[];
  /** What is left of the file when `ending` fires is not read. */
  import(
    lines: readonly string[],
    share?: boolean,
    ending?: AbortSignal,
  ): Promise<{ sharing?: Record<string, number> }>;
  grant(): void;
  /** The backlog as the daemon opens it. */
  withBacklog<T>(act: (backlog: Backlog) => Promise<T>): Promise<T>;
}

function createHouse(backend = "backend: { url: pool.example.org:7443 }"): House {
  const folder = temporaryFolder();
  const config = join(folder, "etc/heatpool.yaml");
  mkdirSync(dirname(config));
  const lines = [
    "devices: [{ host: 127.0.0.1, profile: idm/navigator-2.0 }]",
    `stateDir: ${join(folder, "state")}`,
    `runtimeDir: ${join(folder, "run")}`,
    backend,
  ];
  writeFileSync(config, lines.join("\n"));
  const clock = Object.assign(createFakeClock(NOW_MS), { learn: () => undefined });
  const printed: string[] = [];
  const warned: string[] = [];
  const terminal = {
    print: (line: string) => printed.push(line),
    warn: (line: string) => warned.push(line),
    clock,
    chance: createChance(3),
    version: "0.1.0",
    ending: new AbortController().signal,
  } as unknown as Terminal;
  const setup = readSetup(config);
  const { book, backlogFolder } = openState(setup.config, clock, "0.1.0");
  return {
    folder,
    config,
    clock,
    warned,
    async import(rows, share = true, ending = terminal.ending) {
      const file = join(folder, "past.csv");
      writeFileSync(file, ["time,temp_flow,temp_outdoor", ...rows].join("\n"));
      await importCsv({ config, json: true, share }, { ...terminal, ending }, [file]);
      return JSON.parse(printed.pop() ?? "");
    },
    grant: () => void book.grant({ locale: "en", scopes: [] }),
    async withBacklog(act) {
      const parts = { ...setup, clock, chance: createChance(4) };
      const backlog = await openBacklog(parts, backlogFolder);
      try {
        return await act(backlog);
      } finally {
        await backlog.close();
      }
    },
  };
}

const line = (atMs: number, flow = 35) => `${new Date(atMs).toISOString()},${flow},-1.5`;
const minutes = (fromMs: number, count: number) =>
  Array.from({ length: count }, (_, k) => line(fromMs + k * MINUTE_MS, 30 + (k % 10)));

/** Times of all rows that wait, in the order in which they go out. */
async function waitingTimes(backlog: Backlog): Promise<readonly number[]> {
  const times: number[] = [];
  for (const { epochId } of backlog.epochs()) {
    for (const { sealed } of await backlog.after(epochId, 0, 100)) {
      const stream = backlog
        .streams()
        .find(({ table }) => Buffer.compare(table.id, sealed.tableId) === 0);
      if (stream === undefined) throw new Error("a batch without its table");
      const columns = openSealed(sealed, stream.table);
      const mine = new Float64Array(columns.rows);
      readTimes(columns, mine);
      times.push(...mine);
    }
  }
  return times;
}

describe("heatpool import --share", () => {
  it("contributes nothing before consent, and not even begins", async () => {
    const house = createHouse();
    const rows = minutes(NOW_MS - 10 * DAY_MS, 5);
    await expect(house.import(rows)).rejects.toMatchObject({ code: "CONSENT_MISSING" });
    expect((await house.import(rows, false)).sharing).toBeUndefined();
    expect(await house.withBacklog(async (backlog) => backlog.status().recorded)).toBe(0);
    const alone = createHouse("");
    await expect(alone.import(rows)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("contributes what was imported before consent, once, however often it is repeated", async () => {
    const house = createHouse();
    const fromMs = NOW_MS - 10 * DAY_MS;
    const rows = minutes(fromMs, 3000);
    await house.import(rows, false);
    house.grant();
    expect(await house.import(rows)).toMatchObject({
      rows: 3000,
      values: 0,
      sharing: { shared: 3000, known: 0, live: 0, old: 0, waiting: 0 },
    });
    const more = [...rows, line(fromMs + 3000 * MINUTE_MS)];
    expect(await house.import(more)).toMatchObject({ sharing: { shared: 1, known: 3000 } });
    const times = await house.withBacklog(waitingTimes);
    expect(times).toEqual(Array.from({ length: 3001 }, (_, k) => fromMs + k * MINUTE_MS));
  });

  it("that is ended is told from a whole one, and may be repeated", async () => {
    const house = createHouse();
    const rows = minutes(NOW_MS - 10 * DAY_MS, 5);
    await expect(house.import(rows, false, AbortSignal.abort())).rejects.toMatchObject({
      code: "INTERRUPTED",
      hint: expect.stringContaining("counts once"),
    });
    expect(await house.import(rows, false)).toMatchObject({ rows: 5, values: 10 });
    // Nor is one of nothing.
    await expect(house.import([], false)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(house.import(["2026-13-01,1,2"], false)).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });

  it("takes a row a minute, nothing that the daemon shared itself, nothing too old", async () => {
    const house = createHouse();
    house.grant();
    const rows = [
      line(NOW_MS - 500 * DAY_MS),
      line(NOW_MS - 3 * DAY_MS),
      line(NOW_MS - 3 * DAY_MS + 10_000),
      line(NOW_MS - 3 * DAY_MS + 70_000),
      line(NOW_MS + 1),
    ];
    expect((await house.import(rows)).sharing).toEqual({
      ...{ shared: 2, known: 1, live: 1, old: 1, waiting: 0 },
    });
  });

  it("passes bad rows over with their lines, and contributes the others", async () => {
    const house = createHouse();
    house.grant();
    const at = NOW_MS - DAY_MS;
    const said = await house.import([line(at), "yesterday,35,-1", line(at + MINUTE_MS, 9999)]);
    expect(said).toMatchObject({ faults: 2, sharing: { shared: 2 } });
    expect(house.warned).toEqual([
      "line 3: yesterday is no time",
      expect.stringMatching(/^line 4: temp_flow: 9999 is outside/),
    ]);
  });

  it("leaves an epoch of its own, so that what is read now goes first", async () => {
    const house = createHouse();
    house.grant();
    await house.withBacklog(async (backlog) => {
      backlog.record(snapshotNow(house));
    });
    await house.import(minutes(NOW_MS - 2 * DAY_MS, 10));
    await house.withBacklog(async (backlog) => {
      const [before, imported, current] = backlog.epochs();
      expect(before).toMatchObject({ firstUnacked: 1, lastSealed: 1 });
      expect(imported).toMatchObject({ firstUnacked: 1, lastSealed: 1 });
      expect(current).toMatchObject({ lastSealed: 0 });
      backlog.record(snapshotNow(house));
      await backlog.seal();
      expect(backlog.epochs().at(-1)).toMatchObject({ lastSealed: 1 });
      expect(backlog.status().unaccounted).toBe(0);
      expect(await backlog.losses(0, 10)).toEqual([]);
    });
  });

  it("stops at half of the backlog's room, and goes on when that is free again", async () => {
    const house = createHouse();
    house.grant();
    writeFileSync(house.config, "\nbacklog: { limitMiB: 4 }", { flag: "a" });
    const filler = 3 * 2 ** 20;
    mkdirSync(join(house.folder, "state/backlog"), { recursive: true });
    writeFileSync(join(house.folder, "state/backlog/filler"), Buffer.alloc(filler));
    const rows = minutes(NOW_MS - 2 * DAY_MS, 10);
    const full = await house.import(rows);
    expect(full.sharing).toMatchObject({ shared: 0, waiting: 10 });
  });
});

function snapshotNow({ config, clock }: House) {
  const [device] = readSetup(config).devices;
  if (device === undefined) throw new Error("no device");
  const [channel] = toDeviceStream(device).table.channels;
  clock.stepWall(clock.nowMs() + MINUTE_MS);
  return {
    deviceId: device.config.deviceId,
    takenAtMs: clock.nowMs(),
    monotonicMs: clock.monotonicMs(),
    clockSynced: true,
    readings: [{ metric: channel?.metric ?? "", value: 1, quality: "good" as const }],
  };
}
