/**
 * The file of `heatpool privacy export`. Under its name stands only what is whole; nothing is
 * replaced, and only its owner may read it.
 */
import { existsSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { HeatpoolError } from "#core/errors.js";

const FILE_MODE = 0o600;
/** As `own-data.ts` says it. */
const AWAY = '\n{"kind":"backend","status":"away"';
const END = '\n{"kind":"end"}\n';
/** The last two records are shorter. */
const TAIL_BYTES = 4_096;

/**
 * @returns whether the backend was asked
 * @throws HeatpoolError `STATE_INVALID` it is there already, or cannot be written · `UNAVAILABLE` it
 *   is not whole · `INTERRUPTED`
 */
export async function writeOwnData(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
  ending: AbortSignal,
): Promise<boolean> {
  if (existsSync(path)) {
    throw new HeatpoolError("STATE_INVALID", `${path} exists already; it was not touched`, {
      hint: "Name another file with --out.",
    });
  }
  const draft = `${path}.part`;
  // Who writes the draft has it alone: two that write one file would make neither.
  const file = await open(draft, "wx", FILE_MODE).catch((cause) => refuse(path, cause));
  try {
    const tail = await fill(file, pieces, ending);
    await file.sync();
    await rename(draft, path);
    return !tail.includes(AWAY);
  } catch (cause) {
    await rm(draft, { force: true });
    throw cause instanceof HeatpoolError ? cause : refuse(path, cause);
  } finally {
    await file.close();
  }
}

/** @returns its last lines */
async function fill(
  file: FileHandle,
  pieces: AsyncIterable<Uint8Array>,
  ending: AbortSignal,
): Promise<string> {
  let tail: Buffer = Buffer.alloc(0);
  for await (const piece of pieces) {
    if (ending.aborted) throw new HeatpoolError("INTERRUPTED", "nothing was exported");
    await file.write(piece);
    tail = Buffer.concat([tail, piece]).subarray(-TAIL_BYTES);
  }
  const text = tail.toString("utf8");
  if (text.endsWith(END)) return text;
  const last = text.trimEnd().split("\n").at(-1) ?? "";
  throw new HeatpoolError("UNAVAILABLE", `the export is not whole: ${last}`);
}

function refuse(path: string, cause: unknown): never {
  if ((cause as NodeJS.ErrnoException).code === "EEXIST") {
    throw new HeatpoolError("STATE_INVALID", `${path}.part is there: an export writes it`, {
      cause,
      hint: "If none is under way it was broken off: remove that file.",
    });
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  throw new HeatpoolError("STATE_INVALID", `${path} cannot be written: ${why}`, {
    cause,
    hint: "Look at free space, and whether you may write there; --out names another place.",
  });
}
