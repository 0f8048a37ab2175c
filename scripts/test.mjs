/**
 * `npm test`: brings the real peers where it may, builds, runs every suite, and says plainly what
 * was not run. With arguments they go to vitest: `npm test -- test/core`.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bringPeers } from "./peers.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const missing = bringPeers();

const build = spawnSync(process.execPath, [`${root}scripts/build.mjs`], { stdio: "inherit" });
if (build.status !== 0) process.exit(build.status ?? 1);

const folder = mkdtempSync(join(tmpdir(), "heatpool-test-"));
const report = join(folder, "report.json");
const vitest = spawnSync(
  process.execPath,
  [
    `${root}node_modules/vitest/vitest.mjs`,
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ],
  { stdio: "inherit", cwd: root },
);

const counts = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : undefined;
rmSync(folder, { recursive: true, force: true });
for (const peer of missing)
  console.log(`not run: suites that need ${peer} (apt-get install ${peer})`);
if (!existsSync(`${root}../shared`)) console.log("not run: suites that need ../shared");
if (counts !== undefined) {
  const skipped = counts.numPendingTests + counts.numTodoTests;
  const failed = Math.max(counts.numFailedTests, vitest.status === 0 ? 0 : 1);
  const tail = skipped > 0 ? `, ${skipped} skipped` : "";
  console.log(`${counts.numPassedTests} passed, ${failed} failed${tail}`);
}
process.exit(vitest.status ?? 1);
