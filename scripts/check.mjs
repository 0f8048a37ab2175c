/**
 * `npm run check`: format, lint, types, unused code, wire contract, generated files. Runs all of
 * them and names every one that failed.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = (/** @type {string} */ name) => `${root}node_modules/.bin/${name}`;

/** @type {[string, string, string[]][]} */
const steps = [
  ["format and lint", bin("biome"), ["check", "--error-on-warnings"]],
  ["types", bin("tsc"), ["-p", "tsconfig.json"]],
  ["types of the page", bin("tsc"), ["-p", "web/tsconfig.json"]],
  ["unused code", bin("knip"), []],
  ["unused code in production", bin("knip"), ["--production"]],
  ["import law", bin("vitest"), ["run", "test/tidy.test.ts"]],
  ["wire contract", bin("buf"), ["lint"]],
  ["wire format", bin("buf"), ["format", "-d", "--exit-code", "--path", "proto/heatpool"]],
  ["generate", "npm", ["run", "-s", "gen"]],
  [
    "generated files are fresh",
    "git",
    ["diff", "--exit-code", "--stat", "--", "proto/gen", "firmware-profiles", "systemd", "docs"],
  ],
];

const failed = steps.filter(([name, command, args]) => {
  const run = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  const bad = run.status !== 0;
  console.log(`${bad ? "FAILED" : "ok"}  ${name}`);
  if (bad) console.log(`${run.stdout ?? ""}${run.stderr ?? ""}${run.error ?? ""}`.trimEnd());
  return bad;
});
process.exit(failed.length === 0 ? 0 : 1);
