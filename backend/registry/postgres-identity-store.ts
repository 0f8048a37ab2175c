/**
 * Identities on PostgreSQL, for a backend of several processes. A claim token is used up by one
 * installation, whichever process it asks: the table says so.
 */
import type { Identity, IdentityStore, KeptProof } from "./identity.js";
import type { PostgresDatabase } from "./postgres-database.js";

/** Identities that other processes may change. */
export interface SharedIdentityStore extends IdentityStore {
  find(installationId: string): Promise<Identity | undefined>;
  /** Has a claim count as used, by nobody who is named. */
  useClaim(claimSha256: string): Promise<void>;
}

/** @param database with its tables */
export function openPostgresIdentityStore(database: PostgresDatabase): SharedIdentityStore {
  return {
    async all() {
      const rows = await database.query<{ identity: Identity }>("SELECT identity FROM identity");
      return rows.map((row) => row.identity);
    },
    async find(id) {
      const [row] = await database.query<{ identity: Identity }>(
        "SELECT identity FROM identity WHERE installation_id = $1",
        [id],
      );
      return row?.identity;
    },
    async put(identity) {
      const { installationId, claimSha256 } = identity;
      await database.transaction(async ({ query }) => {
        await query(
          `INSERT INTO identity VALUES ($1, $2) ON CONFLICT (installation_id)
           DO UPDATE SET identity = excluded.identity`,
          [installationId, JSON.stringify(identity)],
        );
        if (claimSha256 === "") return;
        // Fails where another installation has used it: then the identity is not written either.
        await query(
          `INSERT INTO used_claim SELECT $1, $2
           WHERE NOT EXISTS (SELECT 1 FROM used_claim WHERE claim_sha256 = $1 AND by_whom = $2)`,
          [claimSha256, installationId],
        );
      });
    },
    async remove({ installationId, claimSha256 }, kept) {
      await database.transaction(async ({ query }) => {
        await query("DELETE FROM identity WHERE installation_id = $1", [installationId]);
        // The claim stays used, and names nobody any more.
        await query("UPDATE used_claim SET by_whom = NULL WHERE claim_sha256 = $1", [claimSha256]);
        if (kept.consents.length === 0) return;
        await query("INSERT INTO kept_proof VALUES ($1, $2) ", [
          kept.erasedAtMs,
          JSON.stringify(kept),
        ]);
      });
    },
    async useClaim(claimSha256) {
      await database.query("INSERT INTO used_claim VALUES ($1, NULL) ON CONFLICT DO NOTHING", [
        claimSha256,
      ]);
    },
    async usedClaims() {
      const rows = await database.query<{ claim: string }>(
        "SELECT claim_sha256 AS claim FROM used_claim WHERE by_whom IS NULL",
      );
      return rows.map((row) => row.claim);
    },
    async prune(beforeMs) {
      const gone = await database.query<{ proof: KeptProof }>(
        "DELETE FROM kept_proof WHERE erased_at_ms < $1 RETURNING proof",
        [beforeMs],
      );
      return gone.length;
    },
  };
}
