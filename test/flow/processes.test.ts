/** Two processes of one backend: what one is told to do, both have done. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openPool, type Pool } from "../../faults/pool.js";
import { CELLS, startSender } from "../../faults/sender.js";
import { isPeerMissing } from "../support/peer.js";
import { installationId, STEP_MS } from "../support/pool-bed.js";

const [MINE, THEIRS] = [installationId(1), installationId(2)];
const BATCHES = 20;
const WAIT = { timeout: 120_000, interval: 200 };
const TIME_MAX_MS = 300_000;

const isAnyMissing = [
  isPeerMissing("victoria-metrics"),
  isPeerMissing("postgresql"),
  isPeerMissing("libnginx-mod-stream"),
].includes(true);

describe.skipIf(isAnyMissing)("two processes on PostgreSQL and VictoriaMetrics", () => {
  let pool: Pool;
  beforeAll(async () => {
    pool = await openPool(2);
  }, TIME_MAX_MS);
  afterAll(() => pool.close(), TIME_MAX_MS);

  const send = async (id: string) => {
    const fromMs = Math.floor((Date.now() - 3 * 86_400_000) / STEP_MS) * STEP_MS;
    const sender = startSender({ id, port: pool.port, fromMs, chance: () => 0.5 });
    sender.extend(BATCHES);
    await sender.done();
    return sender;
  };

  it(
    "one of them leads; both know everybody, and either erases for both",
    async () => {
      const leaders = () => [0, 1].filter((k) => pool.leads(k));
      await expect.poll(leaders, WAIT).toHaveLength(1);
      const [leader = 0] = leaders();
      const other = 1 - leader;
      const senders = [await send(MINE), await send(THEIRS)];
      const known = (k: number) => JSON.parse(pool.ask(k, "status", "--json").stdout).installations;
      for (const k of [0, 1]) await expect.poll(() => known(k), WAIT).toBe(2);
      await expect.poll(() => pool.samples(MINE), WAIT).toBe(BATCHES * CELLS);

      expect(pool.ask(other, "statistics", "release").stderr).toContain("another process");
      expect(pool.ask(leader, "statistics", "release").status).toBe(0);

      // The stream of the erased one may be at either process.
      const erased = pool.ask(other, "installations", "erase", MINE, "--json");
      expect(erased.stderr).toBe("");
      expect(JSON.parse(erased.stdout)).toMatchObject({ batches: BATCHES });
      expect(await pool.samples(MINE)).toBe(0);
      for (const k of [0, 1]) await expect.poll(() => known(k), WAIT).toBe(1);
      senders[0]?.extend(BATCHES + 5);
      senders[1]?.extend(BATCHES + 5);
      await senders[1]?.done();
      expect(senders[0]?.acked).toBe(BATCHES);
      await expect.poll(() => pool.samples(THEIRS), WAIT).toBe((BATCHES + 5) * CELLS);
      expect(await pool.samples(MINE)).toBe(0);

      expect(pool.ask(leader, "installations", "erase", THEIRS).status).toBe(0);
      expect(await pool.samples(THEIRS)).toBe(0);
      for (const one of senders) one.stop();
      const left = await pool.readStore(async (store) => {
        let blocks = 0;
        for await (const _ of store.blocks()) blocks++;
        return blocks;
      });
      expect(left).toBe(0);
      expect(pool.crashes).toEqual([]);
    },
    TIME_MAX_MS,
  );
});
