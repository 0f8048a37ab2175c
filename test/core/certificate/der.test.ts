/** DER from outside: what is not DER to the last byte is refused, and node-forge does nothing else. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeDer, encodePem, parseDer, sequence, time } from "#core/certificate/der.js";
import { HeatpoolError } from "#core/errors.js";
import { readSourceTree } from "../../support/source-tree.js";

const refused = expect.objectContaining({ code: "CERTIFICATE_INVALID" });

describe("parseDer", () => {
  it("takes sixteen levels and no more", () => {
    const nested = (levels: number): Uint8Array => {
      let node = sequence();
      for (let level = 1; level < levels; level++) node = sequence(node);
      return encodeDer(node);
    };
    expect(encodeDer(parseDer(nested(16)))).toEqual(nested(16));
    expect(() => parseDer(nested(17))).toThrow(refused);
  });

  it("refuses bytes behind the end, cut bytes, long forms of short lengths and 16 KiB", () => {
    const good = encodeDer(sequence(time(0)));
    expect(() => parseDer(Buffer.concat([good, Buffer.of(0)]))).toThrow(refused);
    expect(() => parseDer(good.subarray(0, -1))).toThrow(refused);
    expect(() => parseDer(Buffer.alloc(16 * 1024 + 1))).toThrow(refused);
    expect(() => parseDer(new Uint8Array())).toThrow(refused);
  });

  it("answers any bytes with a tree or with an error of ours", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          parseDer(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(HeatpoolError);
        }
      }),
      { seed: 3, numRuns: 3000 },
    );
  });
});

describe("encodePem", () => {
  it("writes what other programs write: 64 characters a line, a line feed at the end", () => {
    const pem = encodePem("CERTIFICATE", new Uint8Array(60));
    const [head, ...lines] = pem.split("\n");
    expect(head).toBe("-----BEGIN CERTIFICATE-----");
    expect(lines.map((line) => line.length)).toEqual([64, 16, 25, 0]);
  });
});

it("of node-forge only ASN.1 and the PEM writer are used, in one file", () => {
  const files = readSourceTree(["core", "daemon", "backend"]);
  const users = files.filter(
    ({ path, theirs }) => theirs.includes("node-forge") && !path.endsWith(".d.ts"),
  );
  expect(users.map((file) => file.path)).toEqual(["core/certificate/der.ts"]);
  const code = readFileSync("core/certificate/der.ts", "utf8");
  const loaded = [...code.matchAll(/^import (?!type).*"(node-forge[^"]*)"/gm)].map(([, of]) => of);
  expect(loaded).toEqual(["node-forge/lib/asn1.js", "node-forge/lib/pem.js"]);
});
