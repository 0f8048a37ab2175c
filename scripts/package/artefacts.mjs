/**
 * `node scripts/package/artefacts.mjs sign --key <pem> [folder]` signs everything that is handed out;
 * `… verify --public <file> [folder]` ends with 1 where something is unsigned, changed, or not what its
 * bill of materials says. The key is an Ed25519 key in PEM, kept away from the machine that builds:
 * `openssl genpkey -algorithm ed25519 -out release.pem`.
 */
import { spawnSync } from "node:child_process";
import { createPrivateKey } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { faultOf, publicKeyOf, readPublicKey, signFile, writePublicKey } from "./minisign.mjs";

const EXIT_USAGE = 64;
const HANDED_OUT = /\.(deb|tgz|cdx\.json)$/;
const SIGNATURE = ".minisig";

/** @param {string} folder */
function artefactsIn(folder) {
  return readdirSync(folder)
    .filter((name) => HANDED_OUT.test(name))
    .sort();
}

/**
 * What is wrong with a folder of artefacts, each with its file.
 *
 * @param {string} folder @param {import("./minisign.mjs").PublicKey} key
 * @returns {string[]}
 */
export function findFaults(folder, key) {
  const names = artefactsIn(folder);
  if (names.length === 0) return [`${folder}: nothing to hand out`];
  return names.flatMap((name) => {
    const path = join(folder, name);
    const signature = path + SIGNATURE;
    if (!existsSync(signature)) return [`${name}: not signed`];
    const fault = faultOf(readFileSync(path), readFileSync(signature, "utf8"), key, name);
    return [...(fault === undefined ? [] : [`${name}: ${fault}`]), ...driftOf(path)];
  });
}

/** Where a Debian package and its bill of materials differ. @param {string} deb */
function driftOf(deb) {
  if (!deb.endsWith(".deb")) return [];
  const bill = deb.replace(/\.deb$/, ".cdx.json");
  if (!existsSync(bill)) return [`${deb}: no bill of materials`];
  const { components } = JSON.parse(readFileSync(bill, "utf8"));
  /** @type {string[]} */
  const told = components.map(
    (/** @type {{ group?: string, name: string, version: string }} */ { group, name, version }) =>
      `${group === undefined ? "" : `${group}/`}${name}@${version}`,
  );
  const held = packagesIn(deb);
  return [
    ...held
      .filter((one) => !told.includes(one))
      .map((one) => `${deb}: holds ${one}, not in its bill`),
    ...told.filter((one) => !held.includes(one)).map((one) => `${deb}: lacks ${one} of its bill`),
  ];
}

/** Names and versions of the npm packages in a Debian package. @param {string} deb */
function packagesIn(deb) {
  const folder = mkdtempSync(join(tmpdir(), "heatpool-artefact-"));
  try {
    const run = spawnSync("dpkg-deb", ["--extract", deb, folder], { encoding: "utf8" });
    if (run.status !== 0) throw new Error(`${deb}: ${run.stderr || run.error}`);
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => /node_modules\/(@[^/]+\/)?[^/@]+\/package\.json$/.test(path))
      .map((path) => JSON.parse(readFileSync(join(folder, path), "utf8")))
      .map(({ name, version }) => `${name}@${version}`)
      .sort();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} folder @param {string} keyFile */
function signAll(folder, keyFile) {
  const key = createPrivateKey(readFileSync(keyFile));
  const names = artefactsIn(folder);
  for (const name of names) {
    const path = join(folder, name);
    writeFileSync(path + SIGNATURE, signFile(readFileSync(path), key, name));
  }
  writeFileSync(join(folder, "heatpool.pub"), writePublicKey(publicKeyOf(key)));
  console.log(`${names.length} signed in ${folder}`);
  return names.length > 0 ? 0 : 1;
}

/** @param {string[]} words */
function main(words) {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: { key: { type: "string" }, public: { type: "string" } },
  });
  const [what, folder = "dist-packages"] = positionals;
  if (what === "sign" && values.key !== undefined) return signAll(folder, values.key);
  if (what !== "verify" || values.public === undefined) {
    console.error("artefacts.mjs sign --key <pem> [folder] | verify --public <file> [folder]");
    return EXIT_USAGE;
  }
  const faults = findFaults(folder, readPublicKey(readFileSync(values.public, "utf8")));
  for (const fault of faults) console.error(fault);
  if (faults.length === 0) console.log(`${artefactsIn(folder).length} are as they were signed`);
  return faults.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.exitCode = main(process.argv.slice(2));
