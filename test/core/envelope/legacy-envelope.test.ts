/**
 * The envelope of the earlier server: written so that its clients open it, read as strictly as it
 * can be. One form less accepted is one way less to be deceived.
 */
import { describe, expect, it } from "vitest";
import { openFernet, readFernetKey, sealFernet } from "#core/envelope/fernet.js";
import { createLegacyEnvelopes } from "#core/envelope/legacy-envelope.js";
import { parsePythonJson, writePythonJson } from "#core/envelope/python-json.js";
import { legacyVectors } from "../../support/legacy-vectors.js";

const { keyAscii, vectors } = legacyVectors;
const reading = createLegacyEnvelopes({ key: keyAscii, mayRead: true });
const stamp = { at: 1_769_500_000.25, iv: Buffer.alloc(16, 9) };

describe("legacy envelope vectors", () => {
  it.each(vectors)("$name: $expect ($why)", ({ expect: verdict, envelope, plaintextBase64 }) => {
    const opened = reading.open(envelope);
    if (verdict === "reject") expect(opened).toBeUndefined();
    else expect(opened?.plain.toString("base64")).toBe(plaintextBase64);
  });

  it("is refused when any byte is changed", () => {
    const [plain] = vectors;
    const text = plain?.envelope ?? "";
    let accepted = 0;
    for (let at = 0; at < text.length; at++) {
      for (const sign of ["A", "0", '"', "\\", " ", "}"]) {
        if (text[at] === sign) continue;
        const changed = text.slice(0, at) + sign + text.slice(at + 1);
        // White space between members is not signed and means nothing.
        const isLayout = /\s/.test(text[at] ?? "") && sign === " ";
        if (!isLayout && reading.open(changed) !== undefined) accepted++;
      }
    }
    expect(accepted).toBe(0);
  });
});

describe("legacy envelopes of ours", () => {
  it("are written as Python writes them, and open again", () => {
    const plain = Buffer.from('{"kind":"demo"}');
    const text = reading.seal(plain, { filename: "Wärme \u{1f321}.json" }, stamp);
    expect(text).toContain(
      '{"filename": "W\\u00e4rme \\ud83c\\udf21.json", "size_original": 15, "timestamp": 1769500000.25}',
    );
    expect(reading.open(text)?.plain).toEqual(plain);
  });

  it("sign the metadata of the vectors as the original did", () => {
    for (const { name, envelope } of vectors.filter((one) => one.expect === "accept")) {
      const members = parsePythonJson(envelope) as ReadonlyMap<string, never>;
      const rewritten = parsePythonJson(writePythonJson(members));
      expect(writePythonJson(rewritten ?? null), name).toBe(writePythonJson(members));
      expect(reading.open(writePythonJson(members)), name).toBeDefined();
    }
  });

  it("carry no pickle, of any protocol", () => {
    const pickles = [
      Buffer.from([0x80, 4, 0x95]),
      Buffer.from("(dp0\n."),
      Buffer.from("cos\nsystem\n(tR."),
    ];
    for (const pickle of pickles)
      expect(() => reading.seal(pickle, { filename: "x" }, stamp)).toThrow("pickle");
  });

  it("are not read unless the operator said so", () => {
    const writing = createLegacyEnvelopes({ key: keyAscii });
    const text = writing.seal(Buffer.from("{}"), { filename: "x" }, stamp);
    expect(() => writing.open(text)).toThrow(
      expect.objectContaining({ code: "PERMISSION_DENIED" }),
    );
  });

  it("take no key that is none", () => {
    for (const key of ["", "short", `${keyAscii}=`, "=".repeat(44)])
      expect(() => createLegacyEnvelopes({ key })).toThrow(
        expect.objectContaining({ code: "CONFIG_INVALID" }),
      );
  });

  it("hold more than a regular expression can chew", () => {
    const plain = Buffer.alloc(4_000_000, "{");
    expect(reading.open(reading.seal(plain, { filename: "big" }, stamp))?.plain.length).toBe(
      4_000_000,
    );
  });
});

describe("Fernet", () => {
  it("reads and writes the token of its specification", () => {
    // github.com/fernet/spec, generate.json and verify.json
    const key = readFernetKey("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=");
    const iv = Uint8Array.from({ length: 16 }, (_, i) => i);
    const token =
      "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";
    expect(sealFernet(key, Buffer.from("hello"), { at: 499_162_800, iv })).toBe(token);
    expect(openFernet(key, token)?.toString()).toBe("hello");
    expect(openFernet(key, token.slice(0, -4))).toBeUndefined();
  });
});

describe("JSON as Python writes it", () => {
  it("refuses depth, members twice and what is no JSON", () => {
    const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
    expect(parsePythonJson(nested(16))).toBeDefined();
    expect(parsePythonJson(nested(18))).toBeUndefined();
    for (const text of [
      '{"a":1,"a":2}',
      "{,}",
      "[1,]",
      "01",
      "+1",
      "nul",
      '"\n"',
      '"',
      '"\\x"',
      "1 2",
      "",
    ])
      expect(parsePythonJson(text), text).toBeUndefined();
  });
});
