/** Test vectors of the repository, and those that lie beside it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** A file of `test/vectors`. */
export function readVectors<Vectors>(name: string): Vectors {
  return JSON.parse(readFileSync(join(root, "test/vectors", name), "utf8")) as Vectors;
}

/** Where vectors lie that are too large for the repository. */
export const sharedVectors = join(root, "../shared/security");

/** What a test says of them in its name. */
export const sharedAre = existsSync(sharedVectors)
  ? "vectors are there"
  : "vectors are absent: ../shared/security";
