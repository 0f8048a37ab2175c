/**
 * Taking installations in: an id belongs to one key, a claim to one installation, a nonce to one
 * call, and an answer that got lost must not lock anybody out.
 */
import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { parseRecoveryCode } from "#core/enrolment/recovery-code.js";
import {
  CONSENT,
  type DeviceKeys,
  enrol,
  enrolRequest,
  makeIdentities,
  newDevice,
  renewRequest,
} from "../../support/identity-bed.js";

const DAY_MS = 86_400_000;
const code = (name: string) => expect.objectContaining({ code: name });

async function renewed(
  bed: Awaited<ReturnType<typeof makeIdentities>>,
  device: DeviceKeys,
  next = newDevice(device.installationId),
  nonce: Uint8Array = bed.enrolment.challenge(),
) {
  return { next, answer: await bed.enrolment.renew(renewRequest(device, next, nonce)) };
}

describe("enrol", () => {
  it("gives a certificate of 90 days, its issuer, and a recovery code that is kept as a HMAC", async () => {
    const bed = await makeIdentities();
    const { device, chain, recoveryCode } = await enrol(bed);
    const [leaf, issuer] = chain.map((one) => new X509Certificate(one));
    expect(leaf?.subject).toBe(`CN=${device.installationId}`);
    expect(leaf?.checkPrivateKey(device.tls)).toBe(true);
    expect(issuer !== undefined && leaf?.verify(issuer.publicKey)).toBe(true);
    const life = Date.parse(leaf?.validTo ?? "") - Date.parse(leaf?.validFrom ?? "");
    expect(life).toBe(90 * DAY_MS + 60_000);
    expect(parseRecoveryCode(recoveryCode)).toHaveLength(16);
    const known = bed.identities.find(device.installationId);
    expect(known?.recoveryHmac).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(known)).not.toContain(recoveryCode.slice(0, 9));
    expect(known?.consents).toMatchObject([{ record: CONSENT, withdrawnAtMs: 0 }]);
  });

  it("knows an installation by the recovery code of its owner, however it is typed", async () => {
    const bed = await makeIdentities();
    const { device, recoveryCode } = await enrol(bed);
    await enrol(bed);
    const typed = recoveryCode.toLowerCase().replaceAll("-", " ");
    expect(bed.door.findByRecoveryCode(typed)).toBe(device.installationId);
    const other = recoveryCode.startsWith("0") ? "1" : "0";
    expect(bed.door.findByRecoveryCode(`${other}${recoveryCode.slice(1)}`)).toBeUndefined();
    expect(bed.door.findByRecoveryCode("no code")).toBeUndefined();
  });

  it("refuses an id that another key has, or that was erased", async () => {
    const erased = new Set<string>();
    const bed = await makeIdentities({ erased });
    const { device } = await enrol(bed);
    const thief = newDevice(device.installationId);
    await expect(bed.enrolment.enrol(enrolRequest(thief))).rejects.toEqual(
      code("PERMISSION_DENIED"),
    );
    const gone = newDevice();
    erased.add(gone.installationId);
    await expect(bed.enrolment.enrol(enrolRequest(gone))).rejects.toEqual(
      code("PERMISSION_DENIED"),
    );
    expect(bed.identities.size).toBe(1);
  });

  it("answers the same key again until it was first used, with a new recovery code", async () => {
    const bed = await makeIdentities({ claims: new Set(["token"]) });
    const device = newDevice();
    const first = await bed.enrolment.enrol(enrolRequest(device, "token"));
    const again = await bed.enrolment.enrol(enrolRequest(device, "token"));
    expect(again.recoveryCode).not.toBe(first.recoveryCode);
    const known = bed.identities.find(device.installationId);
    bed.door.judge.noteUse({
      installationId: device.installationId,
      spkiSha256: known?.spkiSha256 ?? "",
      notAfterMs: known?.notAfterMs ?? 0,
    });
    await bed.identities.update(device.installationId, () => undefined);
    await expect(bed.enrolment.enrol(enrolRequest(device, "token"))).rejects.toEqual(
      code("PERMISSION_DENIED"),
    );
  });

  it("takes a claim token once, and none that it does not know", async () => {
    const bed = await makeIdentities({ claims: new Set(["token"]) });
    await expect(bed.enrolment.enrol(enrolRequest(newDevice()))).rejects.toEqual(
      code("UNAUTHENTICATED"),
    );
    await expect(bed.enrolment.enrol(enrolRequest(newDevice(), "other"))).rejects.toEqual(
      code("UNAUTHENTICATED"),
    );
    const all = await Promise.allSettled(
      [1, 2, 3].map(() => bed.enrolment.enrol(enrolRequest(newDevice(), "token"))),
    );
    expect(all.filter((one) => one.status === "fulfilled")).toHaveLength(1);
    expect(bed.identities.size).toBe(1);
  });

  it("does not give a claim back when its installation is erased", async () => {
    const bed = await makeIdentities({ claims: new Set(["token"]) });
    const device = newDevice();
    await bed.enrolment.enrol(enrolRequest(device, "token"));
    await bed.identities.remove(device.installationId, bed.clock.nowMs());
    await expect(bed.enrolment.enrol(enrolRequest(newDevice(), "token"))).rejects.toEqual(
      code("UNAUTHENTICATED"),
    );
  });

  it("refuses a KEM key or a consent that the request's key did not sign", async () => {
    const bed = await makeIdentities();
    const [one, two] = [newDevice(), newDevice()];
    const [mine, theirs] = [enrolRequest(one), enrolRequest(two)];
    const swapped = [
      { ...mine, kemSpki: theirs.kemSpki },
      { ...mine, kemSignature: theirs.kemSignature },
      { ...mine, consent: { ...mine.consent, signature: theirs.consent.signature } },
      { ...mine, kemSignature: Buffer.alloc(0) },
    ];
    for (const request of swapped) {
      await expect(bed.enrolment.enrol(request)).rejects.toEqual(code("UNAUTHENTICATED"));
    }
    const lowOrder = Buffer.concat([mine.kemSpki.subarray(0, 12), Buffer.alloc(32)]);
    await expect(bed.enrolment.enrol({ ...mine, kemSpki: lowOrder })).rejects.toEqual(
      code("INVALID_ARGUMENT"),
    );
    expect(bed.identities.size).toBe(0);
  });
});

