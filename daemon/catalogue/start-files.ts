/** What a refresh starts from: the remembered files, as far as they may still be believed. Pure. */
import {
  demandThreshold,
  type MetadataFile,
  type Role,
  readMetadata,
  signersOf,
} from "#core/catalogue/metadata.js";
import { HeatpoolError } from "#core/errors.js";
import { NOTHING, type Remembered } from "./metadata-store.js";

/** The pinned root, and its SHA-256. */
export interface PinnedRoot {
  readonly root: MetadataFile<"root">;
  readonly pin: string;
}

/** What is believed at the start. */
export interface StartFiles {
  readonly root: MetadataFile<"root">;
  readonly files: Remembered["files"];
  readonly remembered: Remembered;
}

/**
 * Another pinned root of the same or a lower version is another pool: what was remembered of the
 * old one is void. A later one is the same pool's, and the memory of versions stays.
 */
export function chooseStart(given: Remembered, { root: pinned, pin }: PinnedRoot): StartFiles {
  const kept = readOrNothing("root", given.files.root);
  const isOtherPool = given.pin !== undefined && given.pin !== pin;
  const isLaterPin = pinned.version > (kept?.version ?? 0);
  const remembered = isOtherPool && !isLaterPin ? NOTHING : given;
  const own = remembered === NOTHING ? undefined : kept;
  const root = own === undefined || isLaterPin ? pinned : own;
  const files: Partial<Record<Role, Buffer>> = { root: root.bytes };
  for (const role of ["timestamp", "snapshot", "targets"] as const) {
    const bytes = remembered.files[role];
    // A timestamp that lost a bit is replaced by the one that was in use: better than none.
    const spare = role === "snapshot" ? undefined : remembered.accepted[role];
    const file = readOrNothing(role, bytes) ?? readOrNothing(role, spare);
    if (file !== undefined) files[role] = file.bytes;
  }
  return { root, files, remembered };
}

/** Whoever signed it: `undefined` when its form is not right. */
function readOrNothing<R extends Role>(
  role: R,
  bytes: Buffer | undefined,
): MetadataFile<R> | undefined {
  if (bytes === undefined) return undefined;
  try {
    const file = readMetadata(role, bytes);
    if (role === "root") {
      const root = file as MetadataFile<"root">;
      demandThreshold(root, signersOf(root, "root"));
    }
    return file;
  } catch (error) {
    if (error instanceof HeatpoolError) return undefined;
    throw error;
  }
}
