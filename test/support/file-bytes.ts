/** Whether any file below a folder holds some bytes, and how an installation's id may stand in one. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** @param wanted text or bytes */
export function filesHold(folder: string, wanted: string | Buffer): boolean {
  return readdirSync(folder, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile())
    .some((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(wanted));
}

/** An id as bytes, as text, as hexadecimal, and as LevelDB's own log writes bytes. */
export function spellings(id: string): (string | Buffer)[] {
  const hex = id.replaceAll("-", "");
  const bytes = Buffer.from(hex, "hex");
  const escaped = [...bytes].map((byte) =>
    byte >= 0x20 && byte <= 0x7e
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, "0")}`,
  );
  return [bytes, id, hex, escaped.join("")];
}
