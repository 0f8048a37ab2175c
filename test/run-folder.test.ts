/** What a killed run left goes at the next one; what belongs to a living one stays. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "./support/folder.js";
import { makeRunFolder, sweepRunFolders } from "./support/run-folder.js";

/** The number of a process that has been. */
function endedProcess(): number {
  const { pid } = spawnSync(process.execPath, ["--version"]);
  return pid;
}

describe("folders of a run", () => {
  it("go when their process is gone, with what is mounted in them; others stay", async () => {
    const home = temporaryFolder();
    const mine = makeRunFolder(home);
    const left = join(home, `heatpool-${endedProcess()}-aBcDeF`);
    const mount = join(left, "disk");
    mkdirSync(mount, { recursive: true });
    const isMounted =
      spawnSync("mount", ["-t", "tmpfs", "tmpfs", mount], { stdio: "ignore" }).status === 0;
    writeFileSync(join(mount, "file"), "left");
    mkdirSync(join(home, "heatpool-etc"));
    const child = spawn("sleep", ["600"]);
    const alive = join(home, `heatpool-${child.pid}-aBcDeF`);
    mkdirSync(alive);
    expect(sweepRunFolders(home)).toEqual([left]);
    expect([left, mine, alive, join(home, "heatpool-etc")].map((one) => existsSync(one))).toEqual([
      ...[false, true, true, true],
    ]);
    expect(readFileSync("/proc/self/mounts", "utf8").includes(mount)).toBe(false);
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
    expect(sweepRunFolders(home)).toEqual([alive]);
    // Without root nothing was mounted; the folders went all the same.
    expect(isMounted || process.getuid?.() !== 0).toBe(true);
  });
});
