/**
 * What texts for owners and operators promise. Data of one home are pseudonymous: nobody may call them
 * anything less, and nobody may say that they become somebody else's.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const PLACES = [
  "daemon",
  "backend",
  "core",
  "web",
  "systemd",
  "docs",
  "proto",
  "firmware-profiles",
];
const FILES = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"];
const TEXT = /\.(ts|tsx|md|yaml|html|proto|service|txt|json)$/;
/** Says that they are not. */
const DENIED = /not (be )?anonymous|nicht anonym/gi;
const OWNERSHIP =
  /(become|are|werden|sind|gehören)[^.\n]{0,40}(property of the operator|Eigentum des Betreibers)/i;

function* texts(): Generator<readonly [string, string]> {
  for (const path of FILES) yield [path, readFileSync(path, "utf8")];
  for (const place of PLACES)
    for (const entry of readdirSync(place, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && TEXT.test(path)) yield [path, readFileSync(path, "utf8")];
    }
}

describe("texts", () => {
  it("call nothing of a single home anonymous, and claim no property in it", () => {
    let read = 0;
    for (const [path, text] of texts()) {
      read += 1;
      expect(/anonym/i.test(text.replace(DENIED, "")), path).toBe(false);
      expect(OWNERSHIP.test(text), path).toBe(false);
    }
    expect(read).toBeGreaterThan(500);
  });

  it("speak to an owner in one way: Sie", () => {
    const german = ["docs/anleitung.md", "daemon/notify/texts.ts", "daemon/commands/consent.ts"];
    for (const path of german)
      expect(readFileSync(path, "utf8"), path).not.toMatch(
        /\b([Dd]u|[Dd]eine?[mnrs]?|[Dd]ich|Sag)\b/,
      );
  });

  it("that the law asks for are there, and name every hole that an operator has to fill", () => {
    const index = readFileSync("docs/law/README.md", "utf8");
    const named = [...index.matchAll(/\]\(([\w.-]+)\)/g)].map(([, name = ""]) => name);
    const there = readdirSync("docs/law").filter((name) => name !== "README.md");
    expect(new Set(named)).toEqual(new Set(there));
    for (const name of ["record-of-processing.md", "processors.md", "impact-assessment.md"])
      expect(readFileSync(join("docs/law", name), "utf8")).toMatch(/<[\w ,]+>/);
  });

  it("for those who report a weakness have the fields of RFC 9116", () => {
    const text = readFileSync("docs/law/security.txt", "utf8");
    for (const field of ["Contact", "Expires", "Preferred-Languages", "Policy"])
      expect(text).toMatch(new RegExp(`^${field}: \\S`, "m"));
  });
});