describe("renew", () => {
  it("replaces the key for whoever proves the old one, with its nonce, once", async () => {
    const bed = await makeIdentities();
    const { device } = await enrol(bed);
    const nonce = bed.enrolment.challenge();
    const { next } = await renewed(bed, device, undefined, nonce);
    expect(bed.identities.find(device.installationId)?.kemSpki).toBe(
      next.kemSpki.toString("base64"),
    );
    await expect(
      bed.enrolment.renew(renewRequest(next, newDevice(device.installationId), nonce)),
    ).rejects.toEqual(code("UNAUTHENTICATED"));
  });

  it("refuses a stranger, another's id, an unknown nonce and one that is a minute old", async () => {
    const bed = await makeIdentities();
    const { device } = await enrol(bed);
    const { device: other } = await enrol(bed);
    const attempts = [
      renewRequest(newDevice(), newDevice(device.installationId), bed.enrolment.challenge()),
      renewRequest(other, newDevice(device.installationId), bed.enrolment.challenge()),
      renewRequest(device, newDevice(), bed.enrolment.challenge()),
      renewRequest(device, newDevice(device.installationId), Buffer.alloc(32)),
    ];
    for (const request of attempts) {
      await expect(bed.enrolment.renew(request)).rejects.toEqual(code("UNAUTHENTICATED"));
    }
    const nonce = bed.enrolment.challenge();
    await bed.clock.advance(60_000);
    await expect(renewed(bed, device, undefined, nonce)).rejects.toEqual(code("UNAUTHENTICATED"));
  });

  it("refuses the old key once the new one was given, as that of a copied card", async () => {
    const bed = await makeIdentities();
    const { device } = await enrol(bed);
    await renewed(bed, device);
    await expect(renewed(bed, device)).rejects.toEqual(code("UNAUTHENTICATED"));
  });

  it("answers again for the same new key, when the answer got lost", async () => {
    const bed = await makeIdentities();
    const { device } = await enrol(bed);
    const { next } = await renewed(bed, device);
    const { answer } = await renewed(bed, device, next);
    expect(new X509Certificate(answer.chain[0] ?? Buffer.alloc(0)).checkPrivateKey(next.tls)).toBe(
      true,
    );
    // The new key is in use: the old one has no say any more.
    const known = bed.identities.find(device.installationId);
    bed.door.judge.noteUse({
      installationId: device.installationId,
      spkiSha256: known?.spkiSha256 ?? "",
      notAfterMs: known?.notAfterMs ?? 0,
    });
    await bed.identities.update(device.installationId, () => undefined);
    await expect(renewed(bed, device, next)).rejects.toEqual(code("UNAUTHENTICATED"));
  });

  it("is possible for 400 days after the end, and for a revoked one never", async () => {
    const bed = await makeIdentities();
    const { device } = await enrol(bed);
    const { device: revoked } = await enrol(bed);
    const { device: late } = await enrol(bed);
    await bed.door.revoke(revoked.installationId);
    await expect(renewed(bed, revoked)).rejects.toEqual(code("PERMISSION_DENIED"));
    await bed.rotate();
    // The issuing authority has to be good as well: the second one ends after the first.
    bed.clock.stepWall(bed.clock.nowMs() + 300 * DAY_MS);
    await bed.rotate();
    bed.clock.stepWall(bed.clock.nowMs() + 189 * DAY_MS);
    expect((await renewed(bed, device)).answer.chain).toHaveLength(2);
    bed.clock.stepWall(bed.clock.nowMs() + 2 * DAY_MS);
    await expect(renewed(bed, late)).rejects.toEqual(code("PERMISSION_DENIED"));
  });

  it("keeps certificates of the issuer before the last one good for 90 days", async () => {
    const bed = await makeIdentities();
    const { certificate } = await enrol(bed);
    await bed.rotate();
    const shown = new X509Certificate(certificate);
    expect(bed.door.judge.judge(shown).installationId).toBeDefined();
    const { certificate: newer } = await enrol(bed);
    expect(new X509Certificate(newer).issuer).not.toBe(shown.issuer);
    expect(bed.door.judge.judge(new X509Certificate(newer)).installationId).toBeDefined();
  });
});

