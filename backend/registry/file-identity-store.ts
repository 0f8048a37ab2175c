/**
 * Identities on files, one for each installation: a removal leaves no byte of it behind, which a
 * database of logs and tables cannot promise. A write is whole or not there: written beside, synced,
 * renamed, and the folder synced. The last line of a file proves the rest: a changed bit must not take
 * a revocation back.
 *
 * Beside them lie the proofs of those that were erased, named by their keys, and the claims they used.
 */
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { HeatpoolError } from "#core/errors.js";
import type { Identity, IdentityStore, KeptProof } from "./identity.js";

const FORMAT = 1;
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const IDENTITY_FILE = /^[0-9a-f-]{36}\.json$/;
const PROOF_FILE = /^[0-9a-f]{64}-\d+\.json$/;
const CLAIM_LINE = /^[0-9a-f]{64}$/;

/** @throws HeatpoolError `STORE_FAILED` the folder cannot be made */
export async function openFileIdentityStore(folder: string): Promise<IdentityStore> {
  const identities = join(folder, "installations");
  const proofs = join(folder, "proofs");
  const claimsFile = join(folder, "used-claims");
  await guarded(folder, async () => {
    for (const one of [identities, proofs]) {
      await mkdir(one, { recursive: true, mode: FOLDER_MODE });
    }
  });
  return {
    all: () => readAll<Identity>(identities, IDENTITY_FILE),
    put: ({ ...identity }) =>
      guarded(identities, () =>
        writeWhole(identities, `${identity.installationId}.json`, { format: FORMAT, ...identity }),
      ),
    remove: ({ installationId, claimSha256 }, kept) =>
      guarded(identities, async () => {
        if (claimSha256 !== "") await appendLine(claimsFile, claimSha256);
        if (kept.consents.length > 0) {
          const name = `${kept.spkiSha256}-${kept.erasedAtMs}.json`;
          await writeWhole(proofs, name, { format: FORMAT, ...kept });
        }
        await rm(join(identities, `${installationId}.json`), { force: true });
        await syncFolder(identities);
      }),
    async usedClaims() {
      const text = await readFile(claimsFile, "utf8").catch(absent);
      return (text ?? "").split("\n").filter((line) => CLAIM_LINE.test(line));
    },
    prune: (beforeMs) =>
      guarded(proofs, async () => {
        const old = (await readAll<KeptProof>(proofs, PROOF_FILE)).filter(
          ({ erasedAtMs }) => erasedAtMs < beforeMs,
        );
        for (const { spkiSha256, erasedAtMs } of old) {
          await rm(join(proofs, `${spkiSha256}-${erasedAtMs}.json`), { force: true });
        }
        return old.length;
      }),
  };
}

async function readAll<T>(folder: string, pattern: RegExp): Promise<readonly T[]> {
  const found: T[] = [];
  for (const name of await readdir(folder)) {
    if (pattern.test(name)) found.push(await readOne<T>(join(folder, name)));
    // What was being written when the power went: never renamed, so never promised.
    else if (name.endsWith(".new")) await rm(join(folder, name), { force: true });
  }
  return found;
}

async function readOne<T>(path: string): Promise<T> {
  try {
    const { format, ...value } = JSON.parse(proven(await readFile(path, "utf8"))) as {
      format: unknown;
    };
    if (format === FORMAT) return value as T;
  } catch (cause) {
    throw damaged(path, cause);
  }
  throw damaged(path);
}

/** The last line: the checksum of what is before it, hexadecimal. */
const CHECK_LINE = /\n([0-9a-f]{8})\n$/;

/** What does not prove itself stays as it is, which is no JSON; earlier versions wrote no such line. */
function proven(whole: string): string {
  const check = CHECK_LINE.exec(whole);
  const text = whole.slice(0, check?.index);
  return check?.[1] === checkOf(text) ? text : whole;
}

function checkOf(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}

async function writeWhole(folder: string, name: string, value: object): Promise<void> {
  const path = join(folder, name);
  const file = await open(`${path}.new`, "w", FILE_MODE);
  try {
    const text = JSON.stringify(value);
    await file.writeFile(`${text}\n${checkOf(text)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  await syncFolder(folder);
}

async function appendLine(path: string, line: string): Promise<void> {
  const file = await open(path, "a", FILE_MODE);
  try {
    await file.writeFile(`${line}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function absent(cause: unknown): undefined {
  if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
  throw cause;
}

async function guarded<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof HeatpoolError) throw cause;
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new HeatpoolError("STORE_FAILED", `${what}: ${code}`, {
      cause,
      hint: "Look at free space and at the medium.",
    });
  }
}

function damaged(path: string, cause?: unknown): HeatpoolError {
  return new HeatpoolError("STORE_DAMAGED", `${path}: not an identity`, {
    cause,
    hint: "Restore the file from a backup; without it that installation has to enrol anew.",
  });
}
