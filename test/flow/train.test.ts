/** From readings in the store to a release, as an operator types it: nothing is published unasked. */
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { openLevelSnapshotStore } from "../../backend/store/level-snapshot-store.js";
import { simulateHeatPump } from "../../bench/heat-pump-simulator.js";
import { createBackendProgram } from "../support/backend-program.js";
import { temporaryFolder } from "../support/folder.js";
import { MODEL, sendTable } from "../support/training-bed.js";

const PROGRAM = resolve("dist/backend/main.js");
const DAY_MS = 86_400_000;
const DAYS = 31;
/** The same weather on whatever day this runs. */
const OCTOBER_MS = Date.parse("2026-10-01T00:00:00Z");
const INSTALLATIONS = 5;
/** Minutes of arithmetic on a busy machine. */
const LONG_MS = 600_000;
const folder = temporaryFolder();
const config = join(folder, "backend.yaml");

beforeAll(async () => {
  const lines = [
    `stateDir: ${folder}`,
    "main: { host: 127.0.0.1, port: 0 }",
    "identity: { mode: token }",
    "cohort: { probationDays: 0 }",
    "privacy: { closedTestPool: true }",
    `training: { publishInstallationsMin: ${INSTALLATIONS}, threads: 2 }`,
  ];
  writeFileSync(config, lines.join("\n"));
  writeFileSync(join(folder, "store-key"), Buffer.alloc(32, 4), { mode: 0o600 });
  const store = await openLevelSnapshotStore({ folder: join(folder, "store") });
  const startMs = (Math.floor(Date.now() / DAY_MS) - DAYS) * DAY_MS;
  for (let seed = 1; seed <= INSTALLATIONS; seed++) {
    const id = `00000000-0000-4000-8000-00000000000${seed}`;
    const table = simulateHeatPump({ seed, startMs: OCTOBER_MS, days: DAYS });
    for (const [row, at] of table.timesMs.entries()) table.timesMs[row] = at - OCTOBER_MS + startMs;
    await sendTable(store, id, table, { column: seed });
  }
  await store.close();
}, LONG_MS);

/** The built program: worker threads are files of it. */
function run(...words: string[]) {
  const args = [PROGRAM, ...words, "--config", config];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  return { status, stderr, answer: stdout === "" ? undefined : JSON.parse(stdout) };
}

describe.skipIf(!existsSync(PROGRAM))(
  "training by hand (needs dist, see scripts/build.mjs)",
  () => {
    it("that is ended says so, and that the next one goes on", async () => {
      const program = createBackendProgram();
      program.stop();
      expect(await program.fail("train", "--config", config)).toMatchObject({
        code: "INTERRUPTED",
        exitStatus: 130,
        hint: expect.stringContaining("next run goes on"),
      });
    });

    it(
      "keeps nothing of a dry run, then a candidate, which becomes a release if it is good",
      () => {
        const dry = run("train", "--model", MODEL, "--dry-run", "--json");
        // Progress is for a person at a terminal.
        expect(dry.stderr).toBe("");
        expect(dry.answer).toMatchObject({ dryRun: true, models: [{ installations: 5 }] });
        expect(run("models", "candidates", "--json").answer).toEqual({ candidates: [] });

        const kept = run("train", "--model", MODEL, "--json");
        const [trained] = kept.answer.models;
        const [again] = dry.answer.models;
        expect([trained.card, trained.bytes]).toEqual([again.card, again.bytes]);
        const { candidates } = run("models", "candidates", "--json").answer;
        const { outcome, modelId, card } = trained;
        expect(candidates).toMatchObject([{ outcome, card }]);
        expect(run("models", "list", "--json").answer).toEqual({ releases: [] });

        const released = run("models", "publish", modelId, card.version, "--json");
        const isGood = card.gates.every((gate: { isPassed: boolean }) => gate.isPassed);
        expect(outcome).toBe(isGood ? "candidate" : "refused");
        // How the months of a year are cut depends on the day; what follows from it does not.
        expect(released.status === 0).toBe(isGood);
        if (!isGood) expect(released.stderr).toContain("was refused");
        const { releases } = run("models", "list", "--json").answer;
        const facts = { modelId, release: 1, heatpumpModels: [MODEL], kInstallations: 5 };
        expect(releases).toMatchObject(isGood ? [facts] : []);
      },
      LONG_MS,
    );

    it(
      "says why nothing comes of it",
      () => {
        const nobody = run("train", "--model", "acme/none");
        expect(nobody.stderr).toContain("nobody contributes to acme/none");
        expect(nobody.status).not.toBe(0);
        expect(run("train", "--since", "2026-13").stderr).toContain("a month like 2026-05");
      },
      LONG_MS,
    );
  },
);
