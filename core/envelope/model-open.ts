/**
 * Opening a model file while it is read: memory is the body and the plaintext, not the file.
 *
 * Nothing is given out before the last chunk verified, the file's SHA-256 is the catalogue's and
 * the plaintext's is too. At the first fault it stops for good, and what was decrypted until then
 * is overwritten. The file decides nothing about memory: lengths come from the catalogue, and a
 * header that says something else is refused before anything is reserved.
 */
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { openAead, TAG_BYTES } from "./aead.js";
import { isSame, sha256 } from "./key-derivation.js";
import { chunkNonce, payloadKey } from "./model-chunks.js";
import {
  CHUNK_BYTES,
  decodeModelHeader,
  FILE_BYTES_MAX,
  type ModelHeader,
  PLAIN_BYTES_MAX,
  PREFIX_BYTES,
  readHeaderLength,
} from "./model-header.js";
import { type Refusal, refuse } from "./refusal.js";

/** What the catalogue says about a file. */
export interface ExpectedModel {
  readonly modelId: string;
  readonly release: number;
  /** Of the file, in bytes. */
  readonly length: number;
  /** Of the file, lower-case hex. */
  readonly sha256: string;
  readonly plainLen: number;
  /** Of the plaintext, lower-case hex. */
  readonly plainSha256: string;
}

/** What became of a file. */
export type OpenedModel = { readonly plain: Buffer } | Refusal;

/** Takes a file piece by piece. */
export interface ModelOpener {
  /** Whether more is wanted; `false`: the file was refused, and `finish` says why. */
  push(piece: Uint8Array): boolean;
  /** After the last piece. */
  finish(): OpenedModel;
}

const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;

/** Opens a file whose content key `cek` a grant gave. */
export function createModelOpener(cek: Uint8Array, expected: ExpectedModel): ModelOpener {
  const fileHash = createHash("sha256");
  const body: Buffer[] = [];
  let start: { header: ModelHeader; key: Buffer } | undefined;
  /** What came and waits for the rest of its part: the start, then chunk by chunk. */
  const window = Buffer.alloc(SEALED_CHUNK_BYTES);
  let held = 0;
  let wanted = PREFIX_BYTES;
  let received = 0;
  let refusal = checkExpected(expected);

  const fail = (found: Refusal): Refusal => {
    refusal ??= found;
    overwrite(...body, ...(start === undefined ? [] : [start.key]));
    body.length = 0;
    return refusal;
  };

  function take(piece: Uint8Array): Refusal | undefined {
    received += piece.length;
    if (received > expected.length) return refuse("file", `more than ${expected.length} bytes`);
    fileHash.update(piece);
    for (let at = 0; at < piece.length; ) {
      // A full chunk waits until a byte follows: only then it is not the last.
      const wrong =
        held === wanted && start !== undefined ? openChunk(start.key, false) : undefined;
      if (wrong !== undefined) return wrong;
      const end = Math.min(at + wanted - held, piece.length);
      window.set(piece.subarray(at, end), held);
      held += end - at;
      at = end;
      const fault = held === wanted && start === undefined ? readStart() : undefined;
      if (fault !== undefined) return refuse("decrypt", fault);
    }
    return undefined;
  }

  /** First magic and length, then with them the header; what follows are chunks. */
  function readStart(): string | undefined {
    const headerBytes = readHeaderLength(window);
    if (headerBytes === undefined) return "no model file of version 3";
    wanted = PREFIX_BYTES + headerBytes;
    if (held < wanted) return undefined;
    const header = decodeModelHeader(window.subarray(PREFIX_BYTES, wanted));
    if (header === undefined) return "the header is not one of ours";
    const fault = findHeaderFault(header, expected, wanted);
    if (fault !== undefined) return fault;
    start = { header, key: payloadKey(cek, window.subarray(0, wanted)) };
    [held, wanted] = [0, SEALED_CHUNK_BYTES];
    return undefined;
  }

  function openChunk(key: Buffer, isLast: boolean): Refusal | undefined {
    const nonce = chunkNonce(body.length, isLast);
    const part = openAead("chacha20-poly1305", { key, nonce }, window.subarray(0, held));
    held = 0;
    if (part === undefined) return refuse("decrypt", `chunk ${body.length} does not verify`);
    body.push(part);
    return undefined;
  }

  function end(): OpenedModel {
    if (refusal !== undefined) return refusal;
    if (received !== expected.length) return refuse("file", `${received} bytes`);
    if (!isSame(fileHash.digest(), Buffer.from(expected.sha256, "hex")))
      return refuse("file", "another SHA-256");
    if (start === undefined) return refuse("decrypt", "no header");
    if (held <= TAG_BYTES) return refuse("decrypt", "an empty last chunk");
    const wrong = openChunk(start.key, true);
    if (wrong !== undefined) return wrong;
    const plain = toPlain(start.header, body);
    if (plain === undefined) return refuse("plain", "not what its header says");
    if (isSame(sha256(plain), Buffer.from(expected.plainSha256, "hex"))) return { plain };
    overwrite(plain);
    return refuse("plain", "another SHA-256");
  }

  return {
    push(piece) {
      if (refusal !== undefined) return false;
      const found = take(piece);
      if (found !== undefined) fail(found);
      return found === undefined;
    },
    finish() {
      const opened = end();
      if ("step" in opened) return fail(opened);
      // A second call finds nothing.
      fail(refuse("file", "already opened"));
      return opened;
    },
  };
}

/** Opens a whole file. */
export function openModel(file: Uint8Array, cek: Uint8Array, expected: ExpectedModel): OpenedModel {
  const opener = createModelOpener(cek, expected);
  opener.push(file);
  return opener.finish();
}

/** The catalogue is trusted to be signed, not to be sane. */
function checkExpected({ length, plainLen }: ExpectedModel): Refusal | undefined {
  const isSane = length <= FILE_BYTES_MAX && plainLen >= 1 && plainLen <= PLAIN_BYTES_MAX;
  return isSane ? undefined : refuse("file", `${length} bytes for ${plainLen}`);
}

function findHeaderFault(
  { modelId, release, plainLen, codec }: ModelHeader,
  expected: ExpectedModel,
  startBytes: number,
): string | undefined {
  if (modelId !== expected.modelId || release !== expected.release)
    return `the header names ${modelId}, release ${release}`;
  if (plainLen !== expected.plainLen) return `the header declares ${plainLen} bytes`;
  const sealed = expected.length - startBytes;
  const bodyBytes = sealed - Math.ceil(sealed / SEALED_CHUNK_BYTES) * TAG_BYTES;
  if (codec === "none" && bodyBytes !== plainLen) return `a body of ${bodyBytes} bytes`;
  return undefined;
}

/** The plaintext, or `undefined` when the body is not exactly `plainLen` bytes of it. */
function toPlain({ codec, plainLen }: ModelHeader, parts: readonly Buffer[]): Buffer | undefined {
  const body = Buffer.concat(parts);
  if (codec === "none") return body.length === plainLen ? body : undefined;
  try {
    const plain = gunzipSync(body, { maxOutputLength: plainLen });
    if (plain.length === plainLen) return plain;
    overwrite(plain);
  } catch {
    // Not gzip, or more of it than declared.
  } finally {
    overwrite(body);
  }
  return undefined;
}

function overwrite(...buffers: readonly Buffer[]): void {
  for (const buffer of buffers) buffer.fill(0);
}
