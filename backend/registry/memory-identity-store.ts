/** Identities that live as long as the process: for tests. */
import type { Identity, IdentityStore, KeptProof } from "./identity.js";

export function createMemoryIdentityStore(): IdentityStore {
  const identities = new Map<string, Identity>();
  const claims: string[] = [];
  let proofs: KeptProof[] = [];
  return {
    all: async () => [...identities.values()],
    async put(identity) {
      identities.set(identity.installationId, identity);
    },
    async remove({ installationId, claimSha256 }, kept) {
      identities.delete(installationId);
      if (claimSha256 !== "") claims.push(claimSha256);
      if (kept.consents.length > 0) proofs.push(kept);
    },
    usedClaims: async () => [...claims],
    async prune(beforeMs) {
      const before = proofs.length;
      proofs = proofs.filter(({ erasedAtMs }) => erasedAtMs >= beforeMs);
      return before - proofs.length;
    },
  };
}
