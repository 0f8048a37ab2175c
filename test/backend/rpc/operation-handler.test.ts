/** The operator's questions pass the wire unchanged, and what cannot be done says why. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AdminClient, connectAdmin } from "../../../backend/rpc/admin-client.js";
import { type OpenDoor, openDoor } from "../../support/door.js";
import { QUALITY } from "../../support/fake-behind.js";

let door: OpenDoor;
let admin: AdminClient;

beforeAll(async () => {
  door = await openDoor();
  admin = connectAdmin(`127.0.0.1:${door.ports.admin}`, undefined, { nowMs: () => Date.now() });
});

afterAll(async () => {
  admin.close();
  await door.close();
});

describe("the operator's questions", () => {
  it("status says how store, intake, jobs and catalogue do", async () => {
    const status = await admin.status();
    const { operation } = door.behind;
    const { storage, intake, logLevel } = await operation.state();
    expect(status).toMatchObject({ logLevel, intake, storage: { ...storage, well: true } });
    // Of the runs only the newest.
    const [job] = operation.jobs();
    expect(status.jobs).toEqual([{ ...job, runs: job?.runs.slice(-1) }]);
    expect(status.catalogue).toEqual({
      roles: [{ role: "root", version: 1, expiresAtMs: 1_800_000_000_000 }],
      models: [
        {
          modelId: "idm",
          release: 3,
          heatpumpModels: ["idm/navigator-2.0"],
          installations: 41,
          trainedAtMs: 1_789_000_000_000,
          bytes: 4_000,
          revoked: false,
        },
      ],
      proposed: 0,
      autoSign: false,
    });
  });

  it("the schedule has all runs that are kept", async () => {
    expect(await admin.schedule()).toEqual(door.behind.operation.jobs());
  });

  it("a run that failed is told, not thrown; a job that is not there is", async () => {
    const run = await admin.runJob("retention");
    expect(run).toMatchObject({ outcome: "failed", detail: "the disk is full", dueMs: 0 });
    await expect(admin.runJob("nothing")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(admin.runJob("")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("quality of all models, or of one", async () => {
    expect(await admin.quality("")).toEqual(QUALITY);
    expect(await admin.quality("idm/navigator-2.0")).toEqual(QUALITY);
    expect((await admin.quality("other/one")).models).toEqual([]);
  });

  it("quotas change by what is named, and only by that", async () => {
    const before = await admin.quotas();
    const changes = { batchesPerSecond: 0.25, snapshotsPerDay: 0 };
    expect(await admin.setQuotas(changes)).toEqual({ ...before, ...changes });
    expect(await admin.quotas()).toEqual({ ...before, ...changes });
  });

  it("the log's level changes, or is refused", async () => {
    expect(await admin.setLogLevel("debug")).toBe("info");
    await expect(admin.setLogLevel("all")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});
