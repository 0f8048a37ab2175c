/** Files that come with the program, from the sources and from `dist` alike. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Folder of our `package.json`: the nearest one above this file. */
export function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json")) && folder !== dirname(folder)) {
    folder = dirname(folder);
  }
  return folder;
}

/** The version of this program, e.g. `0.1.0`. */
export function readVersion(): string {
  const text = readFileSync(join(packageFolder(), "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/**
 * When this program was built: no clock that is right is before it. 0: it runs from its sources.
 *
 * The build writes the file beside the programs; see `scripts/build.mjs`.
 */
export function readBuildTimeMs(): number {
  try {
    const text = readFileSync(join(packageFolder(), "dist/build.json"), "utf8");
    const { builtAtMs } = JSON.parse(text) as { builtAtMs?: unknown };
    return Number.isSafeInteger(builtAtMs) ? Number(builtAtMs) : 0;
  } catch {
    return 0;
  }
}
