/**
 * `npm run package [-- --arch arm64 --out folder]`: Debian packages of the daemon, and the bill of
 * materials of each. Needs a finished build. With the same sources and SOURCE_DATE_EPOCH (the time
 * of the last commit unless told) the bytes are the same.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildDeb, debianVersion } from "./debian-package.mjs";
import { closureOf, readLock } from "./locked-packages.mjs";
import { createSbom } from "./sbom.mjs";
import { ARCHITECTURES, stageTree } from "./staged-tree.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const { values } = parseArgs({
  options: {
    arch: { type: "string", default: Object.keys(ARCHITECTURES).join(",") },
    out: { type: "string", default: join(ROOT, "dist-packages") },
    compression: { type: "string", default: "xz" },
  },
});

for (const name of values.arch.split(",")) {
  if (!(name in ARCHITECTURES)) throw new Error(`--arch ${name}: ${Object.keys(ARCHITECTURES)}`);
  const architecture = /** @type {keyof typeof ARCHITECTURES} */ (name);
  console.log(JSON.stringify(packageFor(architecture, values.out)));
}

/** @param {keyof typeof ARCHITECTURES} architecture @param {string} out */
function packageFor(architecture, out) {
  const { version, license } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const atSeconds = sourceDate();
  const lock = readLock(ROOT);
  const imported = JSON.parse(readFileSync(join(ROOT, "dist/daemon-packages.json"), "utf8"));
  const packages = closureOf(lock, imported);
  const base = `heatpool_${debianVersion(version)}_${architecture}`;
  const product = { name: "heatpool", version, license, fileName: `${base}.deb`, atSeconds };
  const sbom = createSbom(product, packages);
  mkdirSync(out, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), "heatpool-package-"));
  try {
    const pages = readPages();
    stageTree({ root: ROOT, folder, architecture, packages, sbom, pages, version, atSeconds });
    const file = join(out, `${base}.deb`);
    const scripts = join(ROOT, "scripts/package/debian");
    const compression = values.compression === "gzip" ? "gzip" : "xz";
    const built = buildDeb({
      folder,
      file,
      architecture,
      version,
      atSeconds,
      scripts,
      compression,
    });
    writeFileSync(join(out, `${base}.cdx.json`), `${JSON.stringify(sbom, null, 2)}\n`);
    const bytes = readFileSync(file);
    return {
      file,
      bytes: bytes.length,
      installedMB: Number(((built.installedKiB * 1024) / 1e6).toFixed(1)),
      packages: packages.length,
      sha256: createHash("sha256").update(bytes).digest("hex"),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The commands as the built program knows them. */
function readPages() {
  const program = [join(ROOT, "dist/daemon/main.js"), "describe-commands"];
  const run = spawnSync(process.execPath, program, { encoding: "utf8" });
  if (run.status !== 0) throw new Error(`the program does not run; build first: ${run.stderr}`);
  return JSON.parse(run.stdout);
}

function sourceDate() {
  const told = process.env.SOURCE_DATE_EPOCH;
  if (told !== undefined && /^\d+$/.test(told)) return Number(told);
  const git = spawnSync("git", ["log", "-1", "--format=%ct"], { cwd: ROOT, encoding: "utf8" });
  if (git.status !== 0)
    throw new Error("set SOURCE_DATE_EPOCH: there is no commit to take it from");
  return Number(git.stdout.trim());
}
