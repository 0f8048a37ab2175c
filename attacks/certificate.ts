/**
 * Attacks on the reader of installations' certificates: every byte of a good one changed, every
 * length, bytes added and bytes lost. What differs from what the authority issued may name nobody,
 * and nothing but an error of ours may come out.
 */
import { generateKeyPairSync, type X509Certificate } from "node:crypto";
import { issueAuthority, issueInstallationCertificate } from "#core/certificate/certificate.js";
import {
  issuerOf,
  parseCertificate,
  readInstallationCertificate,
} from "#core/certificate/installation-certificate.js";
import { HeatpoolError } from "#core/errors.js";
import { createChance } from "../test/support/chance.js";
import { type AttackCounts, type AttackSuite, sizeOf } from "./attack-suite.js";

/** Each byte takes every other value, about, in the full suite. */
const SIZES = { everyday: 12_000, full: 160_000 };
const NOW_MS = Date.UTC(2026, 10, 1);
const DAY_MS = 86_400_000;
const ID = "550e8400-e29b-41d4-a716-446655440000";
const VALUES = 256;
const SERIAL_BYTES = 16;

/** Altered certificates. */
export const certificateAttacks: AttackSuite = {
  name: "certificate",
  async run(options): Promise<AttackCounts> {
    const { seed, onProgress } = options;
    const counts = { cases: 0, accepted: 0, plaintextBytes: 0, crashes: 0 };
    const { certificate, issuer } = issueOne(seed);
    if (judge(certificate, issuer) !== "accepted") throw new Error("the honest one was refused");
    for (const altered of alter(certificate, sizeOf(options, SIZES), seed)) {
      counts.cases += 1;
      onProgress?.(counts.cases);
      const verdict = judge(altered, issuer);
      if (verdict === "accepted") counts.accepted += 1;
      if (verdict === "crashed") counts.crashes += 1;
    }
    return counts;
  },
};

function issueOne(seed: number): { certificate: Buffer; issuer: X509Certificate } {
  const chance = createChance(seed);
  const authority = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const device = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const validity = { notBeforeMs: NOW_MS - DAY_MS, notAfterMs: NOW_MS + 90 * DAY_MS };
  const own = issueAuthority({
    commonName: "attacks",
    privateKey: authority.privateKey,
    serial: chance(SERIAL_BYTES),
    validity,
  });
  const certificate = issueInstallationCertificate(
    { installationId: ID, publicKey: device.publicKey, serial: chance(SERIAL_BYTES), validity },
    { certificate: own, privateKey: authority.privateKey },
  );
  return { certificate, issuer: parseCertificate(own) };
}

/** Half are changed bytes, evenly over all values; the rest all lengths, additions and noise. */
function* alter(good: Buffer, cases: number, seed: number): Generator<Buffer> {
  const chance = createChance(seed + 1);
  const below = (bound: number) => Buffer.from(chance(4)).readUInt32LE() % bound;
  const all = good.length * (VALUES - 1);
  const step = Math.max(1, Math.floor(all / (cases / 2)));
  let made = 0;
  for (let place = 0; place < all; place += step, made += 1) {
    const bytes = Buffer.from(good);
    const at = Math.floor(place / (VALUES - 1));
    bytes[at] = ((bytes[at] ?? 0) + 1 + (place % (VALUES - 1))) % VALUES;
    yield bytes;
  }
  for (let length = 0; length < good.length; length += 1, made += 1) yield good.subarray(0, length);
  for (; made < cases; made += 1) {
    const at = below(good.length);
    const noise = Buffer.from(chance(1 + below(8)));
    if (made % 3 === 0) yield Buffer.concat([good, noise]);
    else if (made % 3 === 1) yield Buffer.concat([good.subarray(0, at), noise, good.subarray(at)]);
    else yield Buffer.concat([good.subarray(0, at), good.subarray(at + noise.length)]);
  }
}

function judge(der: Buffer, issuer: X509Certificate): "refused" | "accepted" | "crashed" {
  try {
    const shown = parseCertificate(der);
    if (issuerOf(shown, [issuer], NOW_MS) === undefined) return "refused";
    return readInstallationCertificate(shown) === undefined ? "refused" : "accepted";
  } catch (error) {
    const isOurs = error instanceof HeatpoolError && error.code === "CERTIFICATE_INVALID";
    return isOurs ? "refused" : "crashed";
  }
}
