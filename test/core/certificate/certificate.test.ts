/**
 * Certificates of our own: a TLS peer that is not ours has to accept what we issue, and only what
 * we meant.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { issueAuthority, issueServerCertificate } from "#core/certificate/certificate.js";
import { encodePem } from "#core/certificate/der.js";
import { createChance } from "../../support/chance.js";
import { temporaryFolder } from "../../support/folder.js";
import { isPeerMissing } from "../../support/peer.js";

const chance = createChance(7);
const folder = temporaryFolder();
const day = 86_400_000;
const now = Date.now();
const validity = { notBeforeMs: now - 60_000, notAfterMs: now + 30 * day };
const newKeys = (namedCurve = "P-256") => generateKeyPairSync("ec", { namedCurve });

function newAuthority(notAfterMs = now + 365 * day) {
  const { privateKey } = newKeys();
  const certificate = issueAuthority({
    commonName: "heatpool test authority",
    privateKey,
    serial: chance(16),
    validity: { ...validity, notAfterMs },
  });
  return { certificate, privateKey };
}

function serverRequest(hosts = ["pool.example.org", "192.0.2.7", "2001:db8::1"]) {
  return { hosts, publicKey: newKeys().publicKey, serial: chance(16), validity };
}

function file(name: string, der: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, encodePem("CERTIFICATE", der));
  return path;
}

function verify(authority: Uint8Array, certificate: Uint8Array, ...args: string[]) {
  return spawnSync(
    "openssl",
    [
      "verify",
      "-x509_strict",
      ...args,
      "-CAfile",
      file("ca.pem", authority),
      file("c.pem", certificate),
    ],
    { encoding: "utf8" },
  );
}

describe("certificates", () => {
  it("say by whom, for whom and for what they are", () => {
    const authority = newAuthority();
    const der = issueServerCertificate(serverRequest(), authority);
    const server = new X509Certificate(der);
    expect(server.subjectAltName).toBe(
      "DNS:pool.example.org, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:1",
    );
    expect(server.checkIssued(new X509Certificate(authority.certificate))).toBe(true);
    expect(server.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    expect([server.ca, new X509Certificate(authority.certificate).ca]).toEqual([false, true]);
  });

  it("carry a positive serial number of 16 bytes whatever chance gave", () => {
    for (const byte of [0x00, 0x7f, 0x80, 0xff]) {
      const serial = new Uint8Array(16).fill(byte);
      const der = issueServerCertificate({ ...serverRequest(), serial }, newAuthority());
      const { serialNumber } = new X509Certificate(der);
      expect(serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
    }
  });

  it("give the same tree for the same arguments, up to the signature", () => {
    const { privateKey } = newKeys();
    const serial = chance(16);
    const issue = () => issueAuthority({ commonName: "a", privateKey, serial, validity });
    // Version, names, times, key and extensions; ECDSA draws a number of its own.
    expect(issue().subarray(4, 200)).toEqual(issue().subarray(4, 200));
  });

  it("end within the second that was asked for, before and after 2050", () => {
    for (const notAfterMs of [Date.UTC(2049, 11, 31, 23, 59, 59), Date.UTC(2050, 0, 1)]) {
      const { validTo } = new X509Certificate(newAuthority(notAfterMs).certificate);
      expect(Date.parse(validTo)).toBe(notAfterMs);
    }
  });

  it("are not issued for other curves, short serials or times that run backwards", () => {
    const authority = newAuthority();
    const good = serverRequest();
    const bad = [
      { ...good, publicKey: newKeys("P-384").publicKey },
      { ...good, serial: chance(8) },
      { ...good, validity: { notBeforeMs: now, notAfterMs: now } },
      { ...good, hosts: [] },
      { ...good, hosts: ["not a name"] },
    ];
    for (const request of bad) {
      expect(() => issueServerCertificate(request, authority)).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT" }),
      );
    }
  });

  it("are not issued by a key that is not the authority's", () => {
    const { certificate } = newAuthority();
    const { privateKey } = newKeys();
    expect(() => issueServerCertificate(serverRequest(), { certificate, privateKey })).toThrow(
      expect.objectContaining({ code: "CERTIFICATE_INVALID" }),
    );
  });
});

describe.skipIf(isPeerMissing("openssl"))("OpenSSL accepts a certificate of ours", () => {
  it("as a server's, strictly", () => {
    const authority = newAuthority();
    const der = issueServerCertificate(serverRequest(), authority);
    expect(verify(authority.certificate, der, "-purpose", "sslserver").stdout).toMatch(/OK/);
    expect(verify(authority.certificate, der, "-verify_hostname", "pool.example.org").status).toBe(
      0,
    );
  });

  it("but not as a client's, for another host, or of another authority", () => {
    const authority = newAuthority();
    const der = issueServerCertificate(serverRequest(), authority);
    expect(verify(authority.certificate, der, "-purpose", "sslclient").status).not.toBe(0);
    expect(verify(authority.certificate, der, "-verify_hostname", "other.org").status).not.toBe(0);
    expect(verify(newAuthority().certificate, der).status).not.toBe(0);
  });

  it("writes times after 2049 as GeneralizedTime and those before as UTCTime", () => {
    const path = file("long.pem", newAuthority(Date.UTC(2050, 0, 1)).certificate);
    const tree = execFileSync("openssl", ["asn1parse", "-in", path], { encoding: "utf8" });
    expect(tree).toMatch(/UTCTIME/);
    expect(tree).toMatch(/GENERALIZEDTIME\s*:20500101000000Z/);
  });

  it("does not let a server's certificate sign another one", () => {
    const authority = newAuthority();
    const keys = newKeys();
    const der = issueServerCertificate(
      { ...serverRequest(), publicKey: keys.publicKey },
      authority,
    );
    const sham = { certificate: der, privateKey: keys.privateKey };
    // Node asks for keyCertSign when it checks who issued a certificate.
    expect(() => issueServerCertificate(serverRequest(), sham)).toThrow(
      expect.objectContaining({ code: "CERTIFICATE_INVALID" }),
    );
  });
});
