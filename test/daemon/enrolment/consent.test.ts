/** Consent: the default is no, and a withdrawal holds from the moment it is durable. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openConsentBook } from "../../../daemon/enrolment/consent.js";
import {
  CONSENT_TEXTS,
  CONSENT_VERSION,
  consentTextSha256,
} from "../../../daemon/enrolment/consent-text.js";
import { openStateFile } from "../../../daemon/host/state-file.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";

function openBook(folder = temporaryFolder()) {
  return {
    folder,
    book: openConsentBook({
      file: openStateFile(join(folder, "consent.json")),
      marker: openStateFile(join(folder, "withdrawal")),
      clock: createFakeClock(Date.UTC(2026, 10, 1)),
      daemonVersion: "0.1.0",
    }),
  };
}

describe("the text", () => {
  it("is pinned: another word is another version", () => {
    expect(CONSENT_VERSION).toBe(1);
    expect({ de: consentTextSha256("de"), en: consentTextSha256("en") }).toMatchInlineSnapshot(`
      {
        "de": "fe882b36fbf2d12f1ce0d7a0204a1eb693cd0241f62c2a55446c88bad4daadef",
        "en": "777104204d44ef54428f6e0341c0688001daca6150312251f746103834b4fe44",
      }
    `);
  });

  it.each(["de", "en"] as const)("names every scope in %s and promises no anonymity", (locale) => {
    const text = CONSENT_TEXTS[locale];
    for (const scope of ["telemetry", "model_training", "community_stats", "commercial_use"])
      expect(text).toContain(scope);
    expect(text.toLowerCase()).not.toContain("anonym");
  });
});

describe("consent", () => {
  it("is missing before the owner decided", () => {
    expect(openBook().book.state()).toEqual({ status: "missing" });
  });

  it("is a record of who agreed to which words, when, and to what", () => {
    const { book, folder } = openBook();
    book.grant({ locale: "de", scopes: ["telemetry", "model_training"] });
    const state = openBook(folder).book.state();
    expect(state).toEqual({
      status: "granted",
      record: {
        text_id: "heatpool-data-sharing",
        version: 1,
        text_sha256: consentTextSha256("de"),
        locale: "de",
        time: "2026-11-01T00:00:00.000Z",
        daemon_version: "0.1.0",
        scopes: ["telemetry", "model_training"],
      },
    });
  });

  it("never holds commercial use unless it was named", () => {
    const { book } = openBook();
    expect(book.grant({ locale: "en", scopes: [] }).scopes).toEqual(["telemetry"]);
  });

  it("counts as withdrawn from the marker on, before the record is written", () => {
    const { book, folder } = openBook();
    book.grant({ locale: "en", scopes: [] });
    book.withdraw();
    expect(openBook(folder).book.state()).toEqual({ status: "withdrawn", pending: true });
    expect(() => book.grant({ locale: "en", scopes: [] })).toThrow("not finished");
    book.finishWithdrawal();
    expect(book.state()).toEqual({ status: "withdrawn", pending: false });
    expect(book.history().map(({ action }) => action)).toEqual(["granted", "withdrawn"]);
    book.finishWithdrawal();
    expect(book.history()).toHaveLength(2);
  });

  it("can be given again after a withdrawal", () => {
    const { book } = openBook();
    book.grant({ locale: "en", scopes: [] });
    book.withdraw();
    book.finishWithdrawal();
    book.grant({ locale: "en", scopes: ["community_stats"] });
    expect(book.state()).toMatchObject({ status: "granted" });
    expect(book.history()).toHaveLength(3);
  });

  it("to an older text does not hold for the present one", () => {
    const { book, folder } = openBook();
    book.grant({ locale: "en", scopes: [] });
    const [event] = book.history();
    const history = [{ ...event, version: 0 }];
    writeFileSync(join(folder, "consent.json"), JSON.stringify({ format: 1, history }));
    expect(book.state()).toMatchObject({ status: "outdated", record: { version: 0 } });
  });

  it.each(["", "{", '{"format":1,"history":[{"action":"granted","time":"x"}]}', '{"format":2}'])(
    "that cannot be read is no consent: %s",
    (text) => {
      const { book, folder } = openBook();
      writeFileSync(join(folder, "consent.json"), text);
      expect(() => book.state()).toThrow(expect.objectContaining({ code: "STATE_INVALID" }));
    },
  );
});
