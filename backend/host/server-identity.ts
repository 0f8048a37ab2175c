/**
 * The server's certificate and key as files: there, readable, belonging together, and not expired.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { HeatpoolError } from "#core/errors.js";

/** What a listener needs, and until when it is good. */
export interface LoadedIdentity {
  readonly certificate: Buffer;
  readonly key: Buffer;
  readonly expiresAtMs: number;
}

/** Where they lie, and what to do when they do not. */
export interface IdentityPlace {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** The command that makes them. */
  readonly remedy: string;
}

/** @throws HeatpoolError `CERTIFICATE_INVALID` missing, unreadable, foreign key, or expired */
export function loadIdentity(place: IdentityPlace, nowMs: number): LoadedIdentity {
  const certificate = read(place.certificateFile, place.remedy);
  const key = read(place.keyFile, place.remedy);
  const { expiresAtMs, isOurs } = inspect(certificate, key, place);
  if (!isOurs) {
    throw invalid(`${place.keyFile} is not the key of ${place.certificateFile}`, place.remedy);
  }
  if (expiresAtMs <= nowMs) {
    const when = new Date(expiresAtMs).toISOString();
    throw invalid(`${place.certificateFile} expired at ${when}`, place.remedy);
  }
  return { certificate, key, expiresAtMs };
}

function inspect(certificate: Buffer, key: Buffer, place: IdentityPlace) {
  try {
    const parsed = new X509Certificate(certificate);
    const isOurs = parsed.checkPrivateKey(createPrivateKey(key));
    return { expiresAtMs: Date.parse(parsed.validTo), isOurs };
  } catch (cause) {
    const what = `${place.certificateFile} or ${place.keyFile} is not PEM that can be read`;
    throw invalid(what, place.remedy, cause);
  }
}

function read(path: string, remedy: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
    const why = code === "ENOENT" ? "there is no" : `${code}: cannot read`;
    throw invalid(`${why} ${path}`, remedy, cause);
  }
}

function invalid(what: string, remedy: string, cause?: unknown): HeatpoolError {
  return new HeatpoolError("CERTIFICATE_INVALID", what, { cause, hint: remedy });
}
