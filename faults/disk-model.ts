/**
 * What a disk may hold after the power went: a model of ext4 as a journalling file system that
 * promises what was synced and nothing else.
 *
 * Names (creations, renames, removals) reach the disk in their order, at the latest with the next
 * sync of what they are about. Written bytes that were not synced may be there, be missing, be cut
 * anywhere, or be zeros or rubbish under a length that is right. After a sync that failed the bytes
 * may or may not be there, whatever a later sync says: the kernel has forgotten that they are dirty.
 *
 * Source: fsync(2); T. Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014;
 * A. Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020.
 */
import type { DiskChange } from "./disk-trace.js";

const SECTOR_BYTES = 512;
const PAGE_BYTES = 4096;

interface Piece {
  readonly offset: number;
  readonly data: Buffer;
}

interface Inode {
  /** Surely on disk. */
  synced: Buffer;
  /** Written since the last sync. */
  pending: Piece[];
  /** Written before a sync that failed, and not written over and synced since. */
  doubtful: Piece[];
  /** Number of the last change. */
  changedAt: number;
}

type NameChange =
  | { readonly at: number; readonly kind: "link"; readonly path: string; readonly inode: Inode }
  | { readonly at: number; readonly kind: "folder"; readonly path: string }
  | { readonly at: number; readonly kind: "rename"; readonly path: string; readonly to: string }
  | { readonly at: number; readonly kind: "remove"; readonly path: string };

/** `undefined`: a folder. */
type Names = Map<string, Inode | undefined>;

/** How a disk is left. */
export interface DiskState {
  readonly folders: readonly string[];
  readonly files: ReadonlyMap<string, Buffer>;
}

/** A disk that follows a trace and can be cut off at any point. */
export class ModelledDisk {
  /** Surely on disk. */
  readonly #durable: Names = new Map();
  /** As the running system sees it. */
  readonly #live: Names = new Map();
  /** Names that may be on disk, in order. */
  #unsure: NameChange[] = [];
  #count = 0;

  apply(change: DiskChange): void {
    const at = ++this.#count;
    switch (change.kind) {
      case "create": {
        const inode = { synced: Buffer.alloc(0), pending: [], doubtful: [], changedAt: at };
        this.#name({ at, kind: "link", path: change.path, inode });
        break;
      }
      case "folder":
      case "remove":
        this.#name({ at, kind: change.kind, path: change.path });
        break;
      case "rename":
        this.#name({ at, kind: "rename", path: change.path, to: change.to });
        break;
      case "write":
        this.#write(change.path, change, at);
        break;
      case "sync":
        this.#sync(change.path);
        break;
      case "sync-failed": {
        const inode = this.#live.get(change.path);
        inode?.doubtful.push(...inode.pending.splice(0));
      }
    }
  }

  /** As every process sees it, power or not. */
  live(): DiskState {
    return toState(this.#live, (inode) =>
      layOver(inode.synced, [...inode.doubtful, ...inode.pending]),
    );
  }

  /** As it may be found after the power went right now. */
  cut(random: () => number): DiskState {
    const names: Names = new Map(this.#durable);
    const kept = pickKept(this.#unsure.length, random);
    for (const change of this.#unsure.slice(0, kept)) moveName(names, change);
    return toState(names, (inode) => leaveBehind(inode, random));
  }

  #name(change: NameChange): void {
    moveName(this.#live, change);
    this.#unsure.push(change);
  }

  #write(path: string, piece: Piece, at: number): void {
    const inode = this.#live.get(path);
    if (inode === undefined) return;
    inode.pending.push(piece);
    inode.changedAt = at;
  }

  #sync(path: string): void {
    const inode = this.#live.get(path);
    if (inode !== undefined) {
      const written = inode.pending.splice(0);
      inode.synced = layOver(inode.synced, written);
      inode.doubtful = written.reduce(withoutRange, inode.doubtful);
      this.#settleNames(inode.changedAt);
      return;
    }
    const prefix = path === "" ? "" : `${path}/`;
    const isInside = (name: string): boolean =>
      name.startsWith(prefix) && !name.slice(prefix.length).includes("/");
    const last = this.#unsure.findLast(
      (one) => isInside(one.path) || (one.kind === "rename" && isInside(one.to)),
    );
    this.#settleNames(last?.at ?? 0);
  }

