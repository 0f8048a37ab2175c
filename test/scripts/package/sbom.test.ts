/** The bill of materials: what an owner and an auditor may rely on. */
import { describe, expect, it } from "vitest";
import { closureOf, type Lock, readLock } from "../../../scripts/package/locked-packages.mjs";
import { createSbom } from "../../../scripts/package/sbom.mjs";

const PRODUCT = {
  name: "heatpool",
  version: "1.2.3",
  license: "MIT",
  fileName: "heatpool_1.2.3_arm64.deb",
  atSeconds: 1_790_000_000,
};
const lock = readLock(".");
const packages = closureOf(lock, ["level", "mqtt", "@grpc/grpc-js", "yaml"]);
const sbom = createSbom(PRODUCT, packages);

describe("the bill of materials", () => {
  it("says what it is by CycloneDX 1.6", () => {
    expect(Object.keys(sbom)).toEqual(
      "bomFormat specVersion serialNumber version metadata components dependencies compositions".split(
        " ",
      ),
    );
    expect(sbom).toMatchObject({ bomFormat: "CycloneDX", specVersion: "1.6", version: 1 });
    expect(sbom.serialNumber).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(sbom.metadata.timestamp).toBe("2026-09-21T14:13:20Z");
  });

  it("gives every component a version, an address, a licence and the SHA-512 that npm checks", () => {
    expect(sbom.components.length).toBeGreaterThan(50);
    for (const one of sbom.components) {
      expect(one).toMatchObject({ type: "library", version: expect.stringMatching(/^\d+\.\d+/) });
      expect(one.purl).toMatch(/^pkg:npm\/(%40[\w.-]+\/)?[\w.-]+@\d/);
      expect(one.hashes).toEqual([
        { alg: "SHA-512", content: expect.stringMatching(/^[0-9a-f]{128}$/) },
      ]);
      expect(JSON.stringify(one.licenses)).toMatch(/"(id|expression)":"[A-Za-z0-9.() -]+"/);
    }
    const level = sbom.components.find((one) => one.name === "classic-level");
    const locked = lock.packages["node_modules/classic-level"]?.integrity ?? "";
    expect(level?.hashes[0]?.content).toBe(
      Buffer.from(locked.replace("sha512-", ""), "base64").toString("hex"),
    );
  });

  it("names each component once, and every dependency is a component", () => {
    const refs = sbom.components.map((one) => one["bom-ref"]);
    expect(new Set(refs).size).toBe(refs.length);
    const all = new Set([...refs, sbom.metadata.component["bom-ref"]]);
    for (const { ref, dependsOn } of sbom.dependencies) {
      expect(all).toContain(ref);
      for (const one of dependsOn) expect(all).toContain(one);
    }
    expect(sbom.dependencies).toHaveLength(all.size);
  });

  it("is the same for the same contents, and another for others", () => {
    expect(createSbom(PRODUCT, packages)).toEqual(sbom);
    const other = createSbom(PRODUCT, packages.slice(1));
    expect(other.serialNumber).not.toBe(sbom.serialNumber);
  });

  it("refuses a component whose hash or licence nobody knows", () => {
    const [first] = packages;
    if (first === undefined) throw new Error("no package");
    const broken = (more: object) => [
      { ...first, needs: [], locked: { ...first.locked, ...more } },
    ];
    expect(() => createSbom(PRODUCT, broken({ integrity: "sha1-AAAA" }))).toThrow("SHA-512");
    expect(() => createSbom(PRODUCT, broken({ license: "" }))).toThrow("licence");
  });
});

describe("the packages that are needed", () => {
  const made: Lock = {
    version: "1",
    packages: {
      "node_modules/a": { version: "1.0.0", dependencies: { b: "2", "@types/b": "2" } },
      "node_modules/a/node_modules/b": { version: "2.0.0", dependencies: { c: "1" } },
      "node_modules/b": { version: "1.0.0" },
      "node_modules/c": { version: "1.0.0", optionalDependencies: { none: "1" } },
      "node_modules/d": { version: "1.0.0" },
    },
  };

  it("are found as Node finds them: beside the one that asks, then outwards", () => {
    expect(closureOf(made, ["a"]).map((one) => one.path)).toEqual([
      "node_modules/a",
      "node_modules/a/node_modules/b",
      "node_modules/c",
    ]);
  });

  it("are refused when the lock file lacks one", () => {
    expect(() => closureOf(made, ["e"])).toThrow("e is not in the lock file");
  });
});
