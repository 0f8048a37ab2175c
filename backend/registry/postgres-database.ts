/**
 * The connection to PostgreSQL: a pool that survives restarts of the server, transactions, and the
 * check at the start that the server can keep what it is given.
 *
 * A commit that returned is on the server's disk: `synchronous_commit` is on for every session, a
 * server without `fsync` and one that only reads are refused.
 */
import pg from "pg";
import { HeatpoolError } from "#core/errors.js";
import { MIGRATIONS } from "./postgres-migrations.js";

/** Asks the database. */
export interface Queryable {
  /** @throws HeatpoolError `STORE_FAILED` */
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** A connection for one use. */
export interface PostgresSession extends Queryable {
  /** Fires when the connection is gone, whoever ended it. */
  readonly gone: AbortSignal;
  onNotice(listener: (channel: string, payload: string) => void): void;
  end(): Promise<void>;
}

/** The database. */
export interface PostgresDatabase extends Queryable {
  /** All or nothing, durable when it resolves. @throws HeatpoolError `STORE_FAILED`, or what `work` threw */
  transaction<T>(work: (within: Queryable) => Promise<T>): Promise<T>;
  connect(): Promise<PostgresSession>;
  close(): Promise<void>;
}

/** Connections of one process. */
const CONNECTIONS_MAX = 8;
const CONNECT_MAX_MS = 5_000;
/** A server that says nothing for so long is not there; a night's work takes less. */
const STATEMENT_MAX_MS = 120_000;
/** Oldest release that is still maintained and tried: `server_version_num`. */
const VERSION_MIN = 130_000;
/** Of the advisory lock under which migrations run; any number that nobody else uses. */
const MIGRATION_LOCK = 5_714_001;

/** @param url `postgresql://user:password@host:port/database` */
export async function openPostgres(options: { url: string }): Promise<PostgresDatabase> {
  const settings = {
    connectionString: options.url,
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_MAX_MS,
    statement_timeout: STATEMENT_MAX_MS,
    application_name: "heatpool-backend",
    options: "-c synchronous_commit=on -c default_transaction_isolation=read\\ committed",
  };
  const pool = new pg.Pool(settings);
  // An idle connection that the server ends is replaced by the next query.
  pool.on("error", () => undefined);
  const database: PostgresDatabase = {
    query: (text, values) => ask(pool, text, values),
    async transaction(work) {
      const client = await pool.connect().catch((cause: unknown) => {
        throw toPostgresError(cause);
      });
      return await inTransaction(client, work);
    },
    connect: () => openSession(new pg.Client(settings)),
    close: () => pool.end(),
  };
  try {
    await demandKeeper(database);
    await migrate(database);
  } catch (cause) {
    await pool.end();
    throw cause;
  }
  return database;
}

async function inTransaction<T>(
  client: pg.PoolClient,
  work: (within: Queryable) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  const onError = (): void => lost.abort();
  client.on("error", onError);
  try {
    await ask(client, "BEGIN");
    const result = await work({ query: (text, values) => ask(client, text, values) });
    await ask(client, "COMMIT");
    client.off("error", onError);
    client.release();
    return result;
  } catch (cause) {
    const isUsable = await client.query("ROLLBACK").then(
      () => !lost.signal.aborted,
      () => false,
    );
    client.off("error", onError);
    client.release(!isUsable);
    throw cause;
  }
}

/** Names of statements, so that each connection plans each of them once. */
const names = new Map<string, string>();

async function ask<Row extends object>(
  client: pg.Pool | pg.ClientBase,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  try {
    if (values.length === 0) return (await client.query<Row>(text)).rows;
    const name = names.get(text) ?? `s${names.size}`;
    names.set(text, name);
    return (await client.query<Row>({ name, text, values: [...values] })).rows;
  } catch (cause) {
    throw toPostgresError(cause);
  }
}

async function openSession(client: pg.Client): Promise<PostgresSession> {
  const gone = new AbortController();
  client.on("error", () => gone.abort());
  client.on("end", () => gone.abort());
  await client.connect().catch((cause: unknown) => {
    throw toPostgresError(cause);
  });
  return {
    gone: gone.signal,
    query: (text, values) => ask(client, text, values),
    onNotice: (listener) => {
      client.on("notification", ({ channel, payload = "" }) => listener(channel, payload));
    },
    end: () => client.end().catch(() => undefined),
  };
}

/** What the library says, in our words. */
export function toPostgresError(cause: unknown): HeatpoolError {
  if (cause instanceof HeatpoolError) return cause;
  const inner = cause instanceof AggregateError ? cause.errors[0] : cause;
  const text = inner instanceof Error ? inner.message : String(inner);
  const code = (inner as { code?: unknown } | undefined)?.code;
  const known = typeof code === "string" ? ` (${code})` : "";
  return new HeatpoolError("STORE_FAILED", `postgresql: ${text}${known}`, {
    cause,
    hint: "Look at the PostgreSQL server and at registry.postgresql; nothing was acknowledged.",
  });
}

/** @throws HeatpoolError `CONFIG_INVALID` the server could not keep what it is given */
async function demandKeeper(database: Queryable): Promise<void> {
  const [found] = await database.query<Record<"version" | "fsync" | "read_only", string>>(
    `SELECT current_setting('server_version_num') AS version, current_setting('fsync') AS fsync,
       current_setting('transaction_read_only') AS read_only`,
  );
  const { version = "0", fsync, read_only: readOnly } = found ?? {};
  if (Number(version) < VERSION_MIN) {
    const [is, least] = [Number(version), VERSION_MIN].map((one) => Math.floor(one / 10_000));
    throw refusal(`version ${is}, at least ${least} is needed`, "Upgrade the server.");
  }
  if (readOnly === "on") {
    throw refusal("the server only reads", "Name the primary server, not a standby.");
  }
  if (fsync !== "on") {
    throw refusal(
      "fsync is off: a power cut would take what was acknowledged",
      "Set fsync = on in postgresql.conf.",
    );
  }
}

function refusal(what: string, hint: string): HeatpoolError {
  return new HeatpoolError("CONFIG_INVALID", `registry.postgresql: ${what}`, { hint });
}

/** @throws HeatpoolError `STATE_INVALID` the tables are of a newer version of this program */
async function migrate(database: PostgresDatabase): Promise<void> {
  await database.transaction(async ({ query }) => {
    await query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    await query("CREATE TABLE IF NOT EXISTS migration (number integer PRIMARY KEY)");
    const [row] = await query<{ number: number | null }>(
      "SELECT max(number) AS number FROM migration",
    );
    const done = row?.number ?? 0;
    if (done > MIGRATIONS.length) {
      const what = `tables of step ${done}, this program knows ${MIGRATIONS.length}`;
      throw new HeatpoolError("STATE_INVALID", `registry.postgresql: ${what}`, {
        hint: "Run the newer version of heatpool-backend, or restore a backup of the database.",
      });
    }
    for (const [place, step] of MIGRATIONS.entries()) {
      if (place < done) continue;
      await query(step);
      await query("INSERT INTO migration (number) VALUES ($1)", [place + 1]);
    }
  });
}
