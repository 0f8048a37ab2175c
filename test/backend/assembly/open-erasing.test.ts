/** Erasing, as it is put together: whoever knows an installation is told to forget it. */
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { openEngines } from "../../../backend/assembly/engines.js";
import { openErasing } from "../../../backend/assembly/open-erasing.js";
import { openIntake } from "../../../backend/assembly/open-intake.js";
import { openRegisters } from "../../../backend/assembly/open-registers.js";
import type { BackendParts } from "../../../backend/assembly/parts.js";
import { parseConfig, toPlaces } from "../../../backend/config.js";
import { createBearerToken } from "../../../backend/enrolment/bearer-tokens.js";
import { createVitals } from "../../../backend/http/vitals.js";
import { createChance } from "../../support/chance.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";
import { installationId, introduce, makeBatch, STEP_MS, TABLE } from "../../support/pool-bed.js";

const [GONE, STAYS] = [installationId(1), installationId(2)];
const START_MS = Date.UTC(2026, 10, 20);

async function open() {
  const folder = temporaryFolder();
  const config = parseConfig("stateDir: state\n");
  const chance = createChance(3);
  const parts: BackendParts = {
    ...{ config, chance, clock: createFakeClock(START_MS), version: "1.2.3", warnings: [] },
    places: toPlaces(config, join(folder, "backend.yaml")),
    log: () => undefined,
    tag: (id) => id.slice(0, 4),
    logControl: { levels: ["info"], level: () => "info", setLevel: () => undefined },
    process: () => ({ residentBytes: 0, cpuSeconds: 0 }),
    ...{ identity: undefined, authority: undefined, storeKey: undefined },
    onBug(bug) {
      throw bug;
    },
  };
  const engines = await openEngines(parts);
  const registers = await openRegisters(parts, engines, () => undefined);
  const { ingest } = await openIntake(parts, registers, createVitals());
  return { parts, engines, registers, ingest };
}

it("tokens and pushing forget who was erased, and nobody else", async () => {
  const { parts, engines, registers, ingest } = await open();
  for (const id of [GONE, STAYS]) {
    const delivery = await ingest.open(introduce(id));
    if (delivery.unknownTables.length > 0) await delivery.learnTable(TABLE);
    await delivery.take(makeBatch(1, START_MS - STEP_MS, [[1, 300, 120]]));
    delivery.close();
    const file = parts.places.httpTokensFile;
    mkdirSync(dirname(file), { recursive: true });
    await createBearerToken(file, { installationId: id, label: "test" }, parts.chance);
  }
  const forgotten: string[] = [];
  const erase = await openErasing(parts, registers, ingest, (id) => forgotten.push(id));
  const receipt = await erase(GONE, async () => undefined);
  expect(receipt).toMatchObject({ installationId: GONE, batches: 1 });
  expect(forgotten).toEqual([GONE]);
  const tokens = readFileSync(parts.places.httpTokensFile, "utf8");
  expect([tokens.includes(GONE), tokens.includes(STAYS)]).toEqual([false, true]);
  expect([registers.registry.find(GONE), registers.registry.find(STAYS)?.installationId]).toEqual([
    undefined,
    STAYS,
  ]);
  await engines.close();
});
