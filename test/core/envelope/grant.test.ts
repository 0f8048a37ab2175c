/**
 * Grants: whoever may open a model, and until when. Every altered grant must stop at the step that
 * the contract names, and nothing of a file may be opened with it.
 */
import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  type DirectorSigner,
  describeDirectorKey,
  preAuthentication,
} from "#core/envelope/dsse.js";
import {
  decodeGrant,
  GRANT_TYPE,
  type Grant,
  grantContext,
  NO_NONCE,
} from "#core/envelope/grant.js";
import { checkGrant } from "#core/envelope/grant-check.js";
import { type GrantToSeal, openGrant, sealGrant } from "#core/envelope/grant-seal.js";
import { createX25519Pair, kidOf } from "#core/envelope/key-agreement.js";
import { toPublicDer, toRawPublic } from "#core/envelope/key-form.js";
import { signEd25519 } from "#core/envelope/signature.js";
import { createChance } from "../../support/chance.js";
import {
  cek,
  device,
  expectedOf,
  grantVectors,
  openPushed,
  plainOf,
  sealPlain,
  vectorState,
} from "../../support/model-file.js";

const chance = createChance(7);
const livePush = grantVectors.cases[0]?.envelope ?? "";

describe("grant vectors", () => {
  it.each(grantVectors.cases)("$name: $expect", async ({ expect: verdict, failsAt, envelope }) => {
    const opened = await openPushed(envelope);
    if (verdict === "accept") expect(opened).toEqual({ plain: plainOf(37) });
    else expect(opened).toMatchObject({ step: failsAt });
  });

  it("binds the sealed key to the same bytes, and signs the same bytes", async () => {
    const { infoHex, aadHex, cekHex, paeHex } = grantVectors.expectedIntermediate;
    const payload = Buffer.from((JSON.parse(livePush) as { payload: string }).payload, "base64");
    const grant = decodeGrant(payload) as Grant;
    const { info, aad } = grantContext(grant);
    expect([info.toString("hex"), aad.toString("hex")]).toEqual([infoHex, aadHex]);
    expect(preAuthentication(GRANT_TYPE, payload).toString("hex")).toBe(paeHex);
    expect((await openGrant(grant, device))?.toString("hex")).toBe(cekHex);
  });

  it("says when a newer catalogue may change the verdict", () => {
    const newer = grantVectors.cases.find(({ name }) => name === "catalogue-newer-than-known");
    expect(checkGrant(newer?.envelope ?? "", vectorState())).toMatchObject({
      isCatalogueOld: true,
    });
    const unknown = grantVectors.cases.find(({ name }) => name === "unknown-target");
    expect(checkGrant(unknown?.envelope ?? "", vectorState())).not.toHaveProperty("isCatalogueOld");
  });
});

const director = generateKeyPairSync("ed25519");
const { keyId, key } = describeDirectorKey(director.publicKey);
const sign: DirectorSigner = async (bytes) => ({
  keyId,
  signature: signEd25519(director.privateKey, bytes),
});
const kemSpki = toPublicDer("x25519", toRawPublic(device.publicKey));
const { state } = grantVectors;
const said: GrantToSeal = {
  installationId: state.installationId,
  targetPath: "aero-slm/7/model.enc",
  encSha256: expectedOf(sealPlain(plainOf(37)), plainOf(37)).sha256,
  encLen: 209,
  release: 7,
  catalogueVersion: 12,
  issuedAt: state.now,
  notAfter: state.now + 45 * 86_400,
  seq: 42,
  helloNonce: NO_NONCE,
  kemSpki,
  cek,
};
const ours = (change = {}) => vectorState({ directorKeys: { [keyId]: key }, ...change });
const make = async (change: Partial<GrantToSeal> = {}) =>
  (await sealGrant({ ...said, ...change }, sign, createX25519Pair(chance(32)))) ?? "";

describe("a grant of ours", () => {
  it("opens for the device it was made for", async () => {
    expect(kidOf(kemSpki)).toBe(grantVectors.device.kid);
    expect(await openPushed(await make(), ours())).toEqual({ plain: plainOf(37) });
  });

  it("has about a kilobyte", async () => {
    expect((await make()).length).toBeLessThan(1_100);
  });

  it("does not open for another device, even one that takes its id and the key's name", async () => {
    const other = createX25519Pair(chance(32));
    const otherSpki = toPublicDer("x25519", toRawPublic(other.publicKey));
    const verdict = checkGrant(await make({ kemSpki: otherSpki }), ours({ kid: kidOf(otherSpki) }));
    if ("step" in verdict) throw new Error(verdict.reason);
    expect(await openGrant(verdict.grant, device)).toBeUndefined();
    expect(await openGrant(verdict.grant, other)).toEqual(cek);
  });

  it("is not made for a key that everybody can open", async () => {
    const zero = toPublicDer("x25519", Buffer.alloc(32));
    expect(await sealGrant({ ...said, kemSpki: zero }, sign, device)).toBeUndefined();
    expect(await sealGrant({ ...said, kemSpki: Buffer.alloc(44) }, sign, device)).toBeUndefined();
  });

  it("is refused at each edge of its time", async () => {
    const { notAfter } = said;
    const at = async (now: number, change = {}) => checkGrant(await make(change), ours({ now }));
    expect(await at(notAfter - 1)).not.toHaveProperty("step");
    expect(await at(notAfter)).toMatchObject({ step: "validity" });
    expect(await at(said.issuedAt - 300)).not.toHaveProperty("step");
    expect(await at(said.issuedAt - 301)).toMatchObject({ step: "validity" });
    const long = { notAfter: state.now + 90 * 86_400 };
    expect(await at(state.now, long)).not.toHaveProperty("step");
    expect(await at(state.now - 1, long)).toMatchObject({ step: "validity" });
  });

  it("lives through the years 2038 and 2106", async () => {
    for (const now of [2 ** 31 + 5, 2 ** 32 + 5]) {
      const envelope = await make({ issuedAt: now, notAfter: now + 45 * 86_400 });
      expect(await openPushed(envelope, ours({ now }))).toEqual({ plain: plainOf(37) });
      expect(checkGrant(envelope, ours({ now: now + 46 * 86_400 }))).toMatchObject({
        step: "validity",
      });
    }
  });

  it("wants the version that the target names, number by number", async () => {
    const envelope = await make();
    const needs = (minDaemon: string, daemonVersion: string) => {
      const target = vectorState().findTarget(said.targetPath);
      if (target === undefined) throw new Error("the vectors have this target");
      const findTarget = () => ({ ...target, minDaemon });
      return "step" in checkGrant(envelope, ours({ daemonVersion, findTarget }));
    };
    expect(needs("1.10.0", "1.9.9")).toBe(true);
    expect(needs("1.10.0", "1.10.0")).toBe(false);
    expect(needs("1.10.0", "2.0.0-beta.1")).toBe(false);
    expect(needs("1.10", "2.0.0")).toBe(true);
    expect(needs("1.10.0", "unknown")).toBe(true);
  });

  it("is refused when one bit of it is changed, whichever", async () => {
    const envelope = Buffer.from(await make());
    for (let bit = 0; bit < envelope.length * 8; bit++) {
      const changed = Buffer.from(envelope);
      changed.writeUInt8((changed[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3);
      expect(checkGrant(changed.toString("latin1"), ours()), `bit ${bit}`).toHaveProperty("step");
    }
  });
});
