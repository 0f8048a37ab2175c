/** The drill: one file of an incident, three reports, each in time and with all that it has to say. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeReports } from "../../scripts/incident-reports.mjs";
import { temporaryFolder } from "../support/folder.js";

const EXAMPLE = "docs/law/incident.example.json";
const example = JSON.parse(readFileSync(EXAMPLE, "utf8")) as Record<string, unknown>;
const dueOf = (incident: Record<string, unknown>) =>
  writeReports(incident).map(({ dueMs }) => new Date(dueMs).toISOString());

describe("the reports of an incident", () => {
  it("of a vulnerability are due after 24 hours, 72 hours, and 14 days after the fix", () => {
    expect(dueOf(example)).toEqual([
      "2026-11-03T08:30:00.000Z",
      "2026-11-05T08:30:00.000Z",
      "2026-11-19T17:00:00.000Z",
    ]);
  });

  it("of an incident end a month after the notification, also where the month is shorter", () => {
    const incident = { ...example, kind: "incident", awareAt: "2027-01-28T12:00Z" };
    expect(dueOf(incident)).toEqual([
      "2027-01-29T12:00:00.000Z",
      "2027-01-31T12:00:00.000Z",
      "2027-02-28T12:00:00.000Z",
    ]);
  });

  it("repeat what was said before and add to it", () => {
    const [early, notice, final] = writeReports(example).map(({ text }) => text);
    expect(early).toContain("- DE\n- AT");
    expect(early).not.toContain("What users can do");
    expect(notice).toContain("## What users can do\n\n- Owners need do nothing");
    expect(final).toContain("0.1.1: the length is checked first");
    expect(final?.length).toBeGreaterThan(notice?.length ?? 0);
  });

  it.each([
    ["fixedAt", { fixedAt: undefined }],
    ["awareAt", { awareAt: "yesterday" }],
    ["kind", { kind: "bug" }],
    ["memberStates", { memberStates: [] }],
    ["rootCause", { rootCause: " " }],
  ])("want %s, and name it", (field, change) => {
    expect(() => writeReports({ ...example, ...change })).toThrow(field);
  });

  it("are three files, written by one command; a wrong file ends with 1 and says why", () => {
    const out = temporaryFolder();
    const run = (...words: string[]) =>
      spawnSync(process.execPath, ["scripts/incident-reports.mjs", ...words], { encoding: "utf8" });
    expect(run(EXAMPLE, "--out", out)).toMatchObject({ status: 0, stderr: "" });
    expect(readdirSync(out).sort()).toEqual([
      "1-early-warning.md",
      "2-notification.md",
      "3-final.md",
    ]);
    const wrong = join(out, "wrong.json");
    writeFileSync(wrong, "{}");
    expect(run(wrong, "--out", out)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("kind: undefined, must be vulnerability or incident"),
    });
  });
});
