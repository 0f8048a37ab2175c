/**
 * Installation ids as people and programs spell them; inside, only lower-case UUIDv4 exist.
 *
 * Source: RFC 9562, 4 and 5.4.
 */
import { HeatpoolError } from "#core/errors.js";
import { formatUuid, readUuid } from "#core/uuid.js";

/** Version 4 and the variant of RFC 9562. */
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]/;

/** Sixteen bytes of an id to text. @throws HeatpoolError `INVALID_ARGUMENT` other lengths */
export function fromUuidBytes(name: string, bytes: Uint8Array): string {
  const text = formatUuid(bytes);
  if (text !== undefined) return text;
  throw new HeatpoolError("INVALID_ARGUMENT", `${name} has ${bytes.length} bytes, not 16`);
}

/** Any usual spelling. @throws HeatpoolError `INVALID_ARGUMENT` not a random UUID */
export function parseInstallationId(text: string): string {
  const id = readUuid(text);
  if (id !== undefined && UUID_V4.test(id)) return id;
  throw new HeatpoolError("INVALID_ARGUMENT", "installation_id is not a UUIDv4");
}
