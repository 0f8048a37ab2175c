/** Identities on a real PostgreSQL: known to every process, and a claim is used once. */
import { describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import { createIdentities } from "../../../backend/registry/create-identities.js";
import type { IdentityStore } from "../../../backend/registry/identity.js";
import { openPostgresIdentityStore } from "../../../backend/registry/postgres-identity-store.js";
import {
  identityStoreContract,
  makeIdentityState,
  ONE,
} from "../../contract/identity-store-contract.js";
import { isPeerMissing } from "../../support/peer.js";
import { installationId } from "../../support/pool-bed.js";
import { withPostgres } from "../../support/postgres-bed.js";

describe.skipIf(isPeerMissing("postgresql"))("on a real PostgreSQL", () => {
  const bed = withPostgres();
  const urls = new Map<IdentityStore, string>();
  const openOn = async (url: string) => {
    const store = openPostgresIdentityStore(await bed.open(url));
    urls.set(store, url);
    return store;
  };
  identityStoreContract(
    "PostgreSQL identity store",
    async () => openOn(await bed.newUrl()),
    (old) => openOn(urls.get(old) ?? ""),
  );

  it("gives a claim to one installation, whichever process is asked", async () => {
    const url = await bed.newUrl();
    const [first, second] = [await openOn(url), await openOn(url)];
    const claimSha256 = "d".repeat(64);
    await first.put(makeIdentityState(ONE, { claimSha256 }));
    await first.put(makeIdentityState(ONE, { claimSha256, revokedAtMs: 1 }));
    const other = makeIdentityState(installationId(2), { claimSha256 });
    await expect(second.put(other)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    expect(await first.all()).toHaveLength(1);
    await second.useClaim("e".repeat(64));
    expect(await first.usedClaims()).toEqual(["e".repeat(64)]);
  });

  it("changes what another process wrote, not what this one remembers", async () => {
    const url = await bed.newUrl();
    const [first, second] = [
      await createIdentities(await openOn(url), 0),
      await createIdentities(await openOn(url), 0),
    ];
    await first.update(ONE, () => makeIdentityState(ONE));
    expect(second.find(ONE)).toBeUndefined();
    await second.update(ONE, (present) => present && { ...present, revokedAtMs: 7 });
    expect(second.find(ONE)).toMatchObject({ revokedAtMs: 7, serial: "40AA" });
    await first.reload();
    expect(first.find(ONE)).toMatchObject({ revokedAtMs: 7 });
    await first.remove(ONE, 9);
    await second.reload(ONE);
    expect(second.find(ONE)).toBeUndefined();
  });

  describe("between two processes that act at the same moment", () => {
    const ROUNDS = 12;
    /** The identities of two processes on one database. */
    const openTwo = async (isErased?: (id: string) => Promise<boolean>) => {
      const url = await bed.newUrl();
      const open = async () => {
        const database = await bed.open(url);
        const store = openPostgresIdentityStore(database, isErased);
        return { database, store, identities: await createIdentities(store, 0) };
      };
      return { one: await open(), two: await open() };
    };
    const outcomes = async (all: readonly Promise<unknown>[]) =>
      (await Promise.allSettled(all)).map((one) =>
        one.status === "fulfilled" ? "done" : (one.reason as HeatpoolError).code,
      );

    it("gives a claim to exactly one of two installations, and tells the other why not", async () => {
      const { one, two } = await openTwo();
      for (let round = 0; round < ROUNDS; round++) {
        const claimSha256 = round.toString(16).padStart(64, "0");
        const ids = [installationId(2 * round), installationId(2 * round + 1)] as const;
        const enrol = (at: typeof one, id: string) =>
          at.identities.update(id, () => makeIdentityState(id, { claimSha256 }));
        const found = await outcomes([enrol(one, ids[0]), enrol(two, ids[1])]);
        expect(new Set(found)).toEqual(new Set(["done", "UNAUTHENTICATED"]));
      }
      expect(await one.store.all()).toHaveLength(ROUNDS);
    });

    it("gives an id to exactly one of two keys", async () => {
      const { one, two } = await openTwo();
      const taken = new HeatpoolError("PERMISSION_DENIED", "taken");
      for (let round = 0; round < ROUNDS; round++) {
        const id = installationId(round);
        const enrol = (at: typeof one, spkiSha256: string) =>
          at.identities.update(id, (present) => {
            if (present !== undefined) throw taken;
            return makeIdentityState(id, { spkiSha256 });
          });
        const found = await outcomes([enrol(one, "1".repeat(64)), enrol(two, "2".repeat(64))]);
        expect(new Set(found)).toEqual(new Set(["done", "PERMISSION_DENIED"]));
        const winner = found[0] === "done" ? "1" : "2";
        expect(await one.store.find(id)).toMatchObject({ spkiSha256: winner.repeat(64) });
      }
    });

    it("takes an installation back for good, also while it renews or withdraws elsewhere", async () => {
      const { one, two } = await openTwo();
      for (let round = 0; round < ROUNDS; round++) {
        const id = installationId(round);
        await one.identities.update(id, () => makeIdentityState(id));
        const revoke = one.identities.update(id, (present) => {
          return present && { ...present, revokedAtMs: 7 };
        });
        const renew = two.identities.update(id, (present) =>
          present === undefined || present.revokedAtMs > 0
            ? undefined
            : { ...present, serial: "40BB", spkiSha256: "3".repeat(64) },
        );
        await Promise.all([revoke, renew]);
        expect(await one.store.find(id)).toMatchObject({ revokedAtMs: 7 });
      }
    });

    it("says one time when two take an installation back, and keeps one consent of two alike", async () => {
      const { one, two } = await openTwo();
      const [proof] = makeIdentityState(ONE).consents;
      for (let round = 0; round < ROUNDS; round++) {
        const id = installationId(round);
        await one.identities.update(id, () => makeIdentityState(id, { consents: [] }));
        const act = (at: typeof one, revokedAtMs: number) => [
          at.identities.update(id, (present) =>
            present === undefined || proof === undefined || present.consents.length > 0
              ? undefined
              : { ...present, consents: [proof] },
          ),
          at.identities.update(id, (present) =>
            present === undefined || present.revokedAtMs > 0
              ? undefined
              : { ...present, revokedAtMs },
          ),
        ];
        const done = await Promise.all([...act(one, 7), ...act(two, 8)]);
        const times = [done[1]?.revokedAtMs, done[3]?.revokedAtMs];
        const kept = await one.store.find(id);
        expect(times).toEqual([kept?.revokedAtMs, kept?.revokedAtMs]);
        expect(kept?.consents).toHaveLength(1);
      }
    });

    it("does not bring an erased installation back by a change that was under way", async () => {
      const erased = new Set<string>();
      const { one, two } = await openTwo(async (id) => erased.has(id));
      for (let round = 0; round < ROUNDS; round++) {
        const id = installationId(round);
        await one.identities.update(id, () => makeIdentityState(id));
        erased.add(id);
        const found = await outcomes([
          one.identities.remove(id, 9),
          two.identities.update(id, (present) => present && { ...present, cloneSuspectedAtMs: 7 }),
          two.identities.update(id, (present) => present ?? makeIdentityState(id)),
          two.identities.remove(id, 9),
        ]);
        expect(found[0]).toBe("done");
        expect(await one.store.find(id)).toBeUndefined();
        expect(two.identities.find(id)).toBeUndefined();
      }
      // A proof for each, once.
      expect(await one.store.prune(10)).toBe(ROUNDS);
    });
  });
});
