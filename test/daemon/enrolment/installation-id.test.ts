/** The installation id: once made it never changes, and never quietly becomes another one. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import { openInstallationId } from "../../../daemon/enrolment/installation-id.js";
import { openStateFile } from "../../../daemon/host/state-file.js";
import { createChance } from "../../support/chance.js";
import { temporaryFolder } from "../../support/folder.js";

const V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("openInstallationId", () => {
  it("makes a random UUIDv4 once and finds it again", () => {
    const file = openStateFile(join(temporaryFolder(), "state", "installation-id"));
    const made = openInstallationId(file, createChance(1));
    expect(made).toMatch(V4);
    expect(openInstallationId(file, createChance(2))).toBe(made);
    expect(readFileSync(file.path, "utf8")).toBe(`${made}\n`);
    expect(statSync(file.path).mode & 0o777).toBe(0o600);
  });

  it("is another one for each installation, whatever the bytes", () => {
    const ids = Array.from({ length: 50 }, (_, seed) =>
      openInstallationId(openStateFile(join(temporaryFolder(), "id")), createChance(seed)),
    );
    expect(new Set(ids).size).toBe(50);
    for (const id of ids) expect(id).toMatch(V4);
  });

  it.each(["", "not an id", "550e8400-e29b-11d4-a716-446655440000", "550e8400"])(
    "refuses the damaged file %j instead of making a new id",
    (text) => {
      const file = openStateFile(join(temporaryFolder(), "installation-id"));
      writeFileSync(file.path, text);
      const open = () => openInstallationId(file, createChance(1));
      expect(open).toThrow(HeatpoolError);
      expect(open).toThrow(expect.objectContaining({ code: "STATE_INVALID", exitStatus: 78 }));
      expect(readFileSync(file.path, "utf8")).toBe(text);
    },
  );
});
