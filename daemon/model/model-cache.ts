/**
 * Sealed model files in the cache folder: arriving piece by piece, kept until a newer release works.
 *
 * A file has its final name only when it is whole and synced. Nothing in the folder is trusted: a
 * file is hashed before it is opened, links are not followed, and the folder may vanish at any time.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, join } from "node:path";
import type { TrustedTarget } from "#core/envelope/grant-check.js";

/** A folder of model files. */
export interface ModelCache {
  /** Bytes of `target` that are there already, of a file that is not whole. */
  missingFrom(target: TrustedTarget): number;
  /** Adds a piece; `false`: it does not continue what is there, which was dropped. */
  add(target: TrustedTarget, offset: number, piece: Uint8Array): boolean;
  /** Gives a file that is all there its name. */
  finish(target: TrustedTarget): void;
  /** Whether the whole file is there and is the catalogue's. */
  has(target: TrustedTarget): boolean;
  /** The file, piece by piece. */
  pieces(target: TrustedTarget): Generator<Buffer, void, undefined>;
  /** Forgets a file, whole or not. */
  drop(target: TrustedTarget): void;
  /** Forgets everything but these, whole or on their way. */
  keepOnly(targets: readonly TrustedTarget[]): void;
}

/** As bford.info/cachedir describes it; borg, restic and tar skip folders with it. */
const TAG_FILE = "CACHEDIR.TAG";
const TAG =
  "Signature: 8a477f597d28d172789f06886806bc55\n" +
  "# Sealed model files of heatpool; they are fetched again when they are missing.\n";
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const PIECE_BYTES = 64 * 1024;
const { O_RDONLY, O_WRONLY, O_CREAT, O_NOFOLLOW } = constants;

export function openModelCache(folder: string): ModelCache {
  const whole = ({ modelId, release, sha256 }: TrustedTarget) =>
    join(folder, `${modelId}-${release}-${sha256.slice(0, 16)}.enc`);
  const partOf = (target: TrustedTarget) => `${whole(target)}.part`;
  const prepare = () => {
    mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
    writeFileSync(join(folder, TAG_FILE), TAG, { mode: FILE_MODE });
  };
  const cache: ModelCache = {
    missingFrom: (target) => sizeOf(partOf(target)),
    add(target, offset, piece) {
      prepare();
      const path = partOf(target);
      const isNext = offset === sizeOf(path) && offset + piece.length <= target.length;
      if (!isNext) {
        cache.drop(target);
        return false;
      }
      // Whatever else lies there, e.g. a link, is no beginning of ours.
      if (offset === 0) rmSync(path, { force: true, recursive: true });
      const handle = openSync(path, O_WRONLY | O_CREAT | O_NOFOLLOW, FILE_MODE);
      try {
        let written = 0;
        while (written < piece.length)
          written += writeSync(handle, piece, written, piece.length - written, offset + written);
      } finally {
        closeSync(handle);
      }
      return true;
    },
    finish(target) {
      const path = partOf(target);
      const handle = openSync(path, O_WRONLY | O_NOFOLLOW);
      try {
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      renameSync(path, whole(target));
      // Before anything points to the name: a power cut could take it back.
      const own = openSync(folder, O_RDONLY);
      try {
        fsyncSync(own);
      } finally {
        closeSync(own);
      }
    },
    has(target) {
      if (sizeOf(whole(target)) !== target.length) return false;
      const hash = createHash("sha256");
      for (const piece of cache.pieces(target)) hash.update(piece);
      return hash.digest("hex") === target.sha256;
    },
    *pieces(target) {
      const handle = openSync(whole(target), O_RDONLY | O_NOFOLLOW);
      try {
        for (;;) {
          const piece = Buffer.alloc(PIECE_BYTES);
          const bytes = readSync(handle, piece);
          if (bytes === 0) return;
          yield piece.subarray(0, bytes);
        }
      } finally {
        closeSync(handle);
      }
    },
    drop(target) {
      for (const path of [whole(target), partOf(target)]) rmSync(path, { force: true });
    },
    keepOnly(targets) {
      const kept = new Set([TAG_FILE]);
      for (const target of targets)
        for (const path of [whole(target), partOf(target)]) kept.add(basename(path));
      for (const name of list(folder))
        if (!kept.has(name)) rmSync(join(folder, name), { force: true });
    },
  };
  return cache;
}

/** 0: it is not there, or not a file. */
function sizeOf(path: string): number {
  try {
    const handle = openSync(path, O_RDONLY | O_NOFOLLOW);
    try {
      const found = fstatSync(handle);
      return found.isFile() ? found.size : 0;
    } finally {
      closeSync(handle);
    }
  } catch {
    return 0;
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
