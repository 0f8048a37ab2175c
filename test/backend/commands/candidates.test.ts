/** What the operator types about candidates, and what becomes of it. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openLevelSnapshotStore } from "../../../backend/store/level-snapshot-store.js";
import { keepCandidate } from "../../../backend/train/candidates.js";
import { openCommandBed } from "../../support/command-bed.js";
import { CANDIDATE, CARD } from "../../support/fake-training.js";

const { modelId } = CANDIDATE;

async function build() {
  const bed = openCommandBed();
  const { folder } = bed;
  mkdirSync(join(folder, "store"), { recursive: true });
  const store = await openLevelSnapshotStore({ folder: join(folder, "store") });
  await keepCandidate(store, CANDIDATE);
  const refused = { outcome: "refused", reasons: ["recall of injected faults: 0.5"] } as const;
  await keepCandidate(store, {
    ...CANDIDATE,
    ...refused,
    card: { ...CARD, version: "v2026.10.1" },
  });
  await store.close();
  const run = async (...words: string[]) => (await bed.run(...words)).join("\n");
  return { run, folder };
}

describe("candidates by hand", () => {
  it("are listed with span, installations, figures and gates", async () => {
    const { run } = await build();
    const text = await run("models", "candidates");
    expect(text).toContain(`${modelId} v2026.10  waits`);
    expect(text).toContain("2026-09 to 2026-10, 31 installations, 58.5 machine-months");
    expect(text).toContain("false alarms per machine-month 0.2, recall 0.94 of 51 injected faults");
    expect(text).toContain(`${modelId} v2026.10.1  refused`);
    expect(text).toContain("recall of injected faults: 0.5");
  });

  it("are shown one by one with limits and gates", async () => {
    const { run } = await build();
    const text = await run("models", "candidate", modelId, "v2026.10");
    expect(text).toContain("passed  installations: 31, at least 30");
    expect(text).toContain("Learnt between -7 and 24 °C outdoors.");
    expect(text).toContain("silent: hot_water.tank");
    const json = JSON.parse(await run("models", "candidate", modelId, "v2026.10", "--json"));
    expect(json.card).toEqual(CARD);
    await expect(run("models", "candidate", modelId, "v2026.12")).rejects.toThrow("no candidate");
  });

  it("become releases, can be gone back from, or are discarded", async () => {
    const { run } = await build();
    expect(await run("models", "publish", modelId, "v2026.10")).toContain("is release 1");
    const { releases } = JSON.parse(await run("models", "list", "--json"));
    expect(releases).toMatchObject([{ modelId, release: 1, kInstallations: 31 }]);
    expect(await run("models", "rollback", modelId, "1")).toContain("release 2");
    await expect(run("models", "publish", modelId, "v2026.10.1")).rejects.toThrow("was refused");
    expect(await run("models", "discard", modelId, "v2026.10.1")).toContain("is gone");
    const { candidates } = JSON.parse(await run("models", "candidates", "--json"));
    expect(candidates).toMatchObject([{ outcome: "published" }]);
  });

  it("are asked of the backend that has the store open", async () => {
    const { run, folder } = await build();
    const store = await openLevelSnapshotStore({ folder: join(folder, "store") });
    const admin = join(folder, "nobody.sock");
    const asked = run("models", "candidates", "--admin", `unix:${admin}`);
    await expect(asked).rejects.toMatchObject({ code: "UNAVAILABLE" });
    const found = run("models", "candidates");
    await expect(found).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("no backend answers"),
    });
    await store.close();
    expect(await run("models", "candidates")).toContain("v2026.10");
  });
});
