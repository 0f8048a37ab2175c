/**
 * Codec 1: the codec-0 block as raw DEFLATE. Inflating stops at the length that was declared, so a
 * bomb costs no more than its declaration, and that is checked before.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { malformed } from "./varint.js";

/** As gzip's default; higher levels gain nothing on differences. */
const LEVEL = 6;

/** Least chunk that node:zlib takes. */
const CHUNK_BYTES_MIN = 64;

/** Blocks of real devices inflate to 2 to 10 times their length. */
const RATIO_USUAL = 32;

/** Stored DEFLATE blocks add 5 bytes per 16 KB at most; one chunk then holds any result. */
function deflatedBytesMax(plainBytes: number): number {
  return plainBytes + 5 * (Math.floor(plainBytes / 16_000) + 2);
}

/** DEFLATE without header and trailer. */
export function deflatePlain(plain: Uint8Array): Uint8Array {
  const chunkSize = Math.max(CHUNK_BYTES_MIN, deflatedBytesMax(plain.length));
  return new Uint8Array(deflateRawSync(plain, { level: LEVEL, chunkSize }));
}

/**
 * Inflates to exactly `plainBytes`.
 *
 * @throws HeatpoolError `BATCH_MALFORMED` damaged, another length, or bytes after the end
 */
export function inflatePlain(block: Uint8Array, plainBytes: number): Uint8Array {
  const { buffer, engine } = inflate(block, plainBytes);
  if (buffer.length !== plainBytes) {
    throw malformed(`inflates to ${buffer.length} bytes, ${plainBytes} declared`);
  }
  const trailing = block.length - engine.bytesWritten;
  if (trailing !== 0) throw malformed(`${trailing} bytes after the end of the deflated block`);
  return buffer;
}

/** What node:zlib gives with `info`; its types do not say so. `bytesWritten`: input consumed. */
interface Inflated {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

function inflate(block: Uint8Array, plainBytes: number): Inflated {
  // One byte more than declared: a full chunk would make node:zlib allocate a second one. What is
  // declared far beyond the usual ratio is allocated only as it comes.
  const usual = CHUNK_BYTES_MIN + block.length * RATIO_USUAL;
  const chunkSize = Math.max(CHUNK_BYTES_MIN, Math.min(plainBytes + 1, usual));
  const options = { maxOutputLength: Math.max(1, plainBytes), chunkSize, info: true };
  try {
    return inflateRawSync(block, options) as unknown as Inflated;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ERR_BUFFER_TOO_LARGE") {
      throw malformed(`inflates beyond the ${plainBytes} bytes declared`);
    }
    throw malformed(`is not a deflated block: ${(cause as Error).message}`);
  }
}
