/**
 * Responses of Receive as bytes, with one copy of a file's piece. The generated code makes three, one
 * for each level of the message; a thousand daemons that are sent a file at once feel that.
 *
 * Source: Protocol Buffers encoding, length-delimited fields; the order of fields is free.
 */
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { ModelChunk, ReceiveResponse } from "#proto/heatpool/model/v1/model.js";

/** `ReceiveResponse.chunk` and `ModelChunk.data`, both length-delimited. */
const CHUNK_TAG = (2 << 3) | 2;
const DATA_TAG = (3 << 3) | 2;
const NOTHING = Buffer.alloc(0);

/** Pieces that are kept encoded: daemons that are sent one file are at about the same place. */
const KEPT_MAX = 16;

/** Encodes each piece of a file once, as long as many are sent it. */
export function createReceiveEncoder(): (response: ReceiveResponse) => Buffer {
  const kept = new Map<Uint8Array, Buffer>();
  return (response) => {
    const { body } = response;
    if (body?.$case !== "chunk") return encodeReceive(response);
    const { data } = body.value;
    const encoded = kept.get(data) ?? encodeReceive(response);
    // Put last again: the first ones of a map are the least recent.
    kept.delete(data);
    kept.set(data, encoded);
    const [oldest] = kept.keys();
    if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest);
    return encoded;
  };
}

/** What the generated decoder reads as `response`. */
export function encodeReceive(response: ReceiveResponse): Buffer {
  const { body } = response;
  if (body?.$case !== "chunk") return Buffer.from(ReceiveResponse.encode(response).finish());
  const { data, ...facts } = body.value;
  const before = ModelChunk.encode({ ...facts, data: NOTHING }).finish();
  const dataHead = new BinaryWriter().uint32(DATA_TAG).uint32(data.length).finish();
  const length = before.length + dataHead.length + data.length;
  const head = new BinaryWriter().uint32(CHUNK_TAG).uint32(length).finish();
  return Buffer.concat([head, before, dataHead, data]);
}
