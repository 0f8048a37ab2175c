/** Opens one bomb and says what it cost: `{step, grownBytes, cpuMs}`. */
import { createHash } from "node:crypto";
import { createGzip } from "node:zlib";
import { sealAead } from "#core/envelope/aead.js";
import { chunkNonce, payloadKey } from "#core/envelope/model-chunks.js";
import { CHUNK_BYTES, encodeModelHeader, type ModelCodec } from "#core/envelope/model-header.js";
import { type ExpectedModel, openModel } from "#core/envelope/model-open.js";

const MIB = 1024 * 1024;
const HUGE = 256 * MIB;
const cek = Buffer.alloc(32, 1);
const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Zeros packed piece by piece, so that this process never holds them. */
async function pack(bytes: number): Promise<Buffer> {
  const gzip = createGzip({ level: 9 });
  const parts: Buffer[] = [];
  gzip.on("data", (part: Buffer) => parts.push(part));
  const ended = new Promise((resolve) => gzip.once("end", resolve));
  const zeros = Buffer.alloc(MIB);
  for (let at = 0; at < bytes; at += MIB)
    await new Promise((resolve) => gzip.write(zeros, resolve));
  gzip.end();
  await ended;
  return Buffer.concat(parts);
}

/** Rightly sealed, whatever it declares. */
function seal(codec: ModelCodec, plainLen: number, body: Buffer): Buffer {
  const fileId = Buffer.alloc(16).toString("base64");
  const start = encodeModelHeader({ fileId, modelId: "bomb", release: 1, codec, plainLen });
  const key = payloadKey(cek, start);
  const chunks: Buffer[] = [];
  for (let at = 0; at < body.length; at += CHUNK_BYTES) {
    const nonce = chunkNonce(chunks.length, at + CHUNK_BYTES >= body.length);
    const part = body.subarray(at, at + CHUNK_BYTES);
    chunks.push(sealAead("chacha20-poly1305", { key, nonce }, part));
  }
  return Buffer.concat([start, ...chunks]);
}

async function build(
  bomb: string,
): Promise<{ file: Buffer; plainLen: number; plainSha256?: string }> {
  switch (bomb) {
    case "declared-small":
      return { file: seal("gzip", 1000, await pack(200 * MIB)), plainLen: 1000 };
    case "declared-huge":
      return { file: seal("gzip", HUGE, await pack(MIB)), plainLen: HUGE };
    case "declared-huge-raw":
      return { file: seal("none", HUGE, Buffer.alloc(100)), plainLen: HUGE };
    case "catalogue-huge":
      return { file: seal("none", 100, Buffer.alloc(100)), plainLen: 2 ** 40 };
    case "header-huge": {
      const file = seal("none", 100, Buffer.alloc(100));
      file.writeUInt32BE(0xffff_ffff, 8);
      return { file, plainLen: 100 };
    }
    default: {
      const plainSha256 = hash(Buffer.alloc(64 * MIB));
      return {
        file: seal("gzip", 64 * MIB, await pack(64 * MIB)),
        plainLen: 64 * MIB,
        plainSha256,
      };
    }
  }
}

const { file, plainLen, plainSha256 = hash(Buffer.alloc(0)) } = await build(process.argv[2] ?? "");
const expected: ExpectedModel = {
  modelId: "bomb",
  release: 1,
  length: file.length,
  sha256: hash(file),
  plainLen,
  plainSha256,
};
// The greatest until now: what opening adds to it is the bomb's.
const beforeKiB = process.resourceUsage().maxRSS;
const cpuBefore = process.cpuUsage();
const opened = openModel(file, cek, expected);
const cpu = process.cpuUsage(cpuBefore);
const grownBytes = (process.resourceUsage().maxRSS - beforeKiB) * 1024;
process.stdout.write(
  JSON.stringify({
    step: "plain" in opened ? "opened" : opened.step,
    grownBytes,
    cpuMs: (cpu.user + cpu.system) / 1000,
  }),
);
