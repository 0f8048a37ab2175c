/** Models for earlier clients: only under the operator's key, and the same bytes every time. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createLegacyEnvelopes } from "#core/envelope/legacy-envelope.js";
import { createLegacyModels } from "../../../backend/http/legacy-models.js";
import { openFileReleaseStore } from "../../../backend/publish/file-release-store.js";
import { createPublishing } from "../../../backend/publish/publish.js";
import type { ReleaseFacts } from "../../../backend/publish/release-store.js";
import { createChance } from "../../support/chance.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";
import { candidate } from "../../support/push-bed.js";

const KEY = Buffer.alloc(32, 7).toString("base64url").concat("=");

async function build(key: string | undefined) {
  const folder = join(temporaryFolder(), "models");
  const chance = createChance(3);
  const store = openFileReleaseStore({ folder, storeKey: Buffer.alloc(32, 1), chance });
  const releases: ReleaseFacts[] = [];
  const propose = async (facts: ReleaseFacts) => {
    const others = releases.filter(({ sha256 }) => sha256 !== facts.sha256);
    releases.splice(0, releases.length, ...others, facts);
    return "published" as const;
  };
  const clock = createFakeClock();
  const publishing = createPublishing({ store, catalogue: { propose }, clock, chance });
  const open = () =>
    createLegacyModels({
      store,
      listed: () => ({
        version: 1,
        releases: releases.map((one) => ({ ...one, path: `${one.modelId}/${one.release}` })),
      }),
      envelopes: key === undefined ? undefined : createLegacyEnvelopes({ key, mayRead: true }),
      toIv: (about) => createHash("sha256").update(about).digest().subarray(0, 16),
    });
  return { publishing, open };
}

describe("models for earlier clients", () => {
  it("are envelopes that the operator's key opens, with the hash that was told before", async () => {
    const { publishing, open } = await build(KEY);
    await publishing.publish(candidate());
    const models = open();
    await models.refresh();
    const file = models.find("AERO_SLM");
    expect(file).toMatchObject({ name: "AERO_SLM", filename: "AERO_SLM.enc" });
    if (file === undefined) return;
    const bytes = Buffer.from(await models.read(file));
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(file.hash);
    expect(bytes.length).toBe(file.sizeBytes);
    const opened = createLegacyEnvelopes({ key: KEY, mayRead: true }).open(bytes.toString());
    expect(opened?.plain).toEqual(candidate().plain);
    const restarted = open();
    await restarted.refresh();
    expect(restarted.find("AERO_SLM")).toEqual(file);
  });

  it("are the newest that is not taken back; the general one where none is special", async () => {
    const { publishing, open } = await build(KEY);
    await publishing.publish(candidate({ plain: Buffer.from('{"v":1}') }));
    await publishing.publish(candidate({ plain: Buffer.from('{"v":2}') }));
    await publishing.publish(candidate({ modelId: "general", heatpumpModels: ["*"] }));
    const models = open();
    await models.refresh();
    const second = models.find("AERO_SLM");
    expect(models.find("OTHER")?.name).toBe("generic");
    expect(models.list().map(({ name }) => name)).toEqual(["AERO_SLM", "generic"]);
    await publishing.revoke("aero-slm", 2);
    await models.refresh();
    expect(models.find("AERO_SLM")?.hash).not.toBe(second?.hash);
    await publishing.revoke("aero-slm", 1);
    await models.refresh();
    expect(models.find("AERO_SLM")?.name).toBe("generic");
    await expect(models.read(second ?? models.list()[0] ?? Object.create(null))).rejects.toThrow(
      expect.objectContaining({ code: "NOT_FOUND" }),
    );
  });

  it("are listed and not given out without a key", async () => {
    const { publishing, open } = await build(undefined);
    const { facts } = await publishing.publish(candidate());
    const models = open();
    await models.refresh();
    expect(models.list()).toMatchObject([{ name: "AERO_SLM", hash: facts.sha256 }]);
    expect(models.find("AERO_SLM")).toBeUndefined();
    expect(models.whyNone()).toContain("no key");
    const [file] = models.list();
    if (file === undefined) return;
    await expect(models.read(file)).rejects.toThrow(expect.objectContaining({ code: "NOT_FOUND" }));
  });
});
