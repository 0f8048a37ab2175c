/**
 * Certificates of installations: OpenSSL has to accept the chain for a client and for nothing else,
 * and everything in it comes from the backend.
 */
import { spawnSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  issueAuthority,
  issueInstallationCertificate,
  issueIssuer,
  issueServerCertificate,
} from "#core/certificate/certificate.js";
import { encodePem } from "#core/certificate/der.js";
import {
  hashSpki,
  issuerOf,
  readInstallationCertificate,
} from "#core/certificate/installation-certificate.js";
import { createChance } from "../../support/chance.js";
import { temporaryFolder } from "../../support/folder.js";
import { isPeerMissing } from "../../support/peer.js";

const ID = "550e8400-e29b-41d4-a716-446655440000";
const DAY_MS = 86_400_000;
const now = Date.now();
const chance = createChance(11);
const newKeys = () => generateKeyPairSync("ec", { namedCurve: "P-256" });

function makeChain(notAfterMs = now + 90 * DAY_MS) {
  const [root, issuing, device] = [newKeys(), newKeys(), newKeys()];
  const rootCertificate = issueAuthority({
    commonName: "root",
    privateKey: root.privateKey,
    serial: chance(16),
    validity: { notBeforeMs: now - DAY_MS, notAfterMs: now + 3650 * DAY_MS },
    below: 1,
  });
  const issuingCertificate = issueIssuer(
    {
      commonName: "issuing",
      publicKey: issuing.publicKey,
      serial: chance(16),
      validity: { notBeforeMs: now - DAY_MS, notAfterMs: now + 365 * DAY_MS },
    },
    { certificate: rootCertificate, privateKey: root.privateKey },
  );
  const certificate = issueInstallationCertificate(
    {
      installationId: ID,
      publicKey: device.publicKey,
      serial: chance(16),
      validity: { notBeforeMs: now - 60_000, notAfterMs },
    },
    { certificate: issuingCertificate, privateKey: issuing.privateKey },
  );
  return { rootCertificate, issuingCertificate, certificate, device, issuing };
}

function verifyChain(chain: ReturnType<typeof makeChain>, purpose: string, ...more: Uint8Array[]) {
  const folder = temporaryFolder();
  const file = (name: string, ...ders: Uint8Array[]) => {
    const path = join(folder, name);
    writeFileSync(path, ders.map((der) => encodePem("CERTIFICATE", der)).join(""));
    return path;
  };
  return spawnSync(
    "openssl",
    [
      ...["verify", "-x509_strict", "-purpose", purpose],
      ...["-CAfile", file("root.pem", chain.rootCertificate)],
      ...["-untrusted", file("issuing.pem", chain.issuingCertificate, ...more)],
      file("device.pem", chain.certificate),
    ],
    { encoding: "utf8" },
  );
}

describe.skipIf(isPeerMissing("openssl"))("OpenSSL", () => {
  it("accepts the chain for a TLS client", () => {
    const { status, stderr } = verifyChain(makeChain(), "sslclient");
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });

  it("does not accept it for a TLS server", () => {
    expect(verifyChain(makeChain(), "sslserver").status).not.toBe(0);
  });

  it("accepts no certificate of a further authority below the issuing one", () => {
    const chain = makeChain();
    const [deep, end] = [newKeys(), newKeys()];
    const validity = { notBeforeMs: now - DAY_MS, notAfterMs: now + DAY_MS };
    const certificate = issueIssuer(
      { commonName: "one too deep", publicKey: deep.publicKey, serial: chance(16), validity },
      { certificate: chain.issuingCertificate, privateKey: chain.issuing.privateKey },
    );
    const leaf = issueInstallationCertificate(
      { installationId: ID, publicKey: end.publicKey, serial: chance(16), validity },
      { certificate, privateKey: deep.privateKey },
    );
    const { stderr } = verifyChain({ ...chain, certificate: leaf }, "sslclient", certificate);
    expect(stderr).toContain("path length constraint exceeded");
  });
});

describe("an installation's certificate", () => {
  it("is what the profile says, byte for byte where it matters", () => {
    const { certificate, device } = makeChain();
    const parsed = new X509Certificate(certificate);
    expect(parsed.subject).toBe(`CN=${ID}`);
    expect(parsed.subjectAltName).toBe(`URI:urn:uuid:${ID}`);
    expect(parsed.ca).toBe(false);
    expect(parsed.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
    expect(parsed.publicKey.equals(device.publicKey)).toBe(true);
    // 16 bytes, the first of them 0x40 to 0x7f: positive, and never shorter.
    expect(parsed.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
    // Times as UTCTime: tag 0x17, 13 characters.
    expect(
      Buffer.from(certificate)
        .toString("hex")
        .match(/170d(3\d){12}5a/g),
    ).toHaveLength(2);
  });

  it("is read as id, key and time", () => {
    const { certificate, device } = makeChain(now + 5 * DAY_MS);
    const shown = readInstallationCertificate(new X509Certificate(certificate));
    expect(shown?.installationId).toBe(ID);
    const spki = device.publicKey.export({ type: "spki", format: "der" });
    expect(shown?.spkiSha256).toBe(hashSpki(spki));
    expect(shown?.notAfterMs).toBe(Math.floor((now + 5 * DAY_MS) / 1000) * 1000);
  });

  it("of a server is no installation's", () => {
    const { issuingCertificate, issuing } = makeChain();
    const server = issueServerCertificate(
      {
        hosts: ["pool.example.org"],
        publicKey: newKeys().publicKey,
        serial: chance(16),
        validity: { notBeforeMs: now, notAfterMs: now + DAY_MS },
      },
      { certificate: issuingCertificate, privateKey: issuing.privateKey },
    );
    expect(readInstallationCertificate(new X509Certificate(server))).toBeUndefined();
  });

  it("counts only while its issuer is known and good", () => {
    const { certificate, issuingCertificate } = makeChain();
    const other = makeChain();
    const shown = new X509Certificate(certificate);
    const issuer = new X509Certificate(issuingCertificate);
    expect(issuerOf(shown, [issuer], now)).toBe(issuer);
    expect(issuerOf(shown, [new X509Certificate(other.issuingCertificate)], now)).toBeUndefined();
    expect(issuerOf(shown, [], now)).toBeUndefined();
    expect(issuerOf(shown, [issuer], now + 366 * DAY_MS)).toBeUndefined();
    expect(issuerOf(shown, [issuer], now - 2 * DAY_MS)).toBeUndefined();
  });

  it("is not issued for a key and a certificate that do not belong together", () => {
    const { issuingCertificate } = makeChain();
    const { privateKey } = newKeys();
    const request = {
      installationId: ID,
      publicKey: createPublicKey(privateKey),
      serial: chance(16),
      validity: { notBeforeMs: now, notAfterMs: now + DAY_MS },
    };
    expect(() =>
      issueInstallationCertificate(request, { certificate: issuingCertificate, privateKey }),
    ).toThrow(expect.objectContaining({ code: "CERTIFICATE_INVALID" }));
  });
});