describe("consents", () => {
  it("are kept as they were signed, once each, and taken back by a signature", async () => {
    const bed = await makeIdentities();
    const { device } = await enrol(bed);
    const id = device.installationId;
    const wider = { ...CONSENT, scopes: ["telemetry", "model_training"] as const };
    const signed = enrolRequest(device, "", wider).consent;
    await bed.door.consents.record(id, signed);
    await bed.door.consents.record(id, signed);
    expect(bed.identities.find(id)?.consents).toHaveLength(2);
    expect(bed.door.consents.present(id)?.scopes).toEqual(["telemetry", "model_training"]);
    const strange = enrolRequest(newDevice(), "", wider).consent;
    await expect(bed.door.consents.record(id, strange)).rejects.toEqual(code("UNAUTHENTICATED"));
    await expect(bed.door.consents.withdraw(id, strange.signature)).rejects.toEqual(
      code("UNAUTHENTICATED"),
    );
    expect(bed.door.consents.present(id)).toBeDefined();
    const { signStatement, withdrawalStatement } = await import("#core/enrolment/statement.js");
    const signature = signStatement(withdrawalStatement(id, signed.record), device.tls);
    await bed.door.consents.withdraw(id, signature);
    await bed.door.consents.withdraw(id, signature);
    expect(bed.door.consents.present(id)).toBeUndefined();
    expect(bed.identities.find(id)?.consents.at(-1)?.withdrawalSignature).not.toBe("");
    await bed.door.consents.record(id, signed);
    expect(bed.door.consents.present(id)?.version).toBe(1);
  });

  it("of an installation that is not enrolled are refused", async () => {
    const bed = await makeIdentities();
    const device = newDevice();
    const { consent } = enrolRequest(device);
    await expect(bed.door.consents.record(device.installationId, consent)).rejects.toEqual(
      code("UNAUTHENTICATED"),
    );
  });
});
