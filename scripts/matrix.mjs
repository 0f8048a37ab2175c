/**
 * `npm run matrix [-- <Node major>…]`: runs the suites that depend on what Node does (identity, TLS,
 * the door, crypto, catalogue, attacks) on other versions of Node. Each is fetched once from the npm
 * registry into `.cache`. Prints a line for each version: `node v24.…: N passed, M failed`.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { arch, platform, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const MAJORS = ["24"];
const SUITES = [
  "test/attacks",
  "test/backend/enrolment",
  "test/backend/rpc",
  "test/core/certificate",
  "test/core/enrolment",
  "test/core/envelope",
  "test/daemon/catalogue",
  "test/daemon/enrolment",
  "test/daemon/uplink/grpc-transport.test.ts",
  "test/flow/catalogue.test.ts",
  "test/flow/enrolment.test.ts",
  "test/flow/model-switch.test.ts",
  "test/flow/privacy.test.ts",
  "test/flow/push.test.ts",
  "test/peers/tls.test.ts",
];

/** The executable of a major version; fetched when it is not there. */
function bring(/** @type {string} */ major) {
  const folder = join(root, ".cache", `node-${major}`);
  const program = join(folder, "package/bin/node");
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  const name = `node-${platform()}-${arch()}@${major}`;
  const packed = spawnSync("npm", ["pack", name, "--silent", "--pack-destination", folder], {
    encoding: "utf8",
  });
  const file = packed.stdout.trim().split("\n").at(-1) ?? "";
  if (packed.status !== 0 || file === "") throw new Error(`cannot fetch ${name}`);
  spawnSync("tar", ["-xzf", join(folder, file), "-C", folder], { stdio: "inherit" });
  rmSync(join(folder, file));
  return program;
}

const majors = process.argv.length > 2 ? process.argv.slice(2) : MAJORS;
const failed = majors.filter((major) => {
  const program = bring(major);
  const version = spawnSync(program, ["--version"], { encoding: "utf8" }).stdout.trim();
  const folder = mkdtempSync(join(tmpdir(), "heatpool-matrix-"));
  const report = join(folder, "report.json");
  const vitest = spawnSync(
    program,
    [
      join(root, "node_modules/vitest/vitest.mjs"),
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...SUITES,
    ],
    { stdio: "inherit", cwd: root },
  );
  const counts = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : {};
  rmSync(folder, { recursive: true, force: true });
  console.log(
    `node ${version}: ${counts.numPassedTests ?? 0} passed, ${counts.numFailedTests ?? "?"} failed`,
  );
  return vitest.status !== 0;
});
process.exit(failed.length === 0 ? 0 : 1);
