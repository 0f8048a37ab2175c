/** The lists of attacks and of negative cases name tests; a test that was renamed or removed shows. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const ATTACKS = 30;
const CASES_MIN = 25;

/** Rows of the table that follows a heading. */
function rowsOf(heading: string): string[][] {
  const [, after = ""] = readFileSync("attacks/README.md", "utf8").split(`## ${heading}\n`);
  const [table = ""] = after.split("\n## ");
  return table
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| ---"))
    .slice(1)
    .map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "").trim()));
}

/** Tests named as `file`: “name”. */
function testsIn(cell: string): { file: string; name: string }[] {
  return [...cell.matchAll(/`([^`]+\.test\.ts)`: “([^”]+)”/g)].map(([, file = "", name = ""]) => ({
    file,
    name,
  }));
}

/** What of the named tests is not there. */
function missing(cell: string): string[] {
  return testsIn(cell)
    .filter(
      ({ file, name }) => !existsSync(file) || !readFileSync(file, "utf8").includes(`"${name}"`),
    )
    .map(({ file, name }) => `${file}: ${name}`);
}

describe("the list of attacks", () => {
  const rows = rowsOf("The attacks");

  it("has every attack once, in order", () => {
    const numbers = Array.from({ length: ATTACKS }, (_, k) => `A${k + 1}`);
    expect(rows.map(([number]) => number)).toEqual(numbers);
  });

  it.each(rows)("%s (%s) is proven by tests that exist, or says that it is open", (...row) => {
    const proof = row.at(3) ?? "";
    expect(missing(proof)).toEqual([]);
    expect(testsIn(proof).length > 0 || proof.startsWith("open: ")).toBe(true);
  });
});

describe("the list of negative cases", () => {
  const rows = rowsOf("Named negative cases");

  it("is not empty", () => expect(rows.length).toBeGreaterThanOrEqual(CASES_MIN));

  it.each(rows)("%s is proven by tests that exist", (_, proof = "") => {
    expect(missing(proof)).toEqual([]);
    expect(testsIn(proof).length).toBeGreaterThan(0);
  });
});
