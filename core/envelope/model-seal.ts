/**
 * Sealing a model: once per release, the same bytes for everybody. Who may open them is decided by
 * grants, not here. The same key, file id and plaintext give the same bytes.
 */
import { gzipSync } from "node:zlib";
import { HeatpoolError } from "../errors.js";
import { sealAead } from "./aead.js";
import { chunkNonce, payloadKey } from "./model-chunks.js";
import { CHUNK_BYTES, encodeModelHeader, FILE_BYTES_MAX, type ModelCodec } from "./model-header.js";

/** What is sealed. */
export interface ModelToSeal {
  readonly modelId: string;
  readonly release: number;
  readonly codec: ModelCodec;
  readonly plain: Uint8Array;
}

/** What it is sealed with; both random, used for this release alone. */
export interface ModelSecrets {
  /** Content key, 32 bytes. */
  readonly cek: Uint8Array;
  /** 16 bytes. */
  readonly fileId: Uint8Array;
}

const CEK_BYTES = 32;

/** The model file. @throws HeatpoolError `INVALID_ARGUMENT` what no reader would take */
export function sealModel(model: ModelToSeal, { cek, fileId }: ModelSecrets): Buffer {
  if (cek.length !== CEK_BYTES)
    throw new HeatpoolError("INVALID_ARGUMENT", `content key of ${cek.length} bytes`);
  const { modelId, release, codec, plain } = model;
  const start = encodeModelHeader({
    fileId: Buffer.from(fileId).toString("base64"),
    modelId,
    release,
    codec,
    plainLen: plain.length,
  });
  const body = codec === "gzip" ? gzipSync(plain, { level: 9 }) : plain;
  const key = payloadKey(cek, start);
  const file = [start];
  for (let at = 0, index = 0; at < body.length; index++) {
    const end = Math.min(at + CHUNK_BYTES, body.length);
    const nonce = chunkNonce(index, end === body.length);
    file.push(sealAead("chacha20-poly1305", { key, nonce }, body.subarray(at, end)));
    at = end;
  }
  key.fill(0);
  const bytes = Buffer.concat(file);
  if (bytes.length > FILE_BYTES_MAX)
    throw new HeatpoolError("INVALID_ARGUMENT", `model file of ${bytes.length} bytes`);
  return bytes;
}
