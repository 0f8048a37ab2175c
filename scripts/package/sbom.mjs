/**
 * The bill of materials of a package: CycloneDX 1.6, JSON, written from the lock file. It names
 * every component with version, licence and the SHA-512 of what npm delivers, and knows no
 * vulnerabilities: those change, this file does not.
 *
 * Source: CycloneDX 1.6 JSON schema (ECMA-424); package URLs as in the purl specification, type npm.
 */
import { createHash } from "node:crypto";

/**
 * @param {{ name: string, version: string, license: string, fileName: string, atSeconds: number }} product
 * @param {readonly import("./locked-packages.mjs").LockedPackage[]} packages
 */
export function createSbom(product, packages) {
  const root = `pkg:npm/${product.name}@${product.version}`;
  const refs = new Map(packages.map((one) => [one.path, refOf(one, packages)]));
  const refOfPath = (/** @type {string} */ path) => refs.get(path) ?? "";
  const nested = new Set(packages.flatMap((one) => one.needs));
  const body = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      timestamp: new Date(product.atSeconds * 1000).toISOString().replace(".000Z", "Z"),
      component: {
        type: "application",
        "bom-ref": root,
        name: product.name,
        version: product.version,
        licenses: licensesOf(product.license),
        purl: root,
        properties: [{ name: "heatpool:fileName", value: product.fileName }],
      },
    },
    components: packages.map((one) => ({
      type: "library",
      "bom-ref": refOfPath(one.path),
      ...groupAndName(one.name),
      version: one.locked.version,
      scope: "required",
      hashes: hashesOf(one),
      licenses: licensesOf(one.locked.license ?? ""),
      purl: purlOf(one),
    })),
    dependencies: [
      {
        ref: root,
        dependsOn: packages
          .filter((one) => !nested.has(one.path))
          .map((one) => refOfPath(one.path))
          .sort(),
      },
      ...packages.map((one) => ({
        ref: refOfPath(one.path),
        dependsOn: one.needs.map(refOfPath).sort(),
      })),
    ],
    compositions: [{ aggregate: "complete", assemblies: [root], dependencies: [root] }],
  };
  // The same contents have the same number: a random one would make two builds differ.
  const serialNumber = `urn:uuid:${uuidOf(JSON.stringify(body))}`;
  const { bomFormat, specVersion, ...rest } = body;
  return { bomFormat, specVersion, serialNumber, ...rest };
}

/** @param {import("./locked-packages.mjs").LockedPackage} one */
function purlOf({ name, locked }) {
  return `pkg:npm/${name.replace("@", "%40")}@${locked.version}`;
}

/**
 * Two copies of one version are two components.
 * @param {import("./locked-packages.mjs").LockedPackage} one
 * @param {readonly import("./locked-packages.mjs").LockedPackage[]} all
 */
function refOf(one, all) {
  const isTwin = all.some((other) => other.path !== one.path && purlOf(other) === purlOf(one));
  return isTwin ? `${purlOf(one)}#${one.path}` : purlOf(one);
}

/** @param {string} name */
function groupAndName(name) {
  const [group, bare] = name.split("/");
  return bare === undefined ? { name } : { group, name: bare };
}

/** @param {import("./locked-packages.mjs").LockedPackage} one */
function hashesOf({ path, locked }) {
  const [, base64] = /^sha512-([A-Za-z0-9+/]+=*)$/.exec(locked.integrity ?? "") ?? [];
  if (base64 === undefined) throw new Error(`${path}: the lock file has no SHA-512`);
  return [{ alg: "SHA-512", content: Buffer.from(base64, "base64").toString("hex") }];
}

/** @param {string} license one SPDX id, or an expression of several */
function licensesOf(license) {
  if (license === "") throw new Error("a component has no licence");
  const isExpression = /\s(AND|OR|WITH)\s/.test(license);
  return isExpression ? [{ expression: license }] : [{ license: { id: license } }];
}

/** A UUID of the form of version 8 (RFC 9562, section 5.8) from a hash. @param {string} text */
function uuidOf(text) {
  const hash = createHash("sha256").update(text).digest();
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x80, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = hash.toString("hex");
  return [
    [0, 8],
    [8, 12],
    [12, 16],
    [16, 20],
    [20, 32],
  ]
    .map(([a, b]) => hex.slice(a, b))
    .join("-");
}
