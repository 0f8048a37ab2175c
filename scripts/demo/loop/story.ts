/**
 * The whole loop, told once: homes contribute what they recorded in a month, the backend trains and
 * publishes, the homes that go on living receive, at one of them the fan fails, its owner is told
 * what departs, the fan is mended, the owner is told that it is over. The others stay silent.
 *
 * Nothing stands in for a part of the product: both programs are the packaged ones, and what passes
 * between them passes over TLS. Simulated are the houses with their heat pumps (behind real Modbus
 * TCP), and time, which leaps from poll to poll once everything is at rest.
 */
import { join } from "node:path";
import { openLink } from "../link.js";
import { type Home, openHome } from "./home.js";
import { type Leaping, moved, until } from "./leaping.js";
import { LIVED_DAYS_MAX, type LifeFacts, live } from "./living.js";
import { createMachineTime } from "./machine-time.js";
import { type Operator, type PoolSettings, startOperator } from "./operator.js";
import { PROFILE_NAME } from "./simulated-home.js";

/** How much of it. */
export interface StoryOptions {
  readonly homes: number;
  /** Of them those that go on living after they contributed; the first of them has the fault. */
  readonly living: number;
  /** Days of record that each contributes. */
  readonly days: number;
  readonly pool: PoolSettings;
  readonly seed: number;
}

/** What was seen. */
export interface StoryFacts extends LifeFacts {
  readonly homes: number;
  /** Those that went on living. */
  readonly living: number;
  readonly daysContributed: number;
  readonly rowsContributed: number;
  readonly closedTestPool: boolean;
  readonly training: {
    readonly outcome: string;
    readonly version: string;
    readonly seconds: number;
  };
  readonly release: number;
  /** Living homes that watch with the community's model; the backend's own count of the same. */
  readonly receivedBy: number;
  readonly heldByBackend: number;
  /** Both ways between all homes and the backend, TLS in. */
  readonly wireBytes: number;
  readonly seconds: number;
}

const DAY_MS = 86_400_000;
/** Homes that are prepared side by side. */
const AT_ONCE = 2;

interface Stage extends Leaping {
  readonly operator: Operator;
  readonly startMs: number;
  /** What is to be ended, in the order in which it began. */
  readonly ends: (() => Promise<unknown>)[];
  readonly note: (text: string) => void;
}

export async function tellStory(
  folder: string,
  options: StoryOptions,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<StoryFacts> {
  const startedMs = performance.now();
  const time = createMachineTime(join(folder, "time"));
  const startMs = time.nowMs();
  const ends: (() => Promise<unknown>)[] = [];
  try {
    const operator = await startOperator(join(folder, "backend"), time, options.pool);
    ends.push(operator.stop);
    note(`backend: serves on 127.0.0.1:${operator.address.main}; keys were made in a ceremony`);
    const link = await openLink(operator.address.main);
    ends.push(link.close);
    const stage: Stage = { time, operator, link, startMs, ends, note, signal };
    const homes = await openHomes(folder, options, stage);
    const rowsContributed = await contribute(homes, options, stage);
    const training = await trainAndPublish(operator, note);
    const living = homes.slice(0, options.living);
    const received = await receive(living, training, stage);
    const lived = await live(living, note, stage);
    return {
      homes: homes.length,
      living: living.length,
      daysContributed: options.days,
      rowsContributed,
      closedTestPool: options.pool.isClosedTestPool,
      training: training.facts,
      release: training.release,
      ...received,
      ...lived,
      wireBytes: moved(link),
      seconds: Math.round((performance.now() - startedMs) / 1000),
    };
  } finally {
    for (const end of ends.reverse()) await end();
    time.close();
  }
}

async function openHomes(
  folder: string,
  { homes, days, seed, living }: StoryOptions,
  { time, operator, link, startMs, ends }: Stage,
): Promise<readonly Home[]> {
  const opened: Home[] = [];
  for (let index = 0; index < homes; index++) {
    const simulated = {
      seed: seed * 1_000 + index,
      // Days begin at midnight, so that weather and clock agree whenever the story is told.
      startMs: Math.floor(startMs / DAY_MS - days) * DAY_MS,
      days: days + (index < living ? LIVED_DAYS_MAX : 1),
    };
    const name = `home-${index + 1}`;
    const backend = { operator, port: link.port };
    const home = await openHome(join(folder, name), name, time, backend, simulated);
    ends.push(home.close);
    opened.push(home);
  }
  return opened;
}

/** Each home agrees, enrols, imports, and delivers through its own stream. */
async function contribute(
  homes: readonly Home[],
  { days, living }: StoryOptions,
  { startMs, note, ...leaping }: Stage,
): Promise<number> {
  let rows = 0;
  const deliver = async (home: Home, isLiving: boolean) => {
    const shared = await home.join(startMs);
    await home.start();
    await drained(home, leaping);
    rows += shared;
    if (!isLiving) await home.stop();
    note(`${home.name}: enrolled, ${days} days contributed in ${shared} rows`);
  };
  const waiting = [...homes.entries()];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      await deliver(next[1], next[0] < living);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return rows;
}

/** The rate at which a record drains is a setting of the pool; its waits are leapt over. */
async function drained(home: Home, leaping: Leaping): Promise<void> {
  const isDrained = async () => {
    // Its socket answers a moment after it has started.
    const backlog = (await home.status())?.backlog;
    return backlog !== undefined && backlog.admitted > 0 && backlog.batches === 0;
  };
  await until(isDrained, `${home.name} has delivered its record`, [home], leaping);
}

async function trainAndPublish(operator: Operator, note: (text: string) => void) {
  const run = await operator.train();
  const [model] = run.models;
  if (model?.outcome !== "candidate") throw new Error(`no candidate: ${JSON.stringify(run)}`);
  const { modelId, version, outcome } = model;
  const seconds = Math.round(run.durationMs / 1000);
  note(`training: ${modelId} ${version} of ${model.installations} homes passed every gate`);
  const { release } = await operator.publish(modelId, version);
  note(`catalogue: release ${release} is sealed, signed on the workstation and listed`);
  return { modelId, release, facts: { outcome, version, seconds } };
}

async function receive(
  living: readonly Home[],
  { modelId, release }: { modelId: string; release: number },
  { operator, note, ...leaping }: Stage,
) {
  const key = `community/${modelId}/${release}`;
  const has = (home: Home) =>
    home.log.some(({ event, model }) => event === "model.used" && model === key);
  await until(() => living.every(has), `${key} in use everywhere`, living, leaping);
  const holders = async () => new Set(await operator.holders(modelId, release));
  const ids = living.map(({ installationId }) => installationId());
  await until(
    async () => {
      const held = await holders();
      return ids.every((id) => held.has(id));
    },
    "the backend knows who has it",
    living,
    leaping,
  );
  note(`homes: ${living.length} opened release ${release} and watch ${PROFILE_NAME} with it`);
  return { receivedBy: living.filter(has).length, heldByBackend: (await holders()).size };
}
