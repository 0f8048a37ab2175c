/**
 * SIGKILL of VictoriaMetrics, PostgreSQL or a process of the backend, at random moments under load.
 *
 * A seed is one pool with a number of kills; every third pool is one process on its own store, the
 * others are three behind a load balancer. At the end everything must be acknowledged, and what the
 * store and the time series engine hold is compared with what was acknowledged: nothing lost,
 * nothing twice, nothing changed.
 */
import { setTimeout as pause } from "node:timers/promises";
import { openSealed } from "#core/batch/batch-reader.js";
import { createRandom } from "../test/support/chance.js";
import { installationId, STEP_MS, TABLE } from "../test/support/pool-bed.js";
import { openPool, type Pool } from "./pool.js";
import { CELLS, type Sender, startSender, valuesOf } from "./sender.js";
import {
  addFigure,
  addTally,
  createTally,
  describeFault,
  type Request,
  type Tally,
} from "./suite.js";

/** Kills that one pool goes through. */
const KILLS_PER_POOL = 10;
const KILLS_USUAL = 100;
const PROCESSES = 3;
const SENDERS = 6;
/** A kill comes at most so long after the last, and after so many acks. */
const CALM_MS_MAX = 1_200;
const ACKS_MAX = 40;
/** Batches are asked for in such helpings, so that there is always something to send. */
const AHEAD = 12;
const AIM_MS_MAX = 20;
/** What was killed stays away for at most so long. */
const AWAY_MS_MAX = 1_500;
const DRAIN_MS_MAX = 120_000;
const LOOK_MS = 500;
/** So long ago the readings begin: time for 20,000 batches of a sender. */
const BACK_MS = 60 * 86_400_000;

/** Runs as many kills as were asked for. */
export async function run(request: Request): Promise<Tally> {
  const all = createTally();
  const untilMs = performance.now() + (request.seconds ?? Number.POSITIVE_INFINITY) * 1000;
  const isTimed = request.seconds !== undefined && request.seeds === undefined;
  const kills = request.seeds ?? (isTimed ? Number.POSITIVE_INFINITY : KILLS_USUAL);
  for (let done = 0; done < kills && performance.now() < untilMs; done += KILLS_PER_POOL) {
    const seed = request.seed + done / KILLS_PER_POOL;
    const plan = { seed, kills: Math.min(KILLS_PER_POOL, kills - done) };
    const one = await runPool(plan);
    addTally(all, one);
    request.note(`seed ${seed}: ${one.runs} kills, ${one.acked} acked, ${all.runs} in all`);
  }
  return all;
}

/** One pool from its start to the count. */
export async function runPool(plan: {
  seed: number;
  kills: number;
  processes?: number;
  /** What is killed; left out: everything in turn. */
  only?: "victoriametrics" | "postgresql" | "backend";
}): Promise<Tally> {
  const tally = createTally();
  const chance = createRandom(plan.seed);
  const processes = plan.processes ?? (plan.seed % 3 === 0 ? 1 : PROCESSES);
  const fail = (what: string): void => {
    const repeat = `npm run -s faults -- engines --seed ${plan.seed} --seeds ${plan.kills}`;
    tally.failures.push(`seed ${plan.seed}: ${what}; repeat: ${repeat}`);
  };
  const pool = await openPool(processes);
  let acks = 0;
  const fromMs = Math.floor((Date.now() - BACK_MS) / STEP_MS) * STEP_MS;
  const senders = Array.from({ length: SENDERS }, (_, k) => {
    const id = installationId(plan.seed * 100 + k);
    const onAck = (): void => void acks++;
    return startSender({ id, port: pool.port, fromMs, chance, onAck });
  });
  const feeding = setInterval(() => {
    for (const one of senders) one.extend(one.acked + AHEAD);
  }, LOOK_MS / 10);
  try {
    await killInTurn(pool, plan, { chance, acks: () => acks }, tally);
    clearInterval(feeding);
    await settle(pool, senders, tally, fail);
  } catch (fault) {
    tally.unexplained++;
    fail(describeFault(fault));
  } finally {
    clearInterval(feeding);
    for (const one of senders) one.stop();
    await pool.close();
  }
  for (const crash of pool.crashes) fail(crash);
  tally.crashes += pool.crashes.length;
  for (const one of senders) addFigure(tally, "returns", one.returns);
  return tally;
}

