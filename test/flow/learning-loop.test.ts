/**
 * The whole loop on simulated installations: five houses send a month, the backend trains, a sixth
 * house watches with what came out, its fan fails, and the owner is told what departs and that it is
 * over. Sealing and pushing of the bytes between have flows of their own. Same seeds, same story.
 */
import { expect, it } from "vitest";
import { createMemorySnapshotStore } from "../../backend/store/memory-snapshot-store.js";
import { simulateHeatPump } from "../../bench/heat-pump-simulator.js";
import { simulateFleet } from "../../bench/simulated/fleet.js";
import { temporaryFolder } from "../support/folder.js";
import { DEVICE_ID, openScorerBed } from "../support/scorer-bed.js";
import { MODEL, openTraining, sendTable } from "../support/training-bed.js";

const DAY_MS = 86_400_000;
const TRAIN_MS = Date.parse("2026-10-01T00:00:00Z");
const NOW_MS = Date.parse("2026-11-01T03:30:00Z");
const HOME_MS = Date.parse("2026-11-02T00:00:00Z");
const HOME_DAYS = 34;
/** A new device is watched silently for a fortnight. */
const FAULT_MS = HOME_MS + 20 * DAY_MS;
const REPAIR_MS = FAULT_MS + 4 * DAY_MS;
const MODES = ["off", "heating", "hot_water", "defrost"] as const;

it("what five houses sent finds the failing fan of a sixth, and tells when it is mended", async () => {
  const store = createMemorySnapshotStore();
  const fleet = { seed: 3, installations: 5, startMs: TRAIN_MS, days: 31, poisonedShare: 0 };
  for (const [column, { installationId, table }] of [...simulateFleet(fleet)].entries())
    await sendTable(store, installationId, table, { column });
  const { training } = await openTraining(store, NOW_MS);
  const [report] = await training.train({ heatpumpModel: MODEL }, new AbortController().signal);
  expect(report).toMatchObject({ outcome: "candidate", installations: 5 });
  const plain = report?.content ?? new Uint8Array();

  const faults = [
    { fault: "fan_failure", severity: 1, startMs: FAULT_MS, endMs: REPAIR_MS },
  ] as const;
  const home = simulateHeatPump({ seed: 900, startMs: HOME_MS, days: HOME_DAYS, faults });
  const bed = await openScorerBed(temporaryFolder(), {
    devices: [{ deviceId: DEVICE_ID, heatpumpModel: MODEL, modeOf: (code) => MODES[code] }],
    community: { newest: () => ({ modelId: "air-9", release: 20261000, plain }) },
    rules: { daysMin: HOME_DAYS + 1 },
  });
  await bed.feed(home);
  await bed.stop();

  expect(bed.scorer.devices()[0]?.model.source).toBe("community");
  const alarms = bed.scorer.alarms().filter(({ kind }) => kind !== "slow");
  expect(alarms).toHaveLength(1);
  const [alarm] = alarms;
  expect(alarm?.source).toBe("community");
  expect(alarm?.parts.slice(0, 2).map(({ id }) => id)).toContain("heating.fan");
  expect(alarm?.raisedAtMs).toBeGreaterThan(FAULT_MS);
  expect(alarm?.raisedAtMs).toBeLessThan(REPAIR_MS);
  expect(alarm?.resolvedAtMs).toBeGreaterThan(REPAIR_MS);
  expect(alarm?.text.de).toContain("Verglichen mit dem Modell der Gemeinschaft");
  const told = bed.notices.filter(({ subject }) => subject.includes(`/${alarm?.id}`));
  expect(told.map(({ isResolved }) => isResolved).at(0)).toBe(false);
  expect(told.filter(({ isResolved }) => isResolved)).toHaveLength(1);
}, 900_000);
