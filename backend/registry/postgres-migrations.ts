/**
 * The tables of PostgreSQL, as numbered steps. A step that was released is never changed: a change
 * is a new step. Every start runs the steps that are missing, one process at a time.
 *
 * Blocks are kept as the embedded store keeps them, with their checksums; states are JSON, so that
 * an operator may read them. `head` has one row, and locking it puts commits in an order.
 */

/** The steps, first to last; the number of a step is its place from 1. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    commit_number bigint NOT NULL,
    journal_from bigint NOT NULL DEFAULT 0,
    totals json NOT NULL
  );
  INSERT INTO head (commit_number, totals) VALUES (0, '{}');
  CREATE TABLE written_group (id uuid PRIMARY KEY, commit_number bigint NOT NULL);
  CREATE SEQUENCE claim_generation;
  CREATE TABLE claim (installation_id uuid PRIMARY KEY, generation bigint NOT NULL);
  CREATE TABLE installation (
    id uuid PRIMARY KEY,
    commit_number bigint NOT NULL,
    state json NOT NULL
  );
  CREATE INDEX installation_by_commit ON installation (commit_number);
  CREATE SEQUENCE rollup_column AS integer INCREMENT BY 32 MINVALUE 0 START WITH 0;
  CREATE TABLE epoch (
    installation_id uuid NOT NULL,
    epoch_id uuid NOT NULL,
    state json NOT NULL,
    PRIMARY KEY (installation_id, epoch_id)
  );
  CREATE TABLE digest (
    installation_id uuid NOT NULL,
    epoch_id uuid NOT NULL,
    place integer NOT NULL,
    sequence bigint NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (installation_id, epoch_id, place)
  );
  CREATE TABLE block (
    key bytea PRIMARY KEY,
    installation_id uuid NOT NULL,
    epoch_id uuid NOT NULL,
    sequence bigint NOT NULL,
    day integer NOT NULL,
    commit_number bigint NOT NULL,
    value bytea NOT NULL,
    UNIQUE (installation_id, epoch_id, sequence)
  );
  ALTER TABLE block ALTER COLUMN value SET STORAGE EXTERNAL;
  CREATE INDEX block_by_commit ON block (commit_number);
  CREATE INDEX block_by_day ON block (day);
  CREATE TABLE day_summary (
    installation_id uuid NOT NULL,
    day integer NOT NULL,
    device_id text NOT NULL,
    summary json NOT NULL,
    PRIMARY KEY (installation_id, day, device_id)
  );
  CREATE TABLE loss (
    installation_id uuid NOT NULL,
    number bigint NOT NULL,
    to_ms double precision NOT NULL,
    loss json NOT NULL,
    PRIMARY KEY (installation_id, number)
  );
  CREATE TABLE dead_letter (
    installation_id uuid NOT NULL,
    epoch_id uuid NOT NULL,
    sequence bigint NOT NULL,
    received_at_ms double precision NOT NULL,
    from_ms double precision NOT NULL,
    letter json NOT NULL,
    block bytea NOT NULL,
    PRIMARY KEY (installation_id, epoch_id, sequence)
  );
  CREATE INDEX dead_letter_by_time ON dead_letter (received_at_ms);
  CREATE TABLE channel_table (id bytea PRIMARY KEY, channels json NOT NULL);
  CREATE TABLE record (name text PRIMARY KEY, bytes bytea NOT NULL);
  CREATE TABLE identity (installation_id uuid PRIMARY KEY, identity json NOT NULL);
  CREATE TABLE used_claim (claim_sha256 text PRIMARY KEY, by_whom uuid);
  CREATE TABLE kept_proof (erased_at_ms double precision NOT NULL, proof json NOT NULL);
  CREATE TABLE tombstone (hmac bytea PRIMARY KEY);
  CREATE TABLE secret (name text PRIMARY KEY, bytes bytea NOT NULL);
  `,
  // How much an erasure removed, for whoever asks again; NULL: it is not through.
  `
  ALTER TABLE tombstone ADD COLUMN removal json;
  `,
  // Folders that several processes use, each with the text of its mark.
  `
  CREATE TABLE shared_folder (name text PRIMARY KEY, mark text NOT NULL);
  `,
];
