/** The audit finds a planted address and a planted id wherever they lie, and nothing where none is. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openLevelSnapshotStore } from "../../../backend/store/level-snapshot-store.js";
import { writeBackendConfig } from "../../support/backend-process.js";
import { createBackendProgram } from "../../support/backend-program.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";
import {
  installationId,
  introduce,
  makeBatch,
  openBed,
  openDelivery,
  TABLE,
} from "../../support/pool-bed.js";

const START_MS = Date.UTC(2026, 10, 1);
const ROW = [100, 350, 120];

/** A store with data as they come, and what else is to be planted in it. */
async function fill(plant: { record?: string; model?: string } = {}) {
  const folder = temporaryFolder();
  const config = writeBackendConfig(folder);
  mkdirSync(join(folder, "state"));
  const store = await openLevelSnapshotStore({ folder: join(folder, "state/store") });
  const bed = await openBed(store, createFakeClock(START_MS));
  const [device] = introduce(installationId(1)).devices;
  if (device === undefined) throw new Error("no device");
  const devices = [{ ...device, heatpumpModel: plant.model ?? device.heatpumpModel }];
  const delivery = await openDelivery(bed, installationId(1), { devices });
  await delivery.take(makeBatch(1, START_MS - 3_600_000, [ROW, [40_000, 1, 1]]));
  const loss = { number: 1, reason: "shutdown", deviceId: undefined, fromMs: 0, toMs: START_MS };
  await delivery.takeLosses([{ ...loss, snapshots: 7, batches: undefined }]);
  await bed.community.release();
  if (plant.record !== undefined) await store.putRecord("planted", Buffer.from(plant.record));
  await store.close();
  expect(TABLE.channels).toHaveLength(3);
  return { folder, config, program: createBackendProgram() };
}

/** The report of an audit that found something. */
async function audit(bed: Awaited<ReturnType<typeof fill>>, ...more: string[]) {
  const error = await bed.program.fail("privacy", "audit", "-c", bed.config, "--json", ...more);
  expect(error.code).toBe("STATE_INVALID");
  return JSON.parse(bed.program.lines[0] ?? "").findings as Record<string, string>[];
}

describe("privacy audit", () => {
  it("does not call clean what it cannot read", async () => {
    const folder = temporaryFolder();
    const config = writeBackendConfig(folder);
    mkdirSync(join(folder, "state"));
    // A file that not even root reads from its beginning.
    symlinkSync("/proc/self/mem", join(folder, "state/notes"));
    const program = createBackendProgram();
    const error = await program.fail("privacy", "audit", "-c", config);
    expect(error).toMatchObject({ code: "PERMISSION_DENIED", hint: expect.any(String) });
    expect(program.lines).toEqual([]);
  });

  it("finds nothing in a store and a log as the backend writes them", async () => {
    const { folder, config, program } = await fill();
    const log = join(folder, "log");
    writeFileSync(log, '{"time":"2026-11-01T10:00:00.000Z","what":"to 192.168.xxx.xxx, 0000…"}\n');
    const report = await program.ask("privacy", "audit", "-c", config, "--log", log);
    expect(report).toMatchObject({ findings: [], more: 0 });
    expect(report.texts).toBeGreaterThan(5);
  });

  it.each([
    ["192.0.2.77", "192.0.xxx.xxx"],
    ["2001:db8::7", "2001:db8:xxxx:xxxx"],
    ["::ffff:192.0.2.77", "192.0.xxx.xxx"],
  ])("finds %s in a record, and does not repeat it", async (address, cut) => {
    const findings = await audit(await fill({ record: `{"peer":"${address}"}` }));
    expect(findings).toEqual([
      { where: "record planted", what: "network address", excerpt: `{"peer":"${cut}"}` },
    ]);
  });

  it("finds an installation's id in a record, in whatever spelling", async () => {
    const id = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
    for (const spelt of [id, id.toUpperCase(), id.replaceAll("-", "")]) {
      const [finding] = await audit(await fill({ record: `members ${spelt}` }));
      expect(finding).toMatchObject({ where: "record planted", what: "installation id" });
      expect(finding?.excerpt).toMatch(/^members 7c9e…$/i);
    }
  });

  it("finds an address that an installation sent as a name", async () => {
    const findings = await audit(await fill({ model: "pump at 192.0.2.77" }));
    const places = findings.map(({ where }) => where);
    expect(places).toEqual(expect.arrayContaining(["a batch", "a record of installation"]));
  });

  it("finds both in a log that is named, with the line, and in a file beside the store", async () => {
    const bed = await fill();
    const log = join(bed.folder, "proxy.log");
    writeFileSync(log, `all well\n192.0.2.77 GET /?installation_id=${installationId(1)}\n`);
    writeFileSync(join(bed.folder, "state/notes"), "seen from 198.51.100.4");
    const findings = await audit(bed, "--log", log);
    expect(findings.map(({ where, what }) => [where, what])).toEqual([
      ["notes", "network address"],
      [`${log}:2`, "network address"],
      [`${log}:2`, "installation id"],
    ]);
    expect(JSON.stringify(findings)).not.toMatch(/192\.0\.2|198\.51\.100|0000-4000/);
  });
});
