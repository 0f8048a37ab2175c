/** Consent and the backend's limits lie in small files: a changed digit must not become a decision. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openConsentBook } from "../../../daemon/enrolment/consent.js";
import { openCheckedFile, openStateFile } from "../../../daemon/host/state-file.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";

describe("a checked file", () => {
  it("gives back what was written, and nothing where there is none", () => {
    const file = openCheckedFile(join(temporaryFolder(), "limits.json"));
    expect(file.read()).toBeUndefined();
    file.write('{"a":1}');
    expect(file.read()).toBe('{"a":1}');
  });

  it("takes what a person wrote without a checksum", () => {
    const path = join(temporaryFolder(), "limits.json");
    writeFileSync(path, '{"a":1}\n');
    expect(openCheckedFile(path).read()).toBe('{"a":1}\n');
  });

  it("with a bit of any byte changed is no record of consent any more", () => {
    const folder = temporaryFolder();
    const path = join(folder, "consent.json");
    const book = openConsentBook({
      file: openCheckedFile(path),
      marker: openStateFile(join(folder, "withdrawal")),
      clock: createFakeClock(),
      daemonVersion: "0.1.0",
    });
    book.grant({ locale: "de", scopes: [] });
    expect(book.state().status).toBe("granted");
    const sound = readFileSync(path);
    const told = new Set<string>();
    for (const [at, byte] of sound.entries()) {
      const changed = Buffer.from(sound);
      changed[at] = byte ^ (1 << (at & 7));
      writeFileSync(path, changed);
      try {
        told.add(book.state().status);
      } catch (fault) {
        told.add(String(fault));
      }
    }
    expect([...told]).toEqual([`HeatpoolError: ${path}: not a record of consent`]);
  });

  it("that the file system keeps back is told with its name, and nothing is left beside it", () => {
    const folder = temporaryFolder();
    const path = join(folder, "limits.json");
    mkdirSync(path);
    const file = openCheckedFile(path);
    const told = (code: string, message: string) => expect.objectContaining({ code, message });
    expect(() => file.read()).toThrow(told("STATE_INVALID", `${path} cannot be read: EISDIR`));
    expect(() => file.write("{}")).toThrow(
      told("STORE_FAILED", `${path} cannot be written: EISDIR`),
    );
    expect(readdirSync(folder)).toEqual(["limits.json"]);
    file.remove();
    expect(file.read()).toBeUndefined();
    writeFileSync(join(folder, "file"), "");
    const below = openStateFile(join(folder, "file", "limits.json"));
    expect(() => below.read()).toThrow(
      told("STATE_INVALID", `${below.path} cannot be read: ENOTDIR`),
    );
  });
});
