/** Identities on a real PostgreSQL: known to every process, and a claim is used once. */
import { describe, expect, it } from "vitest";
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
    await expect(second.put(other)).rejects.toMatchObject({ code: "STORE_FAILED" });
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
});
