/** Temporary folders that go away with the test file. */
import { rmSync } from "node:fs";
import { afterAll } from "vitest";
import { makeRunFolder } from "./run-folder.js";

const made: string[] = [];

// Here, as a test that already runs can add none; what is added first comes last, when all is closed.
afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A new empty folder, removed after the test file. */
export function temporaryFolder(): string {
  const folder = makeRunFolder();
  made.push(folder);
  return folder;
}
