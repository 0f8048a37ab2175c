/** Two processes with a folder each would tell daemons two stories; the database knows which is right. */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  checkSharedFolder,
  joinSharedFolder,
  type SharedFolder,
} from "../../../backend/catalogue/shared-folder.js";
import { createChance } from "../../support/chance.js";
import { temporaryFolder } from "../../support/folder.js";
import { isPeerMissing } from "../../support/peer.js";
import { withPostgres } from "../../support/postgres-bed.js";

const MARK = "shared-mark";
const folderIn = (root: string): SharedFolder => ({
  name: "catalogue",
  path: join(root, "catalogue"),
});

describe.skipIf(isPeerMissing("postgresql"))("a folder that processes share", () => {
  const bed = withPostgres();
  const open = async () => await bed.open(await bed.newUrl());

  it("is marked by the first, and joined by everybody who has it", async () => {
    const database = await open();
    const folder = folderIn(temporaryFolder());
    await checkSharedFolder(database, folder);
    expect(existsSync(folder.path)).toBe(false);
    const all = [1, 2, 3].map((seed) => joinSharedFolder(database, folder, createChance(seed)));
    await Promise.all(all);
    await checkSharedFolder(database, folder);
    expect(readFileSync(join(folder.path, MARK), "latin1")).toMatch(/^[0-9a-f]{32}\n$/);
  });

  it("that is another one, or none, is refused with what to do", async () => {
    const database = await open();
    await joinSharedFolder(database, folderIn(temporaryFolder()), createChance(1));
    const other = folderIn(temporaryFolder());
    const refused = { code: "CONFIG_INVALID", hint: expect.stringContaining("catalogue.folder") };
    await expect(checkSharedFolder(database, other)).rejects.toMatchObject(refused);
    await expect(joinSharedFolder(database, other, createChance(2))).rejects.toMatchObject(refused);
    mkdirSync(other.path, { recursive: true });
    writeFileSync(join(other.path, MARK), "0123456789abcdef0123456789abcdef\n");
    await expect(joinSharedFolder(database, other, createChance(2))).rejects.toMatchObject({
      message: expect.stringContaining("is another one than"),
    });
  });

  it("of two that begin at once with a folder each, one joins, and the other keeps no mark", async () => {
    const database = await open();
    const both = [1, 2].map(() => folderIn(temporaryFolder()));
    const joined = await Promise.allSettled(
      both.map((folder, k) => joinSharedFolder(database, folder, createChance(k + 5))),
    );
    expect(joined.map((one) => one.status).sort()).toEqual(["fulfilled", "rejected"]);
    const marked = both.filter(({ path }) => existsSync(join(path, MARK)));
    expect(marked).toHaveLength(1);
    await checkSharedFolder(database, marked[0] ?? folderIn("/nowhere"));
  });

  it("may be copied to another place, and be given up when it is lost", async () => {
    const database = await open();
    const folder = folderIn(temporaryFolder());
    await joinSharedFolder(database, folder, createChance(1));
    const moved = folderIn(temporaryFolder());
    cpSync(folder.path, moved.path, { recursive: true });
    await joinSharedFolder(database, moved, createChance(3));
    await database.query("DELETE FROM shared_folder WHERE name = 'catalogue'");
    await joinSharedFolder(database, folderIn(temporaryFolder()), createChance(4));
  });

  it("whose mark is damaged says so", async () => {
    const database = await open();
    const folder = folderIn(temporaryFolder());
    mkdirSync(folder.path, { recursive: true });
    writeFileSync(join(folder.path, MARK), "");
    await expect(joinSharedFolder(database, folder, createChance(1))).rejects.toMatchObject({
      code: "STATE_INVALID",
      hint: expect.stringContaining(MARK),
    });
  });
});
