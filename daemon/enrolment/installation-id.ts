/**
 * Who we are: a random UUIDv4, made once and kept for good. It is derived from nothing, and never
 * quietly replaced: a new one would make the installation a stranger to its own data.
 */
import assert from "node:assert/strict";
import type { Chance } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import { formatUuid } from "#core/uuid.js";

/** Where the id is kept. */
export interface IdFile {
  readonly path: string;
  read(): string | undefined;
  write(text: string): void;
}

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/**
 * The id of this installation; makes it the first time.
 *
 * @throws HeatpoolError `STATE_INVALID` when the file is there and holds no id
 */
export function openInstallationId(file: IdFile, chance: Chance): string {
  const text = file.read();
  if (text === undefined) {
    const made = createUuid(chance);
    file.write(`${made}\n`);
    return made;
  }
  const id = text.trim();
  if (!UUID_V4.test(id)) {
    throw new HeatpoolError("STATE_INVALID", `${file.path}: not an installation id`, {
      hint:
        "Restore the file from a backup. Only if there is none: remove it, " +
        "and this becomes a new installation.",
    });
  }
  return id;
}

/** A random UUID, version 4 (RFC 9562, section 5.4). */
function createUuid(chance: Chance): string {
  const bytes = Buffer.from(chance(16));
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const uuid = formatUuid(bytes);
  assert(uuid !== undefined);
  return uuid;
}
