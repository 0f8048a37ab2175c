/**
 * Small files of the state directory. A write is durable when it returns and happens wholly or not
 * at all: written beside, synced, renamed, and the directory synced.
 *
 * What the file system refuses is told with the file's name and what to do: `STATE_INVALID` where
 * nothing can be read, `STORE_FAILED` where nothing can be written.
 */
import {
  chownSync,
  closeSync,
  fchownSync,
  fsyncSync,
  lchownSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { HeatpoolError } from "#core/errors.js";

/** One small file. */
export interface StateFile {
  readonly path: string;
  /** `undefined` when there is none. */
  read(): string | undefined;
  readBytes(): Buffer | undefined;
  /** Durable when it returns. */
  write(content: string | Uint8Array): void;
  /** Durable when it returns; harmless when there is none. A folder in its place goes, too. */
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
      if (codeOf(fault) === "ENOENT") return undefined;
      throw new HeatpoolError("STATE_INVALID", `${path} cannot be read: ${codeOf(fault)}`, {
        cause: fault,
        hint: "Let heatpool's user read it, or put back a copy of it.",
      });
    }
  };
  return {
    path,
    read: () => readBytes()?.toString("utf8"),
    readBytes,
    write: (content) => orTell(path, () => writeWhole(path, content)),
    remove: () =>
      orTell(path, () => {
        rmSync(path, { force: true, recursive: true });
        syncFolder(dirname(path));
      }),
  };
}

function writeWhole(path: string, content: string | Uint8Array): void {
  const made = mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
  const owner = ownerFor(dirname(made ?? path));
  if (made !== undefined && owner !== undefined) chownSync(made, owner.uid, owner.gid);
  const beside = `${path}.new`;
  const handle = openSync(beside, "w", FILE_MODE);
  try {
    if (owner !== undefined) fchownSync(handle, owner.uid, owner.gid);
    writeFileSync(handle, content);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(beside, path);
  syncFolder(dirname(path));
}

function orTell(path: string, work: () => void): void {
  try {
    work();
  } catch (cause) {
    rmSync(`${path}.new`, { force: true });
    throw new HeatpoolError("STORE_FAILED", `${path} cannot be written: ${codeOf(cause)}`, {
      cause,
      hint: `Look at free space and at who may write in ${dirname(path)}.`,
    });
  }
}

function codeOf(fault: unknown): string {
  return (fault as NodeJS.ErrnoException).code ?? String(fault);
}

/** What root writes for the daemon belongs to the daemon, or it could not read it. */
function ownerFor(folder: string): { uid: number; gid: number } | undefined {
  return process.getuid?.() === 0 ? statSync(folder) : undefined;
}

/**
 * Gives a folder that root made for the daemon, with all that is in it, to whom the folder around
 * it belongs; without root there is nothing to give.
 */
export function giveToOwner(folder: string): void {
  const owner = ownerFor(dirname(folder));
  if (owner === undefined) return;
  for (const name of ["", ...readdirSync(folder, { recursive: true, encoding: "utf8" })]) {
    lchownSync(join(folder, name), owner.uid, owner.gid);
  }
}

/** The last line of a checked file: its checksum in hexadecimal. */
const CHECK_LINE = /\n([0-9a-f]{8})\n$/;

/**
 * The file at `path` with a last line that proves the rest. What does not prove itself is given as
 * it is, with that line: a reader of JSON refuses it, and what a person wrote without one is taken.
 */
export function openCheckedFile(path: string): StateFile {
  const file = openStateFile(path);
  return {
    ...file,
    read() {
      const whole = file.read();
      const check = whole === undefined ? undefined : CHECK_LINE.exec(whole);
      const text = whole?.slice(0, check?.index);
      return text !== undefined && check?.[1] === checkOf(text) ? text : whole;
    },
    write(content) {
      const text = Buffer.from(content).toString("utf8");
      file.write(`${text}\n${checkOf(text)}\n`);
    },
  };
}

function checkOf(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
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
