/** A model file as an answer: whole, or the range that a broken download still lacks (RFC 9110, 14). */
import { createHash } from "node:crypto";
import type { Context } from "hono";
import { Refusal } from "./answers.js";
import type { ModelFile } from "./http.js";

const ONE_RANGE = /^bytes=(\d{0,15})-(\d{0,15})$/;

export function answerFile(c: Context, file: ModelFile, bytes: Uint8Array): Response {
  const hash = createHash("sha256").update(bytes).digest("hex");
  if (hash !== file.hash) throw new Refusal(503, "The model file is damaged; the operator knows");
  const headers = {
    "Content-Type": "application/octet-stream",
    "Content-Disposition": `attachment; ${filename(file.filename)}`,
    "X-Model-Hash": file.hash,
    "X-Model-Name": encodeURIComponent(file.name),
    "Accept-Ranges": "bytes",
    ETag: `"${file.hash}"`,
  };
  const range = pickRange(c, file, bytes.length);
  if (range === undefined) return c.body(toBody(bytes), 200, headers);
  if (range === "outside") {
    return c.body(null, 416, { "Content-Range": `bytes */${bytes.length}` });
  }
  const [from, to] = range;
  return c.body(toBody(bytes.subarray(from, to + 1)), 206, {
    ...headers,
    "Content-Range": `bytes ${from}-${to}/${bytes.length}`,
  });
}

/** First and last byte. A range that is not understood, or of another file, is not one. */
function pickRange(
  c: Context,
  file: ModelFile,
  length: number,
): [number, number] | "outside" | undefined {
  const condition = c.req.header("if-range");
  if (condition !== undefined && condition !== `"${file.hash}"`) return undefined;
  const [whole, first = "", last = ""] = ONE_RANGE.exec(c.req.header("range") ?? "") ?? [];
  if (whole === undefined || (first === "" && last === "")) return undefined;
  if (first === "") {
    const count = Math.min(Number(last), length);
    return count === 0 ? "outside" : [length - count, length - 1];
  }
  const from = Number(first);
  const to = last === "" ? length - 1 : Math.min(Number(last), length - 1);
  if (last !== "" && Number(last) < from) return undefined;
  return from >= length ? "outside" : [from, to];
}

/** Plain for what every client reads, and in full (RFC 8187). */
function filename(name: string): string {
  const plain = name.replace(/[^\w.-]/g, "_");
  return plain === name
    ? `filename="${name}"`
    : `filename="${plain}"; filename*=UTF-8''${encodeURIComponent(name)}`;
}

/** The types of fetch want a buffer of its own. */
function toBody(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
