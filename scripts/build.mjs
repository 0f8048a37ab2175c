/**
 * Compiles the two programs and the owner's page into `dist/`. The programs by plain `tsc`, without
 * bundling: native packages look for files beside themselves. The page as one script and one style.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
rmSync(`${root}dist`, { recursive: true, force: true });
const tsc = spawnSync(
  process.execPath,
  [`${root}node_modules/typescript/bin/tsc`, "-p", `${root}tsconfig.build.json`],
  { stdio: "inherit" },
);
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
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
