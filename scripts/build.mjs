/**
 * Compiles the two programs and the owner's page into `dist/`. The programs by plain `tsc`, without
 * bundling: native packages look for files beside themselves. The page as one script and one style.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, rmSync } from "node:fs";
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
