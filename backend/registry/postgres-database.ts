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
  const database = connectPostgres(options.url);
  try {
    await demandKeeper(database);
    await migrate(database);
  } catch (cause) {
    await database.close();
    throw cause;
  }
  return database;
}

/** What a look at the server found. */
export interface PostgresFindings {
  /** As the server says it, e.g. `15.14`. */
  readonly version: string;
  /** Whether the tables are made; where they are not, the first start makes them. */
  readonly hasTables: boolean;
}

/**
 * Looks whether the server could keep what it is given, and changes nothing.
 *
 * @param look asks more of it, when its tables are of this program's version
 * @throws HeatpoolError `CONFIG_INVALID`, `STATE_INVALID`, `STORE_FAILED` as `openPostgres`
 */
export async function inspectPostgres(
  options: { url: string },
  look: (database: Queryable) => Promise<void>,
): Promise<PostgresFindings> {
  const database = connectPostgres(options.url);
  try {
    const version = await demandKeeper(database);
    const [found] = await database.query<{ name: string | null }>(
      "SELECT to_regclass('migration')::text AS name",
    );
    if (found?.name == null) return { version, hasTables: false };
    const step = await readStep(database);
    if (step === MIGRATIONS.length) await look(database);
    return { version, hasTables: true };
  } finally {
    await database.close();
  }
}

function connectPostgres(url: string): PostgresDatabase {
  const settings = {
    connectionString: url,
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_MAX_MS,
    statement_timeout: STATEMENT_MAX_MS,
    application_name: "heatpool-backend",
    options: "-c synchronous_commit=on -c default_transaction_isolation=read\\ committed",
  };
  const pool = new pg.Pool(settings);
  // An idle connection that the server ends is replaced by the next query.
  pool.on("error", () => undefined);
  return {
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

/** Resolves with its version. @throws HeatpoolError `CONFIG_INVALID` it could not keep what it is given */
async function demandKeeper(database: Queryable): Promise<string> {
  const [found] = await database.query<Record<"version" | "name" | "fsync" | "read_only", string>>(
    `SELECT current_setting('server_version_num') AS version, current_setting('fsync') AS fsync,
       current_setting('server_version') AS name, current_setting('transaction_read_only') AS read_only`,
  );
  const { version = "0", name = "", fsync, read_only: readOnly } = found ?? {};
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
  return name.split(" ")[0] ?? "";
}

function refusal(what: string, hint: string): HeatpoolError {
  return new HeatpoolError("CONFIG_INVALID", `registry.postgresql: ${what}`, { hint });
}

/** The step that the tables are at. @throws HeatpoolError `STATE_INVALID` one of a newer program */
async function readStep({ query }: Queryable): Promise<number> {
  const [row] = await query<{ number: number | null }>(
    "SELECT max(number) AS number FROM migration",
  );
  const done = row?.number ?? 0;
  if (done <= MIGRATIONS.length) return done;
  const what = `tables of step ${done}, this program knows ${MIGRATIONS.length}`;
  throw new HeatpoolError("STATE_INVALID", `registry.postgresql: ${what}`, {
    hint: "Run the newer version of heatpool-backend, or restore a backup of the database.",
  });
}

async function migrate(database: PostgresDatabase): Promise<void> {
  await database.transaction(async ({ query }) => {
    await query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    await query("CREATE TABLE IF NOT EXISTS migration (number integer PRIMARY KEY)");
    const done = await readStep({ query });
    for (const [place, step] of MIGRATIONS.entries()) {
      if (place < done) continue;
      await query(step);
      await query("INSERT INTO migration (number) VALUES ($1)", [place + 1]);
    }
  });
}
