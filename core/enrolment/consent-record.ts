/**
 * The proof of one agreement, in the one form in which it is signed: canonical JSON, members sorted
 * by code point, no white space.
 */
import { HeatpoolError } from "#core/errors.js";

/** What may be agreed to, each on its own. Nothing is sent without the first. */
export const SCOPES = ["telemetry", "model_training", "community_stats", "commercial_use"] as const;
export type Scope = (typeof SCOPES)[number];

export type Locale = "de" | "en";

/** Proof of one agreement. The names are those of the record that leaves the house. */
export interface ConsentRecord {
  readonly text_id: string;
  readonly version: number;
  readonly text_sha256: string;
  readonly locale: Locale;
  /** ISO 8601, by the clock of the daemon's machine. */
  readonly time: string;
  readonly daemon_version: string;
  readonly scopes: readonly Scope[];
}

/** A record of ours has about 250 bytes. */
export const CONSENT_BYTES_MAX = 2_048;
/** Versions that are released, and the SHA-256 of their texts. */
const RELEASED: Readonly<Record<number, Readonly<Record<Locale, string>>>> = {
  1: {
    de: "fe882b36fbf2d12f1ce0d7a0204a1eb693cd0241f62c2a55446c88bad4daadef",
    en: "777104204d44ef54428f6e0341c0688001daca6150312251f746103834b4fe44",
  },
};
const TEXT_ID = "heatpool-data-sharing";
const HASH = /^[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/;
const VERSION = /^[0-9A-Za-z.+-]{1,64}$/;
const VERSION_MAX = 1_000_000;

/** The bytes that are signed, sent and kept. */
export function encodeConsent(record: ConsentRecord): Buffer {
  const { text_id, version, text_sha256, locale, time, daemon_version, scopes } = record;
  return Buffer.from(
    JSON.stringify({ daemon_version, locale, scopes, text_id, text_sha256, time, version }),
    "utf8",
  );
}

/** @throws HeatpoolError `INVALID_ARGUMENT` not a record of consent in its one form */
export function parseConsent(bytes: Uint8Array): ConsentRecord {
  if (bytes.length > CONSENT_BYTES_MAX) throw wrong(`${bytes.length} bytes`);
  const text = Buffer.from(bytes).toString("utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw wrong("not JSON", cause);
  }
  if (!isRecord(value)) throw wrong("a member is missing or not what it should be");
  if (!encodeConsent(value).equals(bytes)) throw wrong("not in its canonical form");
  const released = RELEASED[value.version]?.[value.locale];
  // A text that is newer than this program cannot be known to it.
  if (released !== undefined && released !== value.text_sha256) {
    throw wrong(`version ${value.version} has another text`);
  }
  return value;
}

function isRecord(value: unknown): value is ConsentRecord {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const { text_id, version, text_sha256, locale, time, daemon_version, scopes } = value as Record<
    string,
    unknown
  >;
  return (
    text_id === TEXT_ID &&
    typeof version === "number" &&
    Number.isInteger(version) &&
    version >= 1 &&
    version <= VERSION_MAX &&
    matches(text_sha256, HASH) &&
    (locale === "de" || locale === "en") &&
    matches(time, TIME) &&
    !Number.isNaN(Date.parse(time)) &&
    matches(daemon_version, VERSION) &&
    Array.isArray(scopes) &&
    // In their order, each once, and never without the first.
    scopes[0] === "telemetry" &&
    JSON.stringify(scopes) === JSON.stringify(SCOPES.filter((scope) => scopes.includes(scope)))
  );
}

function matches(value: unknown, pattern: RegExp): value is string {
  return typeof value === "string" && pattern.test(value);
}

function wrong(why: string, cause?: unknown): HeatpoolError {
  return new HeatpoolError("INVALID_ARGUMENT", `consent record: ${why}`, { cause });
}
