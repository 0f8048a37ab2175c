/** The process that works on a watched disk: `disk-worker.ts <job> <folder> <seeds>`. */
import { mkdirSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { DiskJob } from "./disk-job.js";
import { openDisk } from "./disk-shim.js";

const STDOUT = 1;

const [name = "", folder = "", seeds = ""] = process.argv.slice(2);
const { work } = (await import(`./${name}-job.ts`)) as { work: DiskJob };
const disk = openDisk(folder);
for (const seed of seeds.split(",").map(Number)) {
  const mine = join(folder, `seed-${seed}`);
  mkdirSync(mine);
  const tally = await work(seed, { folder: mine, disk, traceFile: `${folder}.trace` });
  disk.mend();
  disk.endTrace();
  rmSync(mine, { recursive: true, force: true });
  writeSync(STDOUT, `${JSON.stringify(tally)}\n`);
}
