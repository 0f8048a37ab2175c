/**
 * A request's body as JSON: whole, within its limit before and after inflating, and in UTF-8.
 *
 * A body of a few kilobytes can inflate to gigabytes; the limits hold while it inflates.
 */
import { createGunzip } from "node:zlib";
import type { HonoRequest } from "hono";
import { Refusal } from "./answers.js";

/** Of the contract: 10 MB, also after inflating. */
export const BODY_BYTES_MAX = 10 * 1024 * 1024;

/** Inflated at once; what came of it is looked at before the next. */
const CHUNK_BYTES = 64 * 1024;
/**
 * What a body may inflate to, times its own length, once it is longer than the first bytes. Readings
 * of a heat pump that stands still all day reach 100; DEFLATE can reach 1,032 (RFC 1951, 3.2.5: 258
 * bytes for two bits).
 */
const RATIO_MAX = 256;
const UNMEASURED_BYTES = 256 * 1024;

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/** @throws Refusal 413, 415, 422 */
export async function readJson(request: HonoRequest): Promise<unknown> {
  const type = request.header("content-type");
  if (type !== undefined && !JSON_TYPE.test(type)) {
    throw new Refusal(415, `Content-Type ${JSON.stringify(type.slice(0, 60))} is not JSON`);
  }
  const packed = await readBytes(request);
  const bytes = await inflate(packed, request.header("content-encoding"));
  return parse(bytes);
}

async function readBytes(request: HonoRequest): Promise<Buffer> {
  const declared = Number(request.header("content-length") ?? 0);
  if (declared > BODY_BYTES_MAX) throw tooLarge();
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of (request.raw.body ?? []) as AsyncIterable<Uint8Array>) {
      length += part.length;
      if (length > BODY_BYTES_MAX) throw tooLarge();
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof Refusal) throw error;
    // The client went, was too slow, or sent what is no body; there is hardly anybody to tell.
    throw new Refusal(408, "The body did not come to its end");
  }
  return Buffer.concat(parts, length);
}

async function inflate(bytes: Buffer, encoding = "identity"): Promise<Buffer> {
  const name = encoding.trim().toLowerCase();
  if (name === "identity" || name === "") return bytes;
  if (name !== "gzip" && name !== "x-gzip") {
    throw new Refusal(415, `Content-Encoding ${JSON.stringify(name.slice(0, 60))} is not known`);
  }
  const parts: Buffer[] = [];
  let length = 0;
  const engine = createGunzip({ chunkSize: CHUNK_BYTES });
  engine.end(bytes);
  try {
    for await (const part of engine as AsyncIterable<Buffer>) {
      length += part.length;
      // What the engine says it was given is what it has read so far.
      const readMax = length > UNMEASURED_BYTES ? RATIO_MAX * engine.bytesWritten : BODY_BYTES_MAX;
      if (length > Math.min(readMax, BODY_BYTES_MAX)) throw tooLarge();
      parts.push(part);
    }
  } catch (error) {
    throw error instanceof Refusal ? error : notJson("the body is not gzip");
  }
  return Buffer.concat(parts, length);
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    const isText = error instanceof SyntaxError;
    throw notJson(isText ? "the body is not JSON" : "the body is not UTF-8");
  }
}

function notJson(msg: string): Refusal {
  return new Refusal(422, [{ loc: ["body"], msg, type: "json_invalid" }]);
}

function tooLarge(): Refusal {
  return new Refusal(413, `The body is larger than ${BODY_BYTES_MAX} bytes`);
}
