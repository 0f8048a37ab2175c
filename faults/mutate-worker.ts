/** A process that makes cases: `mutate-worker.ts <first seed> <cases> <folder>`; a line per seed. */
import { writeSync } from "node:fs";
import { CASES_PER_SEED, mutateSeed } from "./mutate-job.js";

const STDOUT = 1;

const [first = "", all = "", folder = ""] = process.argv.slice(2);
let seed = Number(first);
for (let left = Number(all); left > 0; left -= CASES_PER_SEED) {
  const tally = await mutateSeed(seed++, Math.min(left, CASES_PER_SEED), folder);
  writeSync(STDOUT, `${JSON.stringify(tally)}\n`);
}
