/**
 * Small files of the state directory. A write is durable when it returns and happens wholly or not
 * at all: written beside, synced, renamed, and the directory synced.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

/** One small file. */
export interface StateFile {
  readonly path: string;
  /** `undefined` when there is none. */
  read(): string | undefined;
  readBytes(): Buffer | undefined;
  /** Durable when it returns. */
  write(content: string | Uint8Array): void;
  /** Durable when it returns; harmless when there is none. */
  remove(): void;
}

/** The owner alone may read what the daemon keeps. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** The file at `path`; nothing is made before the first write. */
export function openStateFile(path: string): StateFile {
  const readBytes = () => {
    try {
      return readFileSync(path);
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw fault;
    }
  };
  return {
    path,
    read: () => readBytes()?.toString("utf8"),
    readBytes,
    write(content) {
      mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
      const beside = `${path}.new`;
      const handle = openSync(beside, "w", FILE_MODE);
      try {
        writeFileSync(handle, content);
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      renameSync(beside, path);
      syncFolder(dirname(path));
    },
    remove() {
      rmSync(path, { force: true });
      syncFolder(dirname(path));
    },
  };
}

/** A rename or removal is durable only after its directory was synced. */
function syncFolder(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
