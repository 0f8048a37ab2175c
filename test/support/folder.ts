/** Temporary folders that go away with the test file. */
import { rmSync } from "node:fs";
import { afterAll } from "vitest";
import { makeRunFolder } from "./run-folder.js";

/** A new empty folder, removed after the test file. */
export function temporaryFolder(): string {
  const folder = makeRunFolder();
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
