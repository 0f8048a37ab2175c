/** Runs once before all suites. */
import { sweepRunFolders } from "./run-folder.js";

export function setup(): void {
  sweepRunFolders();
}
