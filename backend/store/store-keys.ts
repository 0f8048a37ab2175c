/**
 * Keys of the embedded store: two letters that say what, then binary fields of fixed width, big
 * endian, so that the order of bytes is the order of time and one prefix is one installation.
 */
import { HeatpoolError } from "#core/errors.js";
import { formatUuid, parseUuid } from "#core/uuid.js";

/** What a key begins with. */
const SPACES = {
  installation: "i/",
  epoch: "e/",
  digest: "d/",
  block: "b/",
  journal: "c/",
  loss: "l/",
  day: "y/",
  deadLetter: "x/",
  table: "t/",
  totals: "m/",
  record: "r/",
} as const;

/** One of the kinds of keys. */
export type Space = keyof typeof SPACES;

/** Ids whose bytes are at hand; one batch needs the same few several times. */
const IDS_MAX = 10_000;
const idBytes = new Map<string, Buffer>();

/** @throws HeatpoolError `INVALID_ARGUMENT` not a lower-case UUID */
export function uuidBytes(id: string): Buffer {
  const known = idBytes.get(id);
  if (known !== undefined) return known;
  const bytes = parseId(id);
  if (idBytes.size >= IDS_MAX) idBytes.clear();
  idBytes.set(id, bytes);
  return bytes;
}

function parseId(id: string): Buffer {
  const bytes = parseUuid(id);
  if (bytes !== undefined) return Buffer.from(bytes);
  throw new HeatpoolError("INVALID_ARGUMENT", `not a lower-case UUID: ${id}`);
}

/** The text form of 16 bytes of a key. */
function uuidText(bytes: Uint8Array): string {
  return formatUuid(bytes) ?? "";
}

/** Which kind a key is; `undefined`: none of ours. */
export function spaceOf(at: Uint8Array): Space | undefined {
  const beginning = String.fromCharCode(at[0] ?? 0, at[1] ?? 0);
  return (Object.keys(SPACES) as Space[]).find((one) => SPACES[one] === beginning);
}

/** A key of fields. */
export function key(space: Space, ...fields: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.from(SPACES[space], "latin1"), ...fields]);
}

/** Bounds of all keys that begin with these fields. */
export function range(space: Space, ...fields: readonly Uint8Array[]): { gte: Buffer; lt: Buffer } {
  const gte = key(space, ...fields);
  const lt = Buffer.from(gte);
  for (let at = lt.length - 1; at >= 0; at--) {
    const byte = lt[at] ?? 0;
    lt[at] = byte + 1;
    if (byte < 0xff) return { gte, lt: lt.subarray(0, at + 1) };
  }
  return { gte, lt };
}

/** A whole number up to 2^53 in 8 bytes. */
export function u64(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), 0);
  bytes.writeUInt32BE(value % 2 ** 32, 4);
  return bytes;
}

/** Reads what `u64` wrote. */
export function readU64(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}

/** Where a block lies. */
export interface BlockPlace {
  readonly installationId: string;
  readonly deviceId: string;
  /** UTC day of the first row since 1970, at least 0. */
  readonly day: number;
  readonly epochId: string;
  readonly sequence: number;
}

/** `b/<installation 16><length><device><day 4><epoch 16><sequence 8>` */
export function blockKey(place: BlockPlace): Buffer {
  const device = Buffer.byteLength(place.deviceId, "utf8");
  const bytes = Buffer.allocUnsafe(47 + device);
  bytes.write(SPACES.block, 0, "latin1");
  bytes.set(uuidBytes(place.installationId), 2);
  bytes[18] = device;
  bytes.write(place.deviceId, 19, "utf8");
  bytes.writeUInt32BE(Math.max(0, place.day), 19 + device);
  bytes.set(uuidBytes(place.epochId), 23 + device);
  bytes.set(u64(place.sequence), 39 + device);
  return bytes;
}

/** Bytes of a day in a key. */
const DAY_BYTES = 4;

/** Bounds of what one device of a block's key has of days before `day`, and where the next begins. */
export function daysBefore(at: Buffer, day: number): { gte: Buffer; lt: Buffer; next: Buffer } {
  const gte = at.subarray(0, 19 + (at[18] ?? 0));
  const until = Buffer.alloc(DAY_BYTES);
  until.writeUInt32BE(Math.max(0, day), 0);
  return { gte, lt: Buffer.concat([gte, until]), next: nextDevice(at) };
}

/** Length of a block's key without its device. */
const BLOCK_KEY_BYTES_MIN = 47;

/** Whether it is the key of a block, and not the end of a range that is being rewritten. */
export function isBlockKey(at: Buffer): boolean {
  return at.length >= BLOCK_KEY_BYTES_MIN;
}

/** Beyond every block of a block's device. */
export function nextDevice(at: Buffer): Buffer {
  return Buffer.concat([at.subarray(0, 19 + (at[18] ?? 0)), Buffer.alloc(DAY_BYTES + 1, 0xff)]);
}

/** Key of the sums of one device's day. */
export function dayKey(installationId: string, day: number, deviceId: string): Buffer {
  return key("day", uuidBytes(installationId), dayBytes(day), Buffer.from(deviceId, "utf8"));
}

/** Bounds of an installation's days from `fromDay` on. */
export function daysFrom(installationId: string, fromDay: number): { gte: Buffer; lt: Buffer } {
  const id = uuidBytes(installationId);
  return { gte: key("day", id, dayBytes(fromDay)), lt: range("day", id).lt };
}

/** The day in a `dayKey`. */
export function readDay(at: Buffer): number {
  return at.readUInt32BE(18);
}

function dayBytes(day: number): Buffer {
  const bytes = Buffer.alloc(DAY_BYTES);
  bytes.writeUInt32BE(Math.max(0, day), 0);
  return bytes;
}

/** Bounds of the blocks of one device that begin on `fromDay` or later and before `toDay`. */
export function daysRange(
  installationId: string,
  deviceId: string,
  fromDay: number,
  toDay: number,
): { gte: Buffer; lt: Buffer } {
  const name = Buffer.from(deviceId, "utf8");
  const before = (day: number) =>
    key("block", uuidBytes(installationId), Buffer.of(name.length), name, dayBytes(day));
  return { gte: before(fromDay), lt: before(toDay) };
}

/** Reads what `blockKey` wrote. */
export function readBlockKey(bytes: Buffer): BlockPlace {
  const length = bytes[18] ?? 0;
  const day = 19 + length;
  return {
    installationId: uuidText(bytes.subarray(2, 18)),
    deviceId: bytes.toString("utf8", 19, day),
    day: bytes.readUInt32BE(day),
    epochId: uuidText(bytes.subarray(day + 4, day + 20)),
    sequence: readU64(bytes, day + 20),
  };
}