async function killInTurn(
  pool: Pool,
  { kills, seed, only }: { kills: number; seed: number; only?: string },
  { chance, acks }: { chance: () => number; acks: () => number },
  tally: Tally,
): Promise<void> {
  const kinds = [...new Set(pool.victims.map(kindOf))].filter(
    (one) => only === undefined || one === only,
  );
  for (let k = 0; k < kills; k++) {
    const enough = acks() + Math.floor(chance() * ACKS_MAX);
    const untilMs = performance.now() + chance() * CALM_MS_MAX;
    while (acks() < enough && performance.now() < untilMs) await pause(1);
    await pause(chance() * AIM_MS_MAX);
    const kind = kinds[(seed + k) % kinds.length];
    const victims = pool.victims.filter((one) => kindOf(one) === kind);
    const victim = victims[Math.floor(chance() * victims.length)] ?? "victoriametrics";
    await pool.kill(victim);
    tally.runs++;
    addFigure(tally, `killed ${kindOf(victim)}`);
    await pause(chance() * AWAY_MS_MAX);
    await pool.start(victim);
  }
}

function kindOf(victim: string): string {
  return victim.split(" ")[0] ?? "";
}

/** Waits until everything is acknowledged and handed on, then compares. */
async function settle(
  pool: Pool,
  senders: readonly Sender[],
  tally: Tally,
  fail: (what: string) => void,
): Promise<void> {
  const drained = Promise.all(senders.map((one) => one.done())).then(() => true);
  const isDrained = await Promise.race([drained, pause(DRAIN_MS_MAX, false)]);
  if (!isDrained) {
    tally.unexplained++;
    fail(`not everything was acknowledged: ${senders.map((one) => one.acked).join(" ")}`);
  }
  await compareSeries(pool, senders, tally, fail);
  const found = await readBlocks(pool);
  for (const { id, acked, rejected } of senders) {
    tally.acked += acked;
    tally.unexplained += rejected;
    if (rejected > 0) fail(`${rejected} rows of ${id} were refused`);
    const mine = found.get(id) ?? new Map<number, number>();
    for (let sequence = 1; sequence <= acked; sequence++) {
      const times = mine.get(sequence) ?? 0;
      if (times === 0) tally.lost++;
      if (times > 1) tally.doubled++;
      if (times !== 1) fail(`batch ${sequence} of ${id} is there ${times} times`);
    }
    for (const sequence of mine.keys()) {
      if (sequence > acked || sequence < 1) tally.unexplained++;
    }
  }
}

/** The engine must come to hold every cell of every batch that was acknowledged, and never more. */
async function compareSeries(
  pool: Pool,
  senders: readonly Sender[],
  tally: Tally,
  fail: (what: string) => void,
): Promise<void> {
  const untilMs = performance.now() + DRAIN_MS_MAX;
  for (const { id, acked } of senders) {
    const wanted = acked * CELLS;
    let samples = await pool.samples(id);
    while (samples < wanted && performance.now() < untilMs) {
      await pause(LOOK_MS);
      samples = await pool.samples(id);
    }
    addFigure(tally, "samples", samples);
    if (samples < wanted) tally.lost++;
    if (samples > wanted) tally.doubled++;
    if (samples !== wanted) fail(`${id} has ${samples} samples instead of ${wanted}`);
  }
}

/** How often each batch is in the store, with the content that it was sent with. */
async function readBlocks(pool: Pool): Promise<Map<string, Map<number, number>>> {
  return await pool.readStore(async (store) => {
    const found = new Map<string, Map<number, number>>();
    for await (const { installationId: id, sequence, batch } of store.blocks()) {
      const { lanes, rows } = openSealed(batch, TABLE);
      const values = [...(lanes[0]?.subarray(0, rows) ?? [])];
      const isSame = values.join() === valuesOf(sequence).join();
      const mine = found.get(id) ?? new Map<number, number>();
      found.set(id, mine.set(sequence, (mine.get(sequence) ?? 0) + (isSame ? 1 : 0)));
    }
    return found;
  });
}
