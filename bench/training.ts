/**
 * `npm run -s bench -- training`: what learning costs. Each part of it has its own file; a part
 * that is not there is named as skipped.
 */
import { existsSync } from "node:fs";
import { type BenchOptions, skipCase } from "./harness.js";

/** Files beside this one that export `run`. */
const PARTS = ["training-hst", "training-normal"];

/** Runs them one after another. */
export async function run(options: BenchOptions): Promise<void> {
  for (const name of PARTS) {
    const file = new URL(`./${name}.ts`, import.meta.url);
    if (!existsSync(file)) {
      skipCase("training", name, `bench/${name}.ts`);
      continue;
    }
    const part = (await import(file.href)) as { run: (options: BenchOptions) => Promise<void> };
    await part.run(options);
  }
}
