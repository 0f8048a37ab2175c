/** Identities on files: whole or not there, for the operator alone, and gone without a trace. */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { HeatpoolError } from "#core/errors.js";
import { openFileIdentityStore } from "../../../backend/registry/file-identity-store.js";
import {
  identityStoreContract,
  makeIdentityState,
  ONE,
} from "../../contract/identity-store-contract.js";
import { temporaryFolder } from "../../support/folder.js";

let folder = "";
identityStoreContract(
  "file identity store",
  async () => {
    folder = temporaryFolder();
    return openFileIdentityStore(folder);
  },
  async () => openFileIdentityStore(folder),
);

const filesOf = (root: string) =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

describe("the file identity store", () => {
  it("leaves no byte of an erased id behind, in names or in files", async () => {
    const root = temporaryFolder();
    const store = await openFileIdentityStore(root);
    const identity = makeIdentityState(ONE, { claimSha256: "d".repeat(64) });
    await store.put(identity);
    expect(filesOf(root).some((path) => path.includes(ONE))).toBe(true);
    const { spkiSha256, consents } = identity;
    await store.remove(identity, { erasedAtMs: 1, spkiSha256, consents });
    const left = filesOf(root);
    expect(left).toHaveLength(2);
    const plain = ONE.replaceAll("-", "");
    for (const path of left) {
      const all = `${path}${readFileSync(path, "latin1")}`;
      expect(all.includes(ONE) || all.includes(plain)).toBe(false);
    }
  });

  it("keeps files for the operator alone", async () => {
    const root = temporaryFolder();
    await (await openFileIdentityStore(root)).put(makeIdentityState(ONE));
    for (const path of filesOf(root)) expect(statSync(path).mode & 0o077).toBe(0);
  });

  it("clears away what a power cut left half written, and takes nothing damaged", async () => {
    const root = temporaryFolder();
    const store = await openFileIdentityStore(root);
    await store.put(makeIdentityState(ONE));
    const path = join(root, "installations", `${ONE}.json`);
    writeFileSync(`${path}.new`, '{"form');
    expect(await store.all()).toHaveLength(1);
    expect(filesOf(root)).toEqual([path]);
    writeFileSync(path, "{}");
    await expect(store.all()).rejects.toEqual(expect.objectContaining({ code: "STORE_DAMAGED" }));
  });

  it("takes no file with another bit in any byte, and one of an earlier version without a check", async () => {
    const root = temporaryFolder();
    const store = await openFileIdentityStore(root);
    await store.put(makeIdentityState(ONE, { revokedAtMs: 7 }));
    const path = join(root, "installations", `${ONE}.json`);
    const sound = readFileSync(path);
    const told = new Set<string>();
    for (const [at, byte] of sound.entries()) {
      const changed = Buffer.from(sound);
      changed[at] = byte ^ (1 << (at & 7));
      writeFileSync(path, changed);
      told.add(
        await store.all().then(
          (all) => JSON.stringify(all),
          (fault) => (fault as HeatpoolError).code,
        ),
      );
    }
    expect([...told]).toEqual(["STORE_DAMAGED"]);
    writeFileSync(path, sound.toString().replace(/[0-9a-f]{8}\n$/, ""));
    expect(await store.all()).toMatchObject([{ revokedAtMs: 7 }]);
  });
});
