/** Identities in memory over a durable store: memory never knows more than the disk. */
import type { Identities, Identity, IdentityStore } from "./identity.js";

/** Proof of consent is kept for three years. */
const PROOF_KEPT_MS = 3 * 365 * 86_400_000;

/** @param onChange told of every change that is durable */
export async function createIdentities(
  store: IdentityStore,
  nowMs: number,
  onChange: (installationId: string) => void = () => undefined,
): Promise<Identities> {
  await store.prune(nowMs - PROOF_KEPT_MS);
  const byId = new Map<string, Identity>();
  const claims = new Set(await store.usedClaims());
  const take = (identity: Identity): void => {
    byId.set(identity.installationId, identity);
    if (identity.claimSha256 !== "") claims.add(identity.claimSha256);
  };
  for (const identity of await store.all()) take(identity);
  let sorted: string[] | undefined;
  let working: Promise<unknown> = Promise.resolve();

  /** One after the other, so that two calls never both find an id or a claim free. */
  const exclusively = <T>(work: () => Promise<T>): Promise<T> => {
    const done = working.then(work);
    working = done.catch(() => undefined);
    return done;
  };

  return {
    find: (id) => byId.get(id),
    ids() {
      sorted ??= [...byId.keys()].sort(byCodePoint);
      return sorted;
    },
    get size() {
      return byId.size;
    },
    isClaimUsed: (claim) => claims.has(claim),
    update: (id, change) =>
      exclusively(async () => {
        const changed = change(byId.get(id));
        if (changed === undefined) return byId.get(id);
        await store.put(changed);
        take(changed);
        sorted = undefined;
        onChange(id);
        return changed;
      }),
    remove: (id, nowMs) =>
      exclusively(async () => {
        const identity = byId.get(id);
        if (identity === undefined) return;
        const { spkiSha256, consents } = identity;
        await store.remove(identity, { erasedAtMs: nowMs, spkiSha256, consents });
        byId.delete(id);
        sorted = undefined;
        onChange(id);
      }),
  };
}

/** Ids are lower-case ASCII; this is the order of the stores, too. */
function byCodePoint(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
