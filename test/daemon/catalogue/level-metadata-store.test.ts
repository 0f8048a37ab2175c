/** The store on disk: a lost bit is a lost record, a lost database begins anew, and says so. */
import { randomUUID } from "node:crypto";
import { chmodSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Level } from "level";
import { describe, expect, it } from "vitest";
import { openLevelMetadataStore } from "../../../daemon/catalogue/level-metadata-store.js";
import { type MetadataStore, NOTHING } from "../../../daemon/catalogue/metadata-store.js";
import { metadataStoreContract } from "../../contract/metadata-store-contract.js";
import { createCatalogueBed } from "../../support/daemon-catalogue.js";
import { temporaryFolder } from "../../support/folder.js";

const below = temporaryFolder();
const folders = new Map<MetadataStore, string>();
const never = (cause: unknown) => {
  throw cause;
};

async function open(folder = join(below, randomUUID())): Promise<MetadataStore> {
  const store = await openLevelMetadataStore(folder, never);
  folders.set(store, folder);
  return store;
}

metadataStoreContract("level metadata store", open, async (old) => {
  await old.close();
  return await open(folders.get(old));
});

describe("the level metadata store", () => {
  it("leaves out a record that lost a bit or stands in another's place, and keeps the others", async () => {
    const folder = join(below, "bit");
    const store = await open(folder);
    const [root, snapshot] = [Buffer.from("root"), Buffer.from("snapshot")];
    await store.commit({ ...NOTHING, pin: "p".repeat(64), files: { root, snapshot } });
    await store.close();
    const raw = new Level<string, Buffer>(folder, { valueEncoding: "buffer", compression: false });
    const value = (await raw.get("file/root")) ?? Buffer.alloc(0);
    await raw.put("file/targets", value);
    value[6] = (value[6] ?? 0) ^ 1;
    await raw.put("file/root", value);
    await raw.close();
    const again = await open(folder);
    expect(await again.read()).toEqual({ ...NOTHING, pin: "p".repeat(64), files: { snapshot } });
    await again.close();
  });

  it("begins anew when the database cannot be opened, and says so", async () => {
    const folder = join(below, "lost");
    const store = await open(folder);
    await store.commit({ ...NOTHING, pin: "p".repeat(64) });
    await store.close();
    writeFileSync(join(folder, "CURRENT"), "MANIFEST-999999\n");
    const told: unknown[] = [];
    const again = await openLevelMetadataStore(folder, (cause) => told.push(cause));
    expect(told).toHaveLength(1);
    expect(await again.read()).toEqual(NOTHING);
    await again.close();
  });

  it("refuses a folder that another process has open", async () => {
    const folder = join(below, "locked");
    const store = await open(folder);
    await expect(open(folder)).rejects.toMatchObject({ code: "STORE_LOCKED" });
    await store.close();
  });

  it("is for the daemon's eyes only", async () => {
    const folder = join(below, "mode");
    await (await open(folder)).close();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it("keeps a catalogue over a restart, and a rollback is refused after it", async () => {
    const folder = join(below, "whole");
    const first = await createCatalogueBed(temporaryFolder(), { store: await open(folder) });
    await first.refresh();
    const old = first.repository.bytes("timestamp");
    first.repository.publish();
    expect(await first.refresh()).toBe("fresh");
    await first.store.close();
    const store = await open(folder);
    const { repository } = first;
    const second = await createCatalogueBed(temporaryFolder(), { store, repository });
    expect(second.catalogue.trusted()?.version).toBe(2);
    repository.put("timestamp", 0, old);
    expect(await second.report()).toMatchObject({ fault: { message: /less than current/ } });
    await store.close();
  });
});

describe.skipIf(process.getuid?.() === 0)("on a medium that cannot be written", () => {
  it("opening fails with a hint and throws nothing away", async () => {
    const folder = join(below, "readonly");
    await (await open(folder)).close();
    chmodSync(folder, 0o500);
    await expect(open(folder)).rejects.toMatchObject({ code: "STORE_FAILED" });
    chmodSync(folder, 0o700);
    rmSync(folder, { recursive: true });
  });
});
