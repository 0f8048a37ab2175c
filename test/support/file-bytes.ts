/** Whether any file below a folder holds some bytes, and how an installation's id may stand in one. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** @param wanted text or bytes */
export function filesHold(folder: string, wanted: string | Buffer): boolean {
  return readdirSync(folder, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile())
    .some((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(wanted));
}

/** An id as bytes, text, hexadecimal and base64 (of text and bytes), and as LevelDB's log has bytes. */
export function spellings(id: string): (string | Buffer)[] {
  const hex = id.replaceAll("-", "");
  const bytes = Buffer.from(hex, "hex");
  const escaped = [...bytes].map((byte) =>
    byte >= 0x20 && byte <= 0x7e
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, "0")}`,
  );
  const upper = [id.toUpperCase(), hex.toUpperCase()];
  const coded = [bytes, Buffer.from(id), Buffer.from(hex)].flatMap(base64s);
  return [bytes, id, hex, escaped.join(""), ...upper, ...coded];
}

/** What base64 has of bytes wherever they begin: the characters that their neighbours do not touch. */
function base64s(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]);
    const sure = whole.subarray(0, whole.length - (whole.length % 3)).toString("base64");
    const text = sure.slice(before === 0 ? 0 : 4);
    return [text, text.replaceAll("+", "-").replaceAll("/", "_")];
  });
}
