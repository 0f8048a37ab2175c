/**
 * One buffer per file, however many read it. It is read when the first wants it and forgotten when
 * the last is done; of different files only a few are held at once, so that memory has a bound.
 */
import { createTurnstile } from "./turnstile.js";

/** A file in memory. */
export interface SharedFile {
  /** Bytes from `at` on, a piece at most; all readers get the same one, not to be changed. */
  piece(at: number): Buffer;
  /** The reader is done. */
  release(): void;
}

/** Files in memory. */
export interface SharedFiles {
  /** @param read when nobody holds it yet */
  hold(path: string, read: () => Promise<Buffer>): Promise<SharedFile>;
}

/** A model file has at most 64 MiB. */
const FILES_MAX = 2;
/** A daemon takes messages of 256 KiB at most. */
export const PIECE_BYTES = 128 * 1024;

interface Held {
  readers: number;
  readonly loaded: Promise<{ piece: (at: number) => Buffer; leave: () => void }>;
}

export function createSharedFiles(): SharedFiles {
  const held = new Map<string, Held>();
  const turnstile = createTurnstile(FILES_MAX);

  async function load(read: () => Promise<Buffer>) {
    const leave = await turnstile.enter();
    try {
      return { piece: cut(await read()), leave };
    } catch (error) {
      leave();
      throw error;
    }
  }

  return {
    async hold(path, read) {
      const file = held.get(path) ?? { readers: 0, loaded: load(read) };
      held.set(path, file);
      file.readers += 1;
      const release = (leave: () => void) => {
        file.readers -= 1;
        if (file.readers > 0) return;
        if (held.get(path) === file) held.delete(path);
        leave();
      };
      try {
        const { piece, leave } = await file.loaded;
        return { piece, release: () => release(leave) };
      } catch (error) {
        release(() => {});
        throw error;
      }
    },
  };
}

/** Whoever reads from the beginning gets the same pieces. */
function cut(bytes: Buffer): (at: number) => Buffer {
  const pieces = new Map<number, Buffer>();
  return (at) => {
    const known = pieces.get(at);
    if (known !== undefined) return known;
    const piece = bytes.subarray(at, at + PIECE_BYTES);
    if (at % PIECE_BYTES === 0) pieces.set(at, piece);
    return piece;
  };
}
