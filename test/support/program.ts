/**
 * How tests start the two programs: as they were built where the build is as new as the sources,
 * because compiling the sources takes longer than most commands do; else from the sources.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

type Name = "daemon" | "backend";

const BUILT = "dist/build.json";
const SOURCES = ["core", "daemon", "backend", "proto/gen", "package.json", "tsconfig.build.json"];

/** What Node runs for `name`, before the words of the command. */
export function programOf(name: Name): readonly string[] {
  if (isFresh()) return [`dist/${name}/main.js`];
  return ["--import", "tsx", "--conditions=source", `${name}/main.ts`];
}

let known: boolean | undefined;

function isFresh(): boolean {
  known ??= changedAtMs(BUILT) > Math.max(...SOURCES.map(newestMs));
  return known;
}

function newestMs(path: string): number {
  const entries = path.endsWith(".json")
    ? []
    : readdirSync(path, { recursive: true, withFileTypes: true });
  return entries.reduce(
    (newest, { parentPath, name }) => Math.max(newest, changedAtMs(join(parentPath, name))),
    changedAtMs(path),
  );
}

/** 0: it is not there. */
function changedAtMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
