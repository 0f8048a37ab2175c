/**
 * Compiles the two programs into `dist/`. Plain `tsc`, no bundling: native packages look for files
 * beside themselves.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
rmSync(`${root}dist`, { recursive: true, force: true });
const tsc = spawnSync(
  process.execPath,
  [`${root}node_modules/typescript/bin/tsc`, "-p", `${root}tsconfig.build.json`],
  { stdio: "inherit" },
);
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
for (const program of ["daemon", "backend"]) chmodSync(`${root}dist/${program}/main.js`, 0o755);
