/** The record of consent: proof in years to come, so it has one form, and its text is one we know. */
import { describe, expect, it } from "vitest";
import { type ConsentRecord, encodeConsent, parseConsent } from "#core/enrolment/consent-record.js";
import {
  CONSENT_TEXT_ID,
  CONSENT_VERSION,
  consentTextSha256,
} from "../../../daemon/enrolment/consent-text.js";

const record: ConsentRecord = {
  text_id: CONSENT_TEXT_ID,
  version: CONSENT_VERSION,
  text_sha256: consentTextSha256("de"),
  locale: "de",
  time: "2026-11-21T12:00:00.000Z",
  daemon_version: "0.1.0",
  scopes: ["telemetry", "community_stats"],
};
const wrong = expect.objectContaining({ code: "INVALID_ARGUMENT" });
const change = (changes: object) =>
  Buffer.from(JSON.stringify({ ...JSON.parse(sorted), ...changes }));
const sorted = encodeConsent(record).toString();

describe("consent records", () => {
  it("are canonical JSON: members sorted by code point, no white space", () => {
    const names = Object.keys(JSON.parse(sorted) as object);
    expect(names).toEqual([...names].sort((one, other) => (one < other ? -1 : 1)));
    expect(sorted).not.toMatch(/\s/);
    expect(parseConsent(encodeConsent(record))).toEqual({ ...record });
  });

  it("name the text that the daemon shows, in both languages", () => {
    for (const locale of ["de", "en"] as const) {
      const text_sha256 = consentTextSha256(locale);
      expect(parseConsent(encodeConsent({ ...record, locale, text_sha256 })).locale).toBe(locale);
    }
  });

  it.each([
    ["another text under a known version", { text_sha256: "0".repeat(64) }],
    ["no telemetry", { scopes: ["community_stats"] }],
    ["a scope that is none", { scopes: ["telemetry", "everything"] }],
    ["a scope twice", { scopes: ["telemetry", "telemetry"] }],
    ["scopes in another order", { scopes: ["telemetry", "community_stats", "model_training"] }],
    ["a language that there is not", { locale: "fr" }],
    ["no time", { time: "yesterday" }],
    ["a day that does not exist", { time: "2026-13-45T12:00:00Z" }],
    ["a version that is no whole number", { version: 1.5 }],
    ["another text id", { text_id: "something" }],
    ["a member too many", { more: 1 }],
    ["a long version of the daemon", { daemon_version: "x".repeat(65) }],
  ])("are refused with %s", (_, changes) => {
    expect(() => parseConsent(change(changes))).toThrow(wrong);
  });

  it("are refused in another form, as no JSON, or too long", () => {
    expect(() => parseConsent(Buffer.from(`${sorted} `))).toThrow(wrong);
    expect(() => parseConsent(Buffer.from(sorted.replace("{", "{ ")))).toThrow(wrong);
    expect(() => parseConsent(Buffer.from("[]"))).toThrow(wrong);
    expect(() => parseConsent(Buffer.from("no"))).toThrow(wrong);
    expect(() => parseConsent(Buffer.alloc(2_049, 0x20))).toThrow(wrong);
  });

  it("of a newer text than this program knows are taken", () => {
    const newer = { ...record, version: 2, text_sha256: "1".repeat(64) };
    expect(parseConsent(encodeConsent(newer)).version).toBe(2);
  });
});
