/** What every store of identities keeps. */
import { describe, expect, it } from "vitest";
import type { Identity, IdentityStore } from "../../backend/registry/identity.js";
import { CONSENT } from "../support/identity-bed.js";

export function makeIdentityState(
  installationId: string,
  changes: Partial<Identity> = {},
): Identity {
  return {
    installationId,
    spki: "c3BraQ==",
    spkiSha256: "a".repeat(64),
    previousSpki: "",
    kemSpki: "a2Vt",
    kid: "b".repeat(64),
    serial: "40AA",
    notAfterMs: 2_000,
    enrolledAtMs: 1_000,
    renewedAtMs: 1_000,
    firstUsedAtMs: 0,
    revokedAtMs: 0,
    cloneSuspectedAtMs: 0,
    recoveryHmac: "c".repeat(64),
    claimSha256: "",
    consents: [
      {
        record: CONSENT,
        signature: "c2ln",
        spki: "c3BraQ==",
        receivedAtMs: 1_000,
        withdrawnAtMs: 0,
        withdrawalSignature: "",
      },
    ],
    ...changes,
  };
}

export const ONE = "550e8400-e29b-41d4-a716-446655440000";
const TWO = "6ba7b810-9dad-41d1-80b4-00c04fd430c8";

/** Runs the promise against what `open` opens. `reopen` restarts on the same storage. */
export function identityStoreContract(
  name: string,
  open: () => Promise<IdentityStore>,
  reopen?: (old: IdentityStore) => Promise<IdentityStore>,
): void {
  const again = reopen ?? (async (old: IdentityStore) => old);
  const byId = async (store: IdentityStore) =>
    [...(await store.all())].sort((a, b) => (a.installationId < b.installationId ? -1 : 1));

  describe(`${name} keeps the promise of identities`, () => {
    it("gives back what was put, the newest of each", async () => {
      const store = await open();
      await store.put(makeIdentityState(TWO));
      await store.put(makeIdentityState(ONE));
      await store.put(makeIdentityState(ONE, { revokedAtMs: 7 }));
      expect(await byId(await again(store))).toEqual([
        makeIdentityState(ONE, { revokedAtMs: 7 }),
        makeIdentityState(TWO),
      ]);
    });

    it("forgets an identity, and keeps the claim that it used up", async () => {
      const store = await open();
      const claimSha256 = "d".repeat(64);
      const identity = makeIdentityState(ONE, { claimSha256 });
      await store.put(identity);
      const { spkiSha256, consents } = identity;
      await store.remove(identity, { erasedAtMs: 5_000, spkiSha256, consents });
      const after = await again(store);
      expect(await after.all()).toEqual([]);
      expect(await after.usedClaims()).toEqual([claimSha256]);
    });

    it("keeps the proof of consent until it is told that it is old enough", async () => {
      const store = await open();
      const identity = makeIdentityState(ONE);
      await store.put(identity);
      const { spkiSha256, consents } = identity;
      await store.remove(identity, { erasedAtMs: 5_000, spkiSha256, consents });
      const after = await again(store);
      expect(await after.prune(5_000)).toBe(0);
      expect(await after.prune(5_001)).toBe(1);
      expect(await after.prune(5_001)).toBe(0);
    });
  });
}
