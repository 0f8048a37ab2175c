/** The database: what could not keep data is refused with what to do, and tables are made once. */
import pg from "pg";
import { describe, expect, it } from "vitest";
import { openPostgres } from "../../../backend/registry/postgres-database.js";
import { MIGRATIONS } from "../../../backend/registry/postgres-migrations.js";
import { isPeerMissing } from "../../support/peer.js";
import { withPostgres } from "../../support/postgres-bed.js";

const run = async (url: string, text: string) => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(text);
  await client.end();
};

it("says where to look when no server answers", async () => {
  await expect(openPostgres({ url: "postgresql://heatpool@127.0.0.1:1/x" })).rejects.toMatchObject({
    code: "STORE_FAILED",
    message: expect.stringContaining("ECONNREFUSED"),
    hint: expect.stringContaining("registry.postgresql"),
  });
});

describe.skipIf(isPeerMissing("postgresql"))("on a real PostgreSQL", () => {
  const bed = withPostgres();

  it("makes its tables once, however many processes begin together", async () => {
    const url = await bed.newUrl();
    const all = await Promise.all([1, 2, 3].map(() => bed.open(url)));
    const rows = await all[2]?.query<{ number: number }>("SELECT number FROM migration");
    expect(rows?.map((one) => one.number)).toEqual(MIGRATIONS.map((_, k) => k + 1));
  });

  it("does not touch tables of a newer version", async () => {
    const url = await bed.newUrl();
    await bed.open(url);
    await run(url, "INSERT INTO migration VALUES (999)");
    await expect(openPostgres({ url })).rejects.toMatchObject({
      code: "STATE_INVALID",
      message: expect.stringContaining("step 999"),
    });
  });

  it("refuses a server that only reads", async () => {
    const url = await bed.newUrl();
    const name = new URL(url).pathname.slice(1);
    await run(url, `ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    await expect(openPostgres({ url })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining("only reads"),
    });
  });

  it("names a database that is not there", async () => {
    const url = new URL(await bed.newUrl());
    url.pathname = "/nowhere";
    await expect(openPostgres({ url: url.href })).rejects.toMatchObject({
      code: "STORE_FAILED",
      message: expect.stringContaining('"nowhere" does not exist'),
    });
  });

  it("keeps nothing of a transaction that failed, and goes on", async () => {
    const database = await bed.open(await bed.newUrl());
    const failed = database.transaction(async ({ query }) => {
      await query("INSERT INTO record VALUES ('a', 'x')");
      throw new RangeError("no");
    });
    await expect(failed).rejects.toThrow(RangeError);
    expect(await database.query("SELECT 1 FROM record")).toEqual([]);
  });

  it("waits for the disk whatever the server's own setting is", async () => {
    const url = await bed.newUrl();
    const name = new URL(url).pathname.slice(1);
    await run(url, `ALTER DATABASE ${name} SET synchronous_commit = off`);
    const database = await bed.open(url);
    expect(await database.query("SHOW synchronous_commit")).toEqual([{ synchronous_commit: "on" }]);
  });
});

describe.skipIf(isPeerMissing("postgresql"))("on a PostgreSQL without fsync", () => {
  const bed = withPostgres(["fsync=off"]);

  it("is refused: a power cut would take what was acknowledged", async () => {
    const url = await bed.newUrl();
    await expect(openPostgres({ url })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining("fsync is off"),
    });
  });
});
