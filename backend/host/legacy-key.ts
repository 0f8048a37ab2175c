/** The key of envelopes for earlier clients: a file for the backend's eyes only. */
import { readFileSync, statSync } from "node:fs";
import { HeatpoolError } from "#core/errors.js";

/** Others may not even read. */
const FOREIGN_BITS = 0o077;

/** @throws HeatpoolError `CONFIG_INVALID` not readable, or readable to others */
export function readLegacyKey(path: string): string {
  try {
    if ((statSync(path).mode & FOREIGN_BITS) === 0) return readFileSync(path, "utf8").trim();
  } catch (cause) {
    throw new HeatpoolError("CONFIG_INVALID", `http.legacyKeyFile: cannot read ${path}`, { cause });
  }
  throw new HeatpoolError("CONFIG_INVALID", `http.legacyKeyFile: ${path} can be read by others`, {
    hint: `Run chmod 600 ${path}.`,
  });
}
