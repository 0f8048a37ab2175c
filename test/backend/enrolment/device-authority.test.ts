/**
 * The authority of the installations: its root may be in a drawer, its issuing authorities follow
 * each other, and OpenSSL agrees with the chain.
 */
import { spawnSync } from "node:child_process";
import { renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readCsr } from "#core/certificate/csr.js";
import { encodePem } from "#core/certificate/der.js";
import {
  createDeviceAuthority,
  listIssuers,
  openIssuing,
  readRoot,
  rotateIssuing,
} from "../../../backend/enrolment/device-authority.js";
import { openRecoveryKey } from "../../../backend/enrolment/recovery-key.js";
import { makeStoreKey, readStoreKey } from "../../../backend/host/store-key.js";
import { createChance } from "../../support/chance.js";
import { temporaryFolder } from "../../support/folder.js";
import { enrolRequest, newDevice } from "../../support/identity-bed.js";
import { isPeerMissing } from "../../support/peer.js";

const DAY_MS = 86_400_000;
const chance = createChance(17);
const nowMs = Date.now();
const making = { chance, nowMs };
const invalid = expect.objectContaining({ code: "CERTIFICATE_INVALID" });

describe("the authority of the installations", () => {
  it.skipIf(isPeerMissing("openssl"))("issues what OpenSSL accepts for a client", async () => {
    const folder = temporaryFolder();
    const files = await createDeviceAuthority(folder, making);
    const asked = readCsr(enrolRequest(newDevice()).csr);
    const [leaf = Buffer.alloc(0)] = openIssuing(folder, making).issue(asked, nowMs);
    const path = join(folder, "device.pem");
    writeFileSync(path, encodePem("CERTIFICATE", leaf));
    const run = spawnSync(
      "openssl",
      [
        ...["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", files.rootCertificate],
        ...["-untrusted", files.issuingCertificate, path],
      ],
      { encoding: "utf8" },
    );
    expect([run.status, run.stderr]).toEqual([0, ""]);
  });

  it("keeps its keys for the operator alone and never replaces anything", async () => {
    const folder = temporaryFolder();
    const files = await createDeviceAuthority(folder, making);
    for (const key of [files.rootKey, files.issuingKey]) {
      expect(statSync(key).mode & 0o777).toBe(0o600);
    }
    await expect(createDeviceAuthority(folder, making)).rejects.toEqual(
      expect.objectContaining({ code: "STATE_INVALID" }),
    );
  });

  it("works without the root's key, which is needed for the next issuing authority alone", async () => {
    const folder = temporaryFolder();
    const files = await createDeviceAuthority(folder, making);
    const drawer = join(temporaryFolder(), "root.key");
    renameSync(files.rootKey, drawer);
    expect(openIssuing(folder, making).trusted(nowMs)).toHaveLength(1);
    await expect(rotateIssuing(folder, undefined, making)).rejects.toEqual(invalid);
    await expect(rotateIssuing(folder, files.issuingKey, making)).rejects.toEqual(invalid);
    await rotateIssuing(folder, drawer, making);
    expect(listIssuers(folder).map(({ number }) => number)).toEqual([1, 2]);
    const root = readRoot(folder);
    for (const { certificate } of listIssuers(folder)) {
      expect(certificate.verify(root.publicKey)).toBe(true);
      expect(certificate.checkIssued(root)).toBe(true);
    }
  });

  it("trusts a replaced issuing authority for 90 more days, and an expired one not at all", async () => {
    const folder = temporaryFolder();
    await createDeviceAuthority(folder, making);
    const laterMs = nowMs + 300 * DAY_MS;
    await rotateIssuing(folder, undefined, { chance, nowMs: laterMs });
    const issuing = openIssuing(folder, { chance, nowMs: laterMs });
    const count = (days: number) => issuing.trusted(laterMs + days * DAY_MS).length;
    expect([count(0), count(89), count(91)]).toEqual([2, 2, 1]);
    expect(() => openIssuing(folder, { chance, nowMs: laterMs + 366 * DAY_MS })).toThrow(invalid);
  });
});

describe("the store key", () => {
  it("seals the key of recovery codes, which no other store key opens", async () => {
    const folder = temporaryFolder();
    const [store, sealed] = [join(folder, "store-key"), join(folder, "recovery-key")];
    expect(await makeStoreKey(store, chance)).toBe(true);
    expect(await makeStoreKey(store, chance)).toBe(false);
    expect(statSync(store).mode & 0o777).toBe(0o600);
    const key = await openRecoveryKey(sealed, readStoreKey(store), chance);
    expect(await openRecoveryKey(sealed, readStoreKey(store), chance)).toEqual(key);
    await expect(openRecoveryKey(sealed, Buffer.alloc(32), chance)).rejects.toEqual(
      expect.objectContaining({ code: "STATE_INVALID" }),
    );
    expect(() => readStoreKey(join(folder, "none"))).toThrow(
      expect.objectContaining({ code: "NOT_FOUND" }),
    );
  });
});
