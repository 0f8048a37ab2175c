/**
 * Wipes this machine's state after an erasure: everything in the folder but the receipt, what other
 * rooms know about machines and nobody's data, and the wish, which goes last, so that a power cut in
 * between is made up for.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { HeatpoolError } from "#core/errors.js";
import { ANSWERED } from "./erasure.js";

/** Files of an erasure in the state directory. */
export const WISH_FILE = "erasure-wish";
export const RECEIPT_FILE = "erasure-receipt.json";
/** Which models are signed, and which registers a heat pump does not have. */
const KEPT = [RECEIPT_FILE, "catalogue", "quarantine"];
const MODEL_FILE = /\.enc(\.part)?$/;
/** Without it nobody is asked any more; whatever is left then goes at the next start. */
const FIRST = "identity.json";

/**
 * Wipes where the backend has answered: now, or before the power went.
 *
 * @param cacheDir where sealed models lie
 */
export function wipeWhenAnswered(places: {
  readonly stateDir: string;
  readonly cacheDir: string;
}): void {
  const wish = join(places.stateDir, WISH_FILE);
  if (existsSync(wish) && readText(wish).trim() === ANSWERED) {
    wipe(places.stateDir, places.cacheDir);
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new HeatpoolError("STATE_INVALID", `${path} cannot be read: ${code}`, {
      cause,
      hint: "Remove it, and wish again with `heatpool privacy erase` where you did.",
    });
  }
}

function wipe(stateDir: string, cacheDir: string): void {
  const drop = (path: string) => rmSync(path, { recursive: true, force: true });
  drop(join(stateDir, FIRST));
  for (const name of list(stateDir)) {
    if (!KEPT.includes(name) && name !== WISH_FILE) drop(join(stateDir, name));
  }
  for (const name of list(cacheDir)) if (MODEL_FILE.test(name)) drop(join(cacheDir, name));
  drop(join(stateDir, WISH_FILE));
}

/** A withdrawal that was begun; nothing is sent while it is there. */
const MARKER_FILE = "withdrawal";

/**
 * Wipes everything that was made on this machine, the keys first and the withdrawal last.
 *
 * @param places `secretFile` left out: the secret of the keys is systemd's
 * @returns names in the state directory that were removed
 */
export function wipeMachine(places: {
  readonly stateDir: string;
  readonly cacheDir: string;
  readonly secretFile?: string | undefined;
}): readonly string[] {
  const { stateDir, cacheDir, secretFile } = places;
  const drop = (path: string) => rmSync(path, { recursive: true, force: true });
  const names = list(stateDir).filter((name) => name !== MARKER_FILE);
  for (const name of [FIRST, ...names]) drop(join(stateDir, name));
  if (secretFile !== undefined) drop(secretFile);
  for (const name of list(cacheDir)) if (MODEL_FILE.test(name)) drop(join(cacheDir, name));
  drop(join(stateDir, MARKER_FILE));
  return names.sort();
}

function list(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
