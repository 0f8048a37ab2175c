/** Identities in memory over a durable store: memory never knows more than the disk. */
import type { Identities, Identity, IdentityStore } from "./identity.js";
import type { SharedIdentityStore } from "./postgres-identity-store.js";

/** Proof of consent is kept for three years. */
const PROOF_KEPT_MS = 3 * 365 * 86_400_000;

/** Identities, and the hand that has them read what other processes wrote. */
export interface KeptIdentities extends Identities {
  /** One of them, or all. */
  reload(installationId?: string): Promise<void>;
}

/** @param onChange told of every change that is durable */
export async function createIdentities(
  store: IdentityStore & Partial<Pick<SharedIdentityStore, "find" | "change">>,
  nowMs: number,
  onChange: (installationId: string) => void = () => undefined,
): Promise<KeptIdentities> {
  await store.prune(nowMs - PROOF_KEPT_MS);
  const byId = new Map<string, Identity>();
  const claims = new Set(await store.usedClaims());
  const take = (identity: Identity): void => {
    byId.set(identity.installationId, identity);
    if (identity.claimSha256 !== "") claims.add(identity.claimSha256);
  };
  for (const identity of await store.all()) take(identity);
  let sorted: string[] | undefined;
  const remember = (id: string, identity: Identity | undefined): void => {
    sorted = undefined;
    if (identity === undefined) byId.delete(id);
    else take(identity);
  };
  let working: Promise<unknown> = Promise.resolve();

  /** One after the other, so that two calls never both find an id or a claim free. */
  const exclusively = <T>(work: () => Promise<T>): Promise<T> => {
    const done = working.then(work);
    working = done.catch(() => undefined);
    return done;
  };
  const changeOne =
    store.change ??
    (async (id: string, change: (present: Identity | undefined) => Identity | undefined) => {
      const present = byId.get(id);
      const changed = change(present);
      if (changed !== undefined) await store.put(changed);
      return { present, changed };
    });

  return {
    find: (id) => byId.get(id),
    ids() {
      sorted ??= [...byId.keys()].sort(byCodePoint);
      return sorted;
    },
    get size() {
      return byId.size;
    },
    reload: (id) =>
      exclusively(async () => {
        if (id !== undefined && store.find !== undefined) {
          remember(id, await store.find(id));
          return;
        }
        for (const claim of await store.usedClaims()) claims.add(claim);
        const all = await store.all();
        byId.clear();
        sorted = undefined;
        for (const identity of all) take(identity);
      }),
    isClaimUsed: (claim) => claims.has(claim),
    update: (id, change) =>
      exclusively(async () => {
        // Where others write too, what is remembered may be old.
        const { present, changed } = await changeOne(id, change);
        remember(id, changed ?? present);
        if (changed === undefined) return present;
        onChange(id);
        return changed;
      }),
    remove: (id, nowMs) =>
      exclusively(async () => {
        const identity = store.find === undefined ? byId.get(id) : await store.find(id);
        if (identity !== undefined) {
          const { spkiSha256, consents } = identity;
          await store.remove(identity, { erasedAtMs: nowMs, spkiSha256, consents });
        }
        // Where another process was first, this one may not have heard of it yet.
        const wasKnown = byId.has(id);
        remember(id, undefined);
        if (identity !== undefined || wasKnown) onChange(id);
      }),
  };
}

/** Ids are lower-case ASCII; this is the order of the stores, too. */
function byCodePoint(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
