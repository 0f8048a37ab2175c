/** Databases of their own on one real PostgreSQL, for one test file. */
import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll } from "vitest";
import { openPostgres, type PostgresDatabase } from "../../backend/registry/postgres-database.js";
import { openPostgresSnapshotStore } from "../../backend/store/postgres-snapshot-store.js";
import type { SharedSnapshotStore } from "../../backend/store/shared-snapshot-store.js";
import { type Engine, startPostgres } from "./engine.js";

/** A server for a test file, started and stopped around it. */
export function withPostgres(settings: readonly string[] = []) {
  let engine: Engine | undefined;
  const opened: { close(): Promise<unknown> }[] = [];
  beforeAll(async () => {
    engine = await startPostgres(settings);
  }, 120_000);
  afterAll(async () => {
    for (const one of opened) await one.close().catch(() => undefined);
    await engine?.stop();
  }, 120_000);
  const server = (): Engine => {
    if (engine === undefined) throw new Error("PostgreSQL is not started");
    return engine;
  };
  let made = 0;
  return {
    engine: server,
    /** The address of a new empty database. */
    async newUrl(): Promise<string> {
      const url = new URL(server().url);
      const name = `bed${++made}`;
      const client = new pg.Client({ connectionString: url.href });
      await client.connect();
      await client.query(`CREATE DATABASE ${name}`);
      await client.end();
      url.pathname = `/${name}`;
      return url.href;
    },
    async open(url: string): Promise<PostgresDatabase> {
      const database = await openPostgres({ url });
      opened.push(database);
      return database;
    },
    /** A store as one process opens it. */
    async openStore(url: string): Promise<SharedSnapshotStore> {
      return await openPostgresSnapshotStore({
        database: await this.open(url),
        newId: randomUUID,
      });
    },
  };
}
