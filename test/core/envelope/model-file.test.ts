/**
 * Model files: the same bytes for everybody, opened only whole. A byte given out too early, or an
 * altered file that is taken, would be a model that nobody signed.
 */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sealAead } from "#core/envelope/aead.js";
import { chunkNonce, payloadKey } from "#core/envelope/model-chunks.js";
import { createModelOpener, openModel } from "#core/envelope/model-open.js";
import { sealModel } from "#core/envelope/model-seal.js";
import {
  cek,
  expectedOf,
  fileId,
  modelVectors,
  plainOf,
  sealPlain,
} from "../../support/model-file.js";

const CHUNK = 65_552;
const headerBytes = (file: Buffer) => 12 + file.readUInt32BE(8);
const accepted = modelVectors.vectors.filter((one) => one.expect === "accept");
const rejected = modelVectors.vectors.filter((one) => one.expect === "reject");

describe("model file vectors", () => {
  it.each(accepted)("opens $name", ({ encBase64, plainLen = 0, plainBase64, plainSha256 }) => {
    const file =
      encBase64 === undefined ? sealPlain(plainOf(plainLen)) : Buffer.from(encBase64, "base64");
    const plain =
      plainBase64 === undefined ? plainOf(plainLen) : Buffer.from(plainBase64, "base64");
    const opened = openModel(file, cek, expectedOf(file, plain));
    expect("plain" in opened && opened.plain.equals(plain)).toBe(true);
    expect(createHash("sha256").update(plain).digest("hex")).toBe(plainSha256);
  });

  it.each(accepted.filter(({ name }) => name.startsWith("none-")))(
    "seals $name to the same bytes",
    ({ plainLen = 0, encLen, encSha256 }) => {
      const file = sealPlain(plainOf(plainLen));
      expect(file.length).toBe(encLen);
      expect(createHash("sha256").update(file).digest("hex")).toBe(encSha256);
    },
  );

  it.each(rejected)("refuses $name ($why)", ({ encBase64 = "" }) => {
    const file = Buffer.from(encBase64, "base64");
    // The catalogue is made to agree with the file, so that only the file itself can refuse it.
    for (const plain of [37, 36, 38, 1000].map(plainOf))
      expect(openModel(file, cek, expectedOf(file, plain))).toHaveProperty("step");
  });

  it.each(derive())("refuses $name", ({ file, plainLen }) => {
    const opened = openModel(file, cek, expectedOf(file, plainOf(plainLen)));
    expect(opened).toMatchObject({ step: "decrypt" });
  });

  it("derives every case that the vectors describe", () => {
    expect(derive().map(({ name }) => name)).toEqual(modelVectors.derived.map(({ name }) => name));
  });
});

/** The cases that the vectors describe in words. */
function derive(): { name: string; file: Buffer; plainLen: number }[] {
  const of = (plainLen: number) => {
    const file = sealPlain(plainOf(plainLen));
    const start = file.subarray(0, headerBytes(file));
    const chunks: Buffer[] = [];
    for (let at = start.length; at < file.length; at += CHUNK)
      chunks.push(file.subarray(at, Math.min(at + CHUNK, file.length)));
    return { start, chunks, plainLen, file };
  };
  const made = (name: string, { start, plainLen }: ReturnType<typeof of>, parts: Buffer[]) => ({
    name,
    file: Buffer.concat([start, ...parts]),
    plainLen,
  });
  const [two, three, one, tail] = [of(131_072), of(200_000), of(65_536), of(65_537)];
  const at = (chunks: Buffer[], place: number) => chunks[place] ?? Buffer.alloc(0);
  const key = payloadKey(cek, one.start);
  const reseal = (plain: Uint8Array, index: number, isLast: boolean) =>
    sealAead("chacha20-poly1305", { key, nonce: chunkNonce(index, isLast) }, plain);
  return [
    made("swap-chunks", two, [at(two.chunks, 1), at(two.chunks, 0)]),
    made("drop-last-chunk", tail, [at(tail.chunks, 0)]),
    made("drop-first-chunk", two, [at(two.chunks, 1)]),
    made("duplicate-chunk", two, [at(two.chunks, 0), at(two.chunks, 0), at(two.chunks, 1)]),
    made("truncate-to-chunk", three, three.chunks.slice(0, 2)),
    made("append-chunk", one, [at(one.chunks, 0), at(one.chunks, 0)]),
    made("append-empty-last", one, [
      reseal(plainOf(65_536), 0, false),
      reseal(new Uint8Array(), 1, true),
    ]),
  ];
}

