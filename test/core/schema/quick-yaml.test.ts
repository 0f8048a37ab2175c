/**
 * The quick way reads what the parser reads, or nothing: on every profile, on the broken ones, and
 * on lines made of everything that has a meaning in YAML.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import { readFlowLine } from "#core/schema/flow-line.js";
import { readQuickly } from "#core/schema/quick-yaml.js";
import { PROFILES_FOLDER } from "../../support/packaged-profiles.js";

const BROKEN = join(import.meta.dirname, "../profile/broken");

function yamlFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => join(folder, file));
}

/** What the parser makes of it, or that it complains. */
function parsed(text: string): unknown {
  const document = parseDocument(text, { prettyErrors: false, stringKeys: true });
  const isFaulty = document.errors.length > 0 || document.warnings.length > 0;
  return isFaulty ? "faulty" : document.toJS({ maxAliasCount: 0 });
}

describe("reading YAML quickly", () => {
  it.each(yamlFiles(PROFILES_FOLDER).map((file) => [file]))(
    "reads %s as the parser does",
    (file) => {
      const text = readFileSync(file, "utf8");
      const quick = readQuickly(text);
      expect(quick).toBeDefined();
      expect(quick).toEqual(parsed(text));
    },
  );

  it("never reads a broken profile otherwise than the parser", () => {
    const files = yamlFiles(BROKEN);
    expect(files.length).toBeGreaterThan(20);
    for (const file of files) {
      const text = readFileSync(file, "utf8");
      const quick = readQuickly(text);
      if (quick !== undefined) expect(quick).toEqual(parsed(text));
    }
  });

  it("reads plain lines by itself", () => {
    expect(
      readFlowLine(
        `{ a: 1, b: -0.5, c: "x, {y}", d: Größe (m²), e: [1, two], 'f g': { h: true }, i: 1/60 } # why`,
      ),
    ).toEqual({
      a: 1,
      b: -0.5,
      c: "x, {y}",
      d: "Größe (m²)",
      e: [1, "two"],
      "f g": { h: true },
      i: "1/60",
    });
  });

  it.each([
    "{ a: *b }",
    "{ a: &b 1 }",
    "{ a: !!str 1 }",
    '{ a: "\\n" }',
    "{ a: 'it''s' }",
    "{ a: 0x10 }",
    "{ a: 010 }",
    "{ a: 1e3 }",
    "{ a: ~ }",
    "{ a: True }",
    "{ a: b: c }",
    "{ a: 1, a: 2 }",
    "{ __proto__: 1 }",
    "{ a: 1",
    "{ a: 1 } b",
    "{ a: b #c }",
    "{}",
    "[1]",
  ])("leaves %s to the parser", (line) => {
    expect(readFlowLine(line)).toBeUndefined();
  });
});

/** Pieces that mean something in YAML, and some that do not. */
const piece = fc.constantFrom(
  ...[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    ": ",
    ", ",
    " ",
    "  ",
    '"',
    "'",
    "#",
    " #",
    "-",
    "- ",
    "?",
    "!",
  ],
  ...["&", "*", "|", ">", "%", "@", "`", "~", "\\", "\t", "=", "<<", "---", "...", "a", "b c", "Ä"],
  ...[
    "0",
    "1",
    "-1",
    "0.5",
    ".5",
    "1.",
    "1e3",
    "0x1f",
    "0o7",
    "1_0",
    "007",
    "1/60",
    "null",
    "true",
  ],
  ...["Null", "TRUE", "yes", "no", "on", ".inf", ".nan", "2026-01-01", "°C", "€", "(x)", "\u00a0"],
  ...["\u2028", "\u0085", "\ufeff", "__proto__", "a: 1", "{ a: 1 }", "[1, 2]", '"x: y"', "'x'"],
);
const scrap = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""));

describe("lines at random", () => {
  it("mean in the quick way what they mean to the parser", () => {
    fc.assert(
      fc.property(fc.array(scrap, { minLength: 1, maxLength: 4 }), (values) => {
        const line = `{ ${values.map((value, at) => `k${at}: ${value}`).join(", ")} }`;
        const quick = readFlowLine(line);
        if (quick !== undefined) expect(parsed(`list:\n  - ${line}`)).toEqual({ list: [quick] });
      }),
      { seed: 7, numRuns: 5000 },
    );
  });

  it("do not change what stands around them", () => {
    const odd = fc.constantFrom(
      "list:",
      "  - { a: 1 }",
      "  - { a: b",
      "c: 2 }",
      "  - |",
      "    text",
    );
    const other = fc.constantFrom(
      "x: |",
      "y: 1",
      "",
      "# note",
      '  - "a',
      'b"',
      "z: {",
      "}",
      "    - { b: 2 }",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(odd, other), { minLength: 5, maxLength: 14 }), (lines) => {
        const text = ["first:", ...Array(4).fill("  - { n: 1 }"), ...lines].join("\n");
        const quick = readQuickly(text);
        if (quick !== undefined) expect(parsed(text)).toEqual(quick);
      }),
      { seed: 7, numRuns: 5000 },
    );
  });
});