  /** The journal is written in order: what is older than a settled change is settled as well. */
  #settleNames(through: number): void {
    while ((this.#unsure[0]?.at ?? Number.POSITIVE_INFINITY) <= through) {
      const change = this.#unsure.shift();
      if (change !== undefined) moveName(this.#durable, change);
    }
  }
}

function moveName(names: Names, change: NameChange): void {
  const { path } = change;
  if (change.kind === "link") names.set(path, change.inode);
  else if (change.kind === "folder") names.set(path, undefined);
  else if (change.kind === "remove") names.delete(path);
  else {
    for (const [name, inode] of [...names]) {
      if (name !== path && !name.startsWith(`${path}/`)) continue;
      names.delete(name);
      names.set(change.to + name.slice(path.length), inode);
    }
  }
}

/** Mostly all or none; now and then something in between. */
function pickKept(count: number, random: () => number): number {
  const turn = random();
  if (turn < 0.3) return 0;
  return turn < 0.6 ? count : Math.floor(random() * (count + 1));
}

function toState(names: Names, content: (inode: Inode) => Buffer): DiskState {
  const files = new Map<string, Buffer>();
  const folders: string[] = [];
  for (const [path, inode] of names) {
    if (inode === undefined) folders.push(path);
    else files.set(path, content(inode));
  }
  return { folders, files };
}

/** What of `pieces` lies outside of a piece that was written over them and synced. */
function withoutRange(pieces: readonly Piece[], { offset, data }: Piece): Piece[] {
  const end = offset + data.length;
  return pieces.flatMap((piece) => {
    const before = piece.data.subarray(0, Math.max(0, offset - piece.offset));
    const after = piece.data.subarray(Math.max(0, end - piece.offset));
    const afterAt = piece.offset + piece.data.length - after.length;
    const parts = [
      { offset: piece.offset, data: before },
      { offset: afterAt, data: after },
    ];
    return parts.filter((part) => part.data.length > 0);
  });
}

function layOver(base: Buffer, pieces: readonly Piece[]): Buffer {
  const length = pieces.reduce((max, one) => Math.max(max, one.offset + one.data.length), 0);
  const bytes = Buffer.alloc(Math.max(base.length, length));
  base.copy(bytes);
  for (const { offset, data } of pieces) data.copy(bytes, offset);
  return bytes;
}

/** What of a file is on disk: what was synced, and of the rest what chance leaves. */
function leaveBehind({ synced, pending, doubtful }: Inode, random: () => number): Buffer {
  const base = layOver(
    synced,
    doubtful.filter(() => random() < 0.5),
  );
  if (pending.length === 0) return base;
  const whole = layOver(base, pending);
  const from = Math.min(...pending.map(({ offset }) => offset));
  const turn = random();
  if (turn < 0.25) return base;
  if (turn < 0.4) return whole;
  const cutAt = from + Math.floor(random() * (whole.length - from + 1));
  if (turn < 0.65) return whole.subarray(0, Math.max(base.length, cutAt));
  const sectorAt = Math.ceil(cutAt / SECTOR_BYTES) * SECTOR_BYTES;
  if (turn < 0.75) return whole.subarray(0, Math.max(base.length, sectorAt));
  // The length is right, and some of what should be there is not.
  const fill = turn < 0.9 ? 0 : 0xa5 ^ Math.floor(random() * 256);
  for (let page = from - (from % PAGE_BYTES); page < whole.length; page += PAGE_BYTES) {
    const begin = Math.max(from, page, base.length);
    const end = Math.min(whole.length, page + PAGE_BYTES);
    if (random() < 0.5 && begin < end) whole.fill(fill, begin, end);
  }
  return whole;
}