describe("opening a model file", () => {
  it("gives the same plaintext however the file is cut into pieces", () => {
    const plain = plainOf(140_000);
    const file = sealPlain(plain);
    const cuts = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(cuts, (sizes) => {
        const opener = createModelOpener(cek, expectedOf(file, plain));
        let isWanted = true;
        for (let at = 0, k = 0; at < file.length; k++) {
          const end = at + (sizes[k % sizes.length] ?? 1);
          isWanted &&= opener.push(file.subarray(at, end));
          at = end;
        }
        const opened = opener.finish();
        return isWanted && "plain" in opened && opened.plain.equals(plain);
      }),
      { numRuns: 30 },
    );
  });

  it("gives a plaintext once", () => {
    const plain = plainOf(37);
    const file = sealPlain(plain);
    const opener = createModelOpener(cek, expectedOf(file, plain));
    opener.push(file);
    expect(opener.finish()).toEqual({ plain });
    expect(opener.finish()).toMatchObject({ step: "file" });
  });

  it("says at which step a file is wrong", () => {
    const plain = plainOf(70_000);
    const file = sealPlain(plain);
    const expected = expectedOf(file, plain);
    const zero = "0".repeat(64);
    expect(openModel(file, cek, { ...expected, sha256: zero })).toMatchObject({ step: "file" });
    expect(openModel(file, cek, { ...expected, length: 1 })).toMatchObject({ step: "file" });
    expect(openModel(file, cek, { ...expected, plainSha256: zero })).toMatchObject({
      step: "plain",
    });
    expect(openModel(file, Buffer.alloc(32), expected)).toMatchObject({ step: "decrypt" });
    expect(openModel(file, cek, { ...expected, release: 8 })).toMatchObject({ step: "decrypt" });
    expect(openModel(file, cek, { ...expected, modelId: "other" })).toMatchObject({
      step: "decrypt",
    });
  });

  it("stops reading at the first chunk that is wrong, not at the end of the file", () => {
    const plain = plainOf(300_000);
    const file = Buffer.from(sealPlain(plain));
    file.writeUInt8((file[400] ?? 0) ^ 1, 400);
    const opener = createModelOpener(cek, expectedOf(file, plain));
    expect(opener.push(file.subarray(0, 80_000))).toBe(false);
    expect(opener.push(file.subarray(80_000))).toBe(false);
  });

  it("opens what was packed with gzip, and refuses a plaintext of no bytes", () => {
    const plain = Buffer.from(JSON.stringify({ trees: Array(5000).fill([1, 2, 3]) }));
    const file = sealPlain(plain, "gzip");
    expect(file.length).toBeLessThan(plain.length / 10);
    expect(openModel(file, cek, expectedOf(file, plain))).toEqual({ plain });
    expect(() => sealPlain(Buffer.alloc(0))).toThrow("plaintext of 0 bytes");
  });

  it("does not write what no reader would take", () => {
    const model = { modelId: "a", release: 1, codec: "none", plain: plainOf(3) } as const;
    const secrets = { cek, fileId };
    const refused = expect.objectContaining({ code: "INVALID_ARGUMENT" });
    for (const modelId of ["", "../a", "A", "a/b", "x".repeat(65)])
      expect(() => sealModel({ ...model, modelId }, secrets)).toThrow(refused);
    for (const release of [0, -1, 1.5, 2 ** 53])
      expect(() => sealModel({ ...model, release }, secrets)).toThrow(refused);
    expect(() => sealModel(model, { cek: cek.subarray(1), fileId })).toThrow(refused);
    expect(() => sealModel(model, { cek, fileId: fileId.subarray(1) })).toThrow(refused);
  });
});
