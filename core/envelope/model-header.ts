/**
 * The clear beginning of a model file `.enc` version 3: magic, length, header.
 *
 *     0     8   "HPMODEL3"
 *     8     4   length of the header, u32 big-endian, 2..4096
 *     12        header: canonical JSON of exactly seven members
 *
 * It is read by writing it again: what differs in one byte from what we would have written is
 * refused, so that no two spellings of a header exist.
 */
import { HeatpoolError } from "../errors.js";
import { parseObject } from "./json-object.js";

/** How the body was made from the plaintext. */
export type ModelCodec = "none" | "gzip";

/** What a file says about itself. It is also bound into the key, so a changed bit opens nothing. */
export interface ModelHeader {
  /** 16 random bytes, base64. */
  readonly fileId: string;
  readonly modelId: string;
  /** Rises with every published model of this id. */
  readonly release: number;
  readonly codec: ModelCodec;
  /** Exact length of the plaintext. */
  readonly plainLen: number;
}

/** Greatest model file. */
export const FILE_BYTES_MAX = 64 * 1024 * 1024;
/** Greatest plaintext. */
export const PLAIN_BYTES_MAX = 256 * 1024 * 1024;
/** Bytes of body in each chunk but the last. */
export const CHUNK_BYTES = 65_536;
/** Magic and length. */
export const PREFIX_BYTES = 12;

const MAGIC = "HPMODEL3";
const ALG = "C20P1305-STREAM-64K";
const HEADER_BYTES_MAX = 4096;
const MODEL_ID = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const FILE_ID_BYTES = 16;
/** A header of ours with the longest names has about 250 bytes. */
const HEADER_BYTES_MIN = 2;

/** Whether `text` may name a model. */
export function isModelId(text: string): boolean {
  return MODEL_ID.test(text);
}

/** Where a release of a model stands in the catalogue. */
export function targetPathOf(modelId: string, release: number): string {
  return `${modelId}/${release}/model.enc`;
}

/** @throws HeatpoolError `INVALID_ARGUMENT` what no reader would take */
export function encodeModelHeader(header: ModelHeader): Buffer {
  const fault = findFault(header);
  if (fault !== undefined) throw new HeatpoolError("INVALID_ARGUMENT", fault);
  const json = Buffer.from(toCanonical(header));
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.write(MAGIC, "latin1");
  prefix.writeUInt32BE(json.length, MAGIC.length);
  return Buffer.concat([prefix, json]);
}

/** Members in the order of their names, no white space. */
function toCanonical({ codec, fileId, modelId, plainLen, release }: ModelHeader): string {
  return JSON.stringify({
    alg: ALG,
    chunk: CHUNK_BYTES,
    codec,
    file_id: fileId,
    model_id: modelId,
    plain_len: plainLen,
    release,
  });
}

function findFault({ fileId, modelId, release, codec, plainLen }: ModelHeader): string | undefined {
  if (!isModelId(modelId)) return `model id ${JSON.stringify(modelId).slice(0, 80)}`;
  if (!Number.isSafeInteger(release) || release < 1) return `release ${release}`;
  if (codec !== "none" && codec !== "gzip") return `codec ${String(codec).slice(0, 16)}`;
  const isLength = Number.isSafeInteger(plainLen) && plainLen >= 1 && plainLen <= PLAIN_BYTES_MAX;
  if (!isLength) return `plaintext of ${plainLen} bytes`;
  const id = Buffer.from(fileId, "base64");
  if (id.length !== FILE_ID_BYTES || id.toString("base64") !== fileId) return "file id";
  return undefined;
}

/** Length of the header, from the first 12 bytes; `undefined`: no model file of this version. */
export function readHeaderLength(prefix: Buffer): number | undefined {
  if (prefix.toString("latin1", 0, MAGIC.length) !== MAGIC) return undefined;
  const length = prefix.readUInt32BE(MAGIC.length);
  return length >= HEADER_BYTES_MIN && length <= HEADER_BYTES_MAX ? length : undefined;
}

/** The header, or `undefined` when it is not exactly what `encodeModelHeader` writes. */
export function decodeModelHeader(json: Buffer): ModelHeader | undefined {
  const members = parseObject(json.toString("utf8"));
  const { file_id: fileId, model_id: modelId } = members ?? {};
  if (typeof fileId !== "string" || typeof modelId !== "string") return undefined;
  const header = {
    fileId,
    modelId,
    codec: members?.codec,
    plainLen: members?.plain_len,
    release: members?.release,
  } as ModelHeader;
  if (findFault(header) !== undefined) return undefined;
  return json.equals(Buffer.from(toCanonical(header))) ? header : undefined;
}
