/** Temporary folders that go away with the test file. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** A new empty folder, removed after the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "heatpool-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
