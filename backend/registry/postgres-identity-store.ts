/**
 * Identities on PostgreSQL, for a backend of several processes. A claim token is used up by one
 * installation, whichever process it asks: the table says so.
 *
 * What is decided on what was read is written before anybody else reads it: two processes never
 * both find an id free, and neither takes back what the other wrote, such as a revocation.
 */
import { HeatpoolError } from "#core/errors.js";
import type { Identity, IdentityStore, KeptProof } from "./identity.js";
import type { PostgresDatabase, Queryable } from "./postgres-database.js";

/** What became of a change. */
export interface IdentityChange {
  readonly present: Identity | undefined;
  /** `undefined`: it was left as it is. */
  readonly changed: Identity | undefined;
}

/** Identities that other processes may change. */
export interface SharedIdentityStore extends IdentityStore {
  find(installationId: string): Promise<Identity | undefined>;
  /**
   * Reads and writes one identity, with nobody between, in any process.
   *
   * @throws what `change` throws · HeatpoolError `UNAUTHENTICATED` another installation has used the
   *   claim · `PERMISSION_DENIED` the id was erased · `STORE_FAILED`
   */
  change(
    installationId: string,
    change: (present: Identity | undefined) => Identity | undefined,
  ): Promise<IdentityChange>;
  /** Has a claim count as used, by nobody who is named. */
  useClaim(claimSha256: string): Promise<void>;
}

/** Of the advisory locks of single installations; any number that nobody else uses. */
const IDENTITY_LOCK = 5_714_003;

/**
 * @param database with its tables
 * @param isErased asks for a tombstone, which another process may have set a moment ago
 */
export function openPostgresIdentityStore(
  database: PostgresDatabase,
  isErased: (installationId: string) => Promise<boolean> = async () => false,
): SharedIdentityStore {
  const alone = <T>(id: string, work: (within: Queryable) => Promise<T>): Promise<T> =>
    database.transaction(async (within) => {
      // A row cannot be locked before it is there, so the id is.
      await within.query("SELECT pg_advisory_xact_lock($1, hashtext($2))", [IDENTITY_LOCK, id]);
      return await work(within);
    });
  return {
    async all() {
      const rows = await database.query<{ identity: Identity }>("SELECT identity FROM identity");
      return rows.map((row) => row.identity);
    },
    find: (id) => findIdentity(database, id),
    put: (identity) => alone(identity.installationId, (within) => writeIdentity(within, identity)),
    change: (id, change) =>
      alone(id, async (within) => {
        const present = await findIdentity(within, id);
        const changed = change(present);
        if (changed === undefined) return { present, changed };
        if (present === undefined && (await isErased(id))) {
          throw new HeatpoolError("PERMISSION_DENIED", "this installation id cannot be enrolled", {
            hint: "Its data were erased.",
          });
        }
        await writeIdentity(within, changed);
        return { present, changed };
      }),
    remove: ({ installationId }, kept) =>
      alone(installationId, async ({ query }) => {
        const [gone] = await query<{ identity: Identity }>(
          "DELETE FROM identity WHERE installation_id = $1 RETURNING identity",
          [installationId],
        );
        // Another process was first, and has kept the proof.
        if (gone === undefined) return;
        const { claimSha256, spkiSha256, consents } = gone.identity;
        // The claim stays used, and names nobody any more.
        await query("UPDATE used_claim SET by_whom = NULL WHERE claim_sha256 = $1", [claimSha256]);
        if (consents.length === 0) return;
        const proof: KeptProof = { ...kept, spkiSha256, consents };
        await query("INSERT INTO kept_proof VALUES ($1, $2) ", [
          kept.erasedAtMs,
          JSON.stringify(proof),
        ]);
      }),
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

async function findIdentity({ query }: Queryable, id: string): Promise<Identity | undefined> {
  const [row] = await query<{ identity: Identity }>(
    "SELECT identity FROM identity WHERE installation_id = $1",
    [id],
  );
  return row?.identity;
}

async function writeIdentity({ query }: Queryable, identity: Identity): Promise<void> {
  const { installationId, claimSha256 } = identity;
  await query(
    `INSERT INTO identity VALUES ($1, $2) ON CONFLICT (installation_id)
     DO UPDATE SET identity = excluded.identity`,
    [installationId, JSON.stringify(identity)],
  );
  if (claimSha256 === "") return;
  // Waits for whoever is using the same claim, and then lets it be.
  await query("INSERT INTO used_claim VALUES ($1, $2) ON CONFLICT DO NOTHING", [
    claimSha256,
    installationId,
  ]);
  const ours = await query("SELECT 1 FROM used_claim WHERE claim_sha256 = $1 AND by_whom = $2", [
    claimSha256,
    installationId,
  ]);
  // The identity is not written then, either.
  if (ours.length === 0) {
    throw new HeatpoolError("UNAUTHENTICATED", "the claim token was used by another installation");
  }
}
