/** Publishing: one number for one file, a key that is never readable on disk. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openModel } from "#core/envelope/model-open.js";
import { openFileReleaseStore } from "../../../backend/publish/file-release-store.js";
import { createPublishing } from "../../../backend/publish/publish.js";
import type { ReleaseFacts } from "../../../backend/publish/release-store.js";
import { createChance } from "../../support/chance.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";
import { candidate } from "../../support/push-bed.js";

function build(folder = temporaryFolder(), storeKey = Buffer.alloc(32, 7)) {
  const chance = createChance(5);
  const store = openFileReleaseStore({ folder, storeKey, chance });
  const proposed: ReleaseFacts[] = [];
  const catalogue = {
    async propose(facts: ReleaseFacts) {
      proposed.push(facts);
      return "waiting" as const;
    },
  };
  const clock = createFakeClock();
  const publishing = createPublishing({ store, catalogue, clock, chance });
  return { folder, store, proposed, publishing };
}

describe("publishing", () => {
  it("gives every release a number of its own, also when two come at once", async () => {
    const { publishing, proposed, store } = build();
    await Promise.all([1, 2, 3].map(() => publishing.publish(candidate())));
    await publishing.publish(candidate({ modelId: "other" }));
    const names = proposed.map(({ modelId, release }) => `${modelId}/${release}`);
    expect(names).toEqual(["aero-slm/1", "aero-slm/2", "aero-slm/3", "other/1"]);
    expect(await store.list()).toEqual(proposed);
    // Every release has its own key.
    const keys = await Promise.all([1, 2, 3].map((number) => store.cek("aero-slm", number)));
    expect(new Set(keys.map((key) => key.toString("hex"))).size).toBe(3);
  });

  it("keeps what opens with its key and not with another's", async () => {
    const { publishing, store } = build();
    const { facts } = await publishing.publish(candidate());
    await publishing.publish(candidate());
    const file = await store.file("aero-slm", 1);
    expect(openModel(file, await store.cek("aero-slm", 1), facts)).toEqual({
      plain: candidate().plain,
    });
    expect(openModel(file, await store.cek("aero-slm", 2), facts)).toMatchObject({
      step: "decrypt",
    });
  });

  it("writes no content key that can be read without the store key", async () => {
    const { publishing, store, folder } = build();
    await publishing.publish(candidate());
    const key = await store.cek("aero-slm", 1);
    const at = join(folder, "aero-slm/1");
    for (const name of readdirSync(at))
      expect(readFileSync(join(at, name)).includes(key), name).toBe(false);
    const stranger = build(folder, Buffer.alloc(32, 8));
    const refused = expect.objectContaining({ code: "STATE_INVALID" });
    await expect(stranger.store.cek("aero-slm", 1)).rejects.toThrow(refused);
  });

  it("takes up the number of a publication that was killed before it existed", async () => {
    const { publishing, folder, proposed } = build();
    mkdirSync(join(folder, "aero-slm/1"), { recursive: true });
    writeFileSync(join(folder, "aero-slm/1/model.enc"), "half");
    await publishing.publish(candidate());
    expect(proposed[0]?.release).toBe(1);
    rmSync(join(folder, "aero-slm/1/cek"));
    expect((await build(folder).store.list()).length).toBe(1);
  });

  it("takes a release back and offers an earlier one as a new one", async () => {
    const { publishing, proposed } = build();
    await publishing.publish(candidate({ plain: Buffer.from("good") }));
    await publishing.publish(candidate({ plain: Buffer.from("bad") }));
    await publishing.revoke("aero-slm", 2);
    const { facts } = await publishing.rollBack("aero-slm", 1);
    expect(proposed.at(-2)).toMatchObject({ release: 2, revoked: true });
    expect(facts).toMatchObject({ release: 3, revoked: false, plainLen: 4 });
    expect(facts.plainSha256).toBe(proposed[0]?.plainSha256);
    for (const work of [() => publishing.revoke("aero-slm", 9), () => publishing.rollBack("x", 1)])
      await expect(work()).rejects.toThrow(expect.objectContaining({ code: "NOT_FOUND" }));
  });

  it("refuses names that lead out of its folder", async () => {
    const { publishing, store } = build();
    await expect(publishing.publish(candidate({ modelId: "../x" }))).rejects.toThrow("model id");
    await expect(store.file("..", 1)).rejects.toThrow("no release");
  });
});
