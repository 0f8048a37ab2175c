/** What other people's packages may do on an owner's machine. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

interface LockedPackage {
  readonly hasInstallScript?: true;
  readonly resolved?: string;
  readonly dev?: true;
  readonly optional?: true;
  readonly integrity?: string;
}

const root = new URL("..", import.meta.url);
const lock = JSON.parse(readFileSync(new URL("package-lock.json", root), "utf8")) as {
  packages: Record<string, LockedPackage>;
};
const packages = Object.entries(lock.packages).filter(([path]) => path !== "");

/**
 * Packages that run code while they are installed. The program works when none of them did:
 * classic-level brings prebuilt binaries, protobufjs only prints, the rest are tools.
 */
const WITH_INSTALL_SCRIPT = ["@bufbuild/buf", "classic-level", "esbuild", "protobufjs"];

describe("the locked packages", () => {
  it("run code at installation only where that was decided", () => {
    const found = packages
      .filter(([, one]) => one.hasInstallScript)
      .map(([path]) => path.replace(/^.*node_modules\//, ""));
    expect([...new Set(found)].toSorted((a, b) => a.localeCompare(b))).toEqual(WITH_INSTALL_SCRIPT);
  });

  it("name no download address", () => {
    expect(packages.filter(([, one]) => one.resolved !== undefined)).toEqual([]);
  });

  it("that reach an owner are all pinned by a hash", () => {
    const bare = packages.filter(([, one]) => !one.dev && one.integrity === undefined);
    expect(bare.map(([path]) => path)).toEqual([]);
  });
});
