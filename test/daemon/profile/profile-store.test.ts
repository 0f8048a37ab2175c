/** A name of a profile comes from a configuration: it must not lead to any other file. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { createProfileStore, packagedProfiles } from "../../../daemon/profile/profile-store.js";
import { temporaryFolder } from "../../support/folder.js";

const packaged = packagedProfiles();
const idm = readFileSync(join(packaged, "idm/navigator-2.0.yaml"), "utf8");

function put(folder: string, name: string, text: string): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

describe("the profile store", () => {
  it("lists and loads what came with the program", () => {
    const store = createProfileStore([packaged]);
    const ready = store.list().filter((one) => !one.needsAssignment);
    const names = ready.map((one) => one.name);
    expect(names).toContain("idm/navigator-2.0");
    for (const name of names) expect(store.load(name).name).toBe(name);
  });

  it("prefers the owner's correction to the packaged profile", () => {
    const own = temporaryFolder();
    const text = idm.replace("model: Navigator 2.0", "model: Corrected");
    put(own, "idm/navigator-2.0.yaml", text);
    const store = createProfileStore([own, packaged]);
    expect(store.load("idm/navigator-2.0").model).toBe("Corrected");
    expect(store.list().filter((one) => one.name === "idm/navigator-2.0")).toHaveLength(1);
  });

  it("lives without the owner's folder", () => {
    const store = createProfileStore([join(temporaryFolder(), "nothing"), packaged]);
    expect(store.load("idm/navigator-10").model).toBe("Navigator 10");
  });

  it.each([
    "../idm/navigator-2.0",
    "idm/../../secret",
    "../secret",
    "/etc/passwd",
    "idm/navigator-2.0.yaml",
    "idm//navigator-2.0",
    "idm",
    "idm/navigator-2.0\0",
    "",
  ])("knows no profile %j", (name) => {
    const folder = temporaryFolder();
    put(folder, "secret.yaml", idm);
    const inner = join(folder, "profiles");
    put(inner, "idm/navigator-2.0.yaml", idm);
    expect(() => createProfileStore([inner]).load(name)).toThrow(
      expect.objectContaining({ code: "PROFILE_UNKNOWN" }),
    );
  });

  it("follows no link out of the folder", () => {
    const folder = temporaryFolder();
    const outside = put(folder, "outside/other.yaml", idm);
    const inner = join(folder, "profiles");
    mkdirSync(join(inner, "idm"), { recursive: true });
    symlinkSync(outside, join(inner, "idm/navigator-2.0.yaml"));
    const store = createProfileStore([inner]);
    expect(store.list()).toEqual([]);
    expect(() => store.load("idm/navigator-2.0")).toThrow(
      expect.objectContaining({ code: "PROFILE_UNKNOWN" }),
    );
  });

  it("says which profiles there are when one is not", () => {
    expect(() => createProfileStore([packaged]).load("idm/navigator-3.0")).toThrow(
      expect.objectContaining({
        code: "PROFILE_UNKNOWN",
        hint: expect.stringContaining("idm/navigator-2.0"),
      }),
    );
  });

  it("refuses a file that says it is another profile", () => {
    const own = temporaryFolder();
    put(own, "idm/other.yaml", idm);
    expect(() => createProfileStore([own]).load("idm/other")).toThrow(
      expect.objectContaining({ code: "PROFILE_INVALID" }),
    );
  });

  it("does not read a file that no profile can be as large as", () => {
    const own = temporaryFolder();
    put(own, "idm/large.yaml", "#".repeat(2_000_001));
    expect(() => createProfileStore([own]).load("idm/large")).toThrow(/2000001 bytes/);
  });
});
