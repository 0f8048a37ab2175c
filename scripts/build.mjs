/**
 * Compiles the two programs and the owner's page into `dist/`. Both programs by plain `tsc`; the
 * daemon's modules and the packages it imports are then joined into few files, because each file
 * costs time at the start and memory for good. The page is one script and one style.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { importedPackages, readLock } from "./package/locked-packages.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
rmSync(`${root}dist`, { recursive: true, force: true });
const tsc = spawnSync(
  process.execPath,
  [`${root}node_modules/typescript/bin/tsc`, "-p", `${root}tsconfig.build.json`],
  { stdio: "inherit" },
);
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
await joinDaemon();
for (const program of ["daemon", "backend"]) chmodSync(`${root}dist/${program}/main.js`, 0o755);
writeFileSync(`${root}dist/build.json`, `${JSON.stringify({ builtAtMs: builtAtMs() })}\n`);

await build({
  entryPoints: [
    { in: `${root}web/main.tsx`, out: "page" },
    { in: `${root}web/page.css`, out: "page" },
  ],
  outdir: `${root}dist/web`,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  conditions: ["source"],
  logLevel: "warning",
});
for (const file of ["index.html", "icon.svg"]) {
  copyFileSync(`${root}web/${file}`, `${root}dist/web/${file}`);
}

/** What is loaded only when it is wanted stays in files of its own. */
async function joinDaemon() {
  const folders = ["daemon", "core", "proto"].map((name) => `${root}dist/${name}`);
  // The package and its bill of materials are made of these names.
  const imported = importedPackages(folders, readLock(root));
  writeFileSync(`${root}dist/daemon-packages.json`, `${JSON.stringify(imported)}\n`);
  const separate = `${root}dist/daemon.separate`;
  renameSync(`${root}dist/daemon`, separate);
  await build({
    entryPoints: [`${separate}/main.js`],
    outdir: `${root}dist/daemon`,
    // As deep as the folders of rooms: files of the package are found from there.
    chunkNames: "parts/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    minify: true,
    legalComments: "none",
    // A native addon looks for its binary beside itself.
    external: ["classic-level"],
    // Older packages call `require` for what Node brings.
    banner: {
      js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
    },
    logLevel: "warning",
  });
  rmSync(separate, { recursive: true });
}

/**
 * The time of the sources, so that building again gives the same bytes: what reproducible-builds.org
 * calls SOURCE_DATE_EPOCH, else the newest commit; 0 where neither is known.
 */
function builtAtMs() {
  const given = process.env.SOURCE_DATE_EPOCH;
  const commit = ["log", "-1", "--format=%ct"];
  const seconds = given ?? spawnSync("git", commit, { cwd: root, encoding: "utf8" }).stdout;
  return Number.parseInt(seconds ?? "", 10) * 1000 || 0;
}
