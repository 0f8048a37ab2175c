/**
 * Form of a backup: a mark, then frames of length, CRC-32 and content; the first says what it is,
 * the last how much it was. Content begins with a letter: `h` facts, `f` file, `e` entries, `z` end.
 */
import { crc32 } from "node:zlib";
import { HeatpoolError } from "#core/errors.js";
import type { BackupFacts, CompanionFile, EntryCounts, StoreEntry } from "./backup.js";
import { spaceOf } from "./store-keys.js";

const MARK = Buffer.from("heatpool backup 1\n", "latin1");
const HEAD_BYTES = 8;
/** Content that is gathered before a frame is closed. */
const FRAME_BYTES = 128 * 1024;
/** A single record may be as large as a refused batch in base64, and more. */
const FRAME_BYTES_MAX = 16 * 1024 * 1024;
const LENGTH_BYTES = 4;

/** What a frame holds. */
export type BackupPart =
  | { readonly kind: "facts"; readonly facts: BackupFacts }
  | { readonly kind: "file"; readonly file: CompanionFile }
  | { readonly kind: "entries"; readonly entries: readonly StoreEntry[] }
  | { readonly kind: "end"; readonly counts: EntryCounts };

/** The bytes of a backup, frame by frame. */
export async function* encodeBackup(
  facts: BackupFacts,
  files: readonly CompanionFile[],
  source: AsyncIterable<readonly StoreEntry[]>,
): AsyncGenerator<Buffer, void, undefined> {
  yield MARK;
  yield frame("h", Buffer.from(JSON.stringify(facts), "utf8"));
  for (const { name, bytes } of files) {
    yield frame("f", Buffer.concat([sized(Buffer.from(name, "utf8")), sized(bytes)]));
  }
  const counts: Record<string, number> = {};
  let gathered: Buffer[] = [];
  let bytes = 0;
  for await (const entries of source) {
    for (const [key, value] of entries) {
      // The end of a range that is being rewritten.
      if (value.length === 0) continue;
      countEntry(counts, key);
      gathered.push(sized(key), sized(value));
      bytes += key.length + value.length;
      if (bytes < FRAME_BYTES) continue;
      yield frame("e", Buffer.concat(gathered));
      gathered = [];
      bytes = 0;
    }
  }
  if (gathered.length > 0) yield frame("e", Buffer.concat(gathered));
  yield frame("z", Buffer.from(JSON.stringify(counts), "utf8"));
}

/** Reads what `encodeBackup` wrote, checked; the last part is the end. @throws `STORE_DAMAGED` */
export async function* decodeBackup(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<BackupPart, void, undefined> {
  const counts: Record<string, number> = {};
  let isEnded = false;
  for await (const content of readFrames(chunks)) {
    if (isEnded) throw damaged("it goes on after its end");
    const part = parsePart(content);
    if (part.kind === "entries") for (const [key] of part.entries) countEntry(counts, key);
    if (part.kind === "end") {
      isEnded = true;
      demandSame(counts, part.counts);
    }
    yield part;
  }
  if (!isEnded) throw damaged("it was cut: the end is missing");
}

/** Counts one record by its kind. */
export function countEntry(counts: Record<string, number>, key: Buffer): void {
  const space = spaceOf(key) ?? "unknown";
  counts[space] = (counts[space] ?? 0) + 1;
}

/** @throws HeatpoolError `STORE_DAMAGED` */
export function demandSame(found: EntryCounts, expected: EntryCounts): void {
  const names = [...new Set([...Object.keys(found), ...Object.keys(expected)])];
  const wrong = names.filter((name) => (found[name] ?? 0) !== (expected[name] ?? 0));
  if (wrong.length === 0) return;
  const what = wrong.map((name) => `${found[name] ?? 0} of ${expected[name] ?? 0} ${name}`);
  throw damaged(`there are ${what.join(", ")}`);
}

async function* readFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  let isMarked = false;
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    if (!isMarked) {
      if (rest.length < MARK.length) continue;
      if (!rest.subarray(0, MARK.length).equals(MARK))
        throw damaged("it is no backup of this kind");
      isMarked = true;
      rest = rest.subarray(MARK.length);
    }
    for (let content = takeFrame(rest); content !== undefined; content = takeFrame(rest)) {
      rest = rest.subarray(HEAD_BYTES + content.length);
      yield content;
    }
  }
  if (rest.length > 0) throw damaged("it was cut in the middle of a part");
}

/** The first frame's content; `undefined`: it is not there wholly. */
function takeFrame(bytes: Buffer): Buffer | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  const length = bytes.readUInt32LE(0);
  if (length > FRAME_BYTES_MAX) throw damaged(`a part of ${length} bytes`);
  if (bytes.length < HEAD_BYTES + length) return undefined;
  const content = bytes.subarray(HEAD_BYTES, HEAD_BYTES + length);
  if (bytes.readUInt32LE(4) !== crc32(content)) throw damaged("the checksum of a part differs");
  return content;
}

function frame(letter: string, content: Buffer): Buffer {
  const whole = Buffer.concat([Buffer.alloc(HEAD_BYTES), Buffer.from(letter, "latin1"), content]);
  const inside = whole.subarray(HEAD_BYTES);
  whole.writeUInt32LE(inside.length, 0);
  whole.writeUInt32LE(crc32(inside), 4);
  return whole;
}

function parsePart(content: Buffer): BackupPart {
  const letter = String.fromCharCode(content[0] ?? 0);
  const body = content.subarray(1);
  switch (letter) {
    case "h":
      return { kind: "facts", facts: JSON.parse(body.toString("utf8")) as BackupFacts };
    case "z":
      return { kind: "end", counts: JSON.parse(body.toString("utf8")) as EntryCounts };
    case "f": {
      const [name = Buffer.alloc(0), bytes = Buffer.alloc(0)] = readSized(body);
      return { kind: "file", file: { name: name.toString("utf8"), bytes } };
    }
    case "e": {
      const fields = readSized(body);
      const entries: StoreEntry[] = [];
      for (let at = 0; at + 1 < fields.length; at += 2) {
        entries.push([fields[at] as Buffer, fields[at + 1] as Buffer]);
      }
      return { kind: "entries", entries };
    }
  }
  throw damaged(`a part of the unknown kind ${JSON.stringify(letter)}`);
}

function sized(bytes: Buffer): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(bytes.length, 0);
  return Buffer.concat([length, bytes]);
}

function readSized(bytes: Buffer): Buffer[] {
  const fields: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const start = at + LENGTH_BYTES;
    const end = start + (start <= bytes.length ? bytes.readUInt32LE(at) : 0);
    if (end > bytes.length || end < start) throw damaged("a field goes beyond its part");
    fields.push(bytes.subarray(start, end));
    at = end;
  }
  return fields;
}

function damaged(what: string): HeatpoolError {
  return new HeatpoolError("STORE_DAMAGED", `the backup cannot be used: ${what}`, {
    hint: "Nothing was changed; use another backup.",
  });
}
