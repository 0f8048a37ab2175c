/** Consent and the backend's limits lie in small files: a changed digit must not become a decision. */
import { readFileSync, writeFileSync } from "node:fs";
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

  it("with any bit changed is no record of consent any more", () => {
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
    for (let bit = 0; bit < sound.length * 8; bit++) {
      const changed = Buffer.from(sound);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      writeFileSync(path, changed);
      expect(() => book.state()).toThrow("not a record of consent");
    }
  });
});
