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
import { setTimeout as pause } from "node:timers/promises";
import { type Link, openLink } from "../link.js";
import { type AlarmFacts, type Home, openHome } from "./home.js";
import { createMachineTime, type MachineTime } from "./machine-time.js";
import { type Operator, type PoolSettings, startOperator } from "./operator.js";
import { PROFILE_NAME, STEP_MS } from "./simulated-home.js";

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
export interface StoryFacts {
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
  readonly polls: number;
  readonly pollsFailed: number;
  readonly modbusRequests: number;
  readonly fault: string;
  readonly alarm: {
    readonly source: string;
    readonly model: string;
    readonly severity: string;
    readonly parts: readonly string[];
    readonly possible: readonly string[];
    readonly text: string;
    readonly hoursAfterFault: number;
    readonly toldHoursAfterFault: number;
    readonly resolvedHoursAfterMending: number;
    readonly endToldHoursAfterMending: number;
  };
  readonly alarmsOfTheFaultyHome: number;
  readonly alarmsOfNeighbours: number;
  readonly noticesOfNeighbours: readonly string[];
  readonly snapshotsUnaccounted: number;
  readonly daysLived: number;
  readonly seconds: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
/** A device that is new is watched silently for this long. */
const QUIET_DAYS = 14;
/** The fan fails on a morning after it. */
const FAULT_HOURS = 9;
const FAULT = { fault: "fan_failure", severity: 1 } as const;
/** From the notice until somebody has mended it. */
const MENDING_HOURS = 3;
/** The story is over by then, or has failed. */
const ALARM_DAYS_MAX = 4;
const RESOLVED_DAYS_MAX = 5;
const LIVED_DAYS_MAX = QUIET_DAYS + 1 + ALARM_DAYS_MAX + RESOLVED_DAYS_MAX;
/** What is due is due a moment later. */
const AFTER_MS = 2;
/** An answer takes less than this, unless the machine is busy with other things. */
const STILL_MS = 25;
/** Homes that are prepared side by side. */
const AT_ONCE = 2;

interface Stage {
  readonly time: MachineTime;
  readonly operator: Operator;
  /** The wire between all homes and the backend. */
  readonly link: Link;
  readonly startMs: number;
  /** What is to be ended, in the order in which it began. */
  readonly ends: (() => Promise<unknown>)[];
  readonly note: (text: string) => void;
  readonly signal: AbortSignal;
}

type Leaping = Pick<Stage, "time" | "link" | "signal">;

export async function tellStory(
  folder: string,
  options: StoryOptions,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<StoryFacts> {
  const startedMs = performance.now();
  const startMs = Date.now();
  const time = createMachineTime(join(folder, "time"), startMs);
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
    const lived = await live(living, stage);
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
  { time, link, startMs, note, signal }: Stage,
): Promise<number> {
  let rows = 0;
  const deliver = async (home: Home, isLiving: boolean) => {
    const shared = await home.join(startMs);
    await home.start();
    await drained(home, { time, link, signal });
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
async function drained(home: Home, { time, link, signal }: Leaping): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    // Its socket answers a moment after it has started.
    const backlog = (await home.status())?.backlog;
    if (backlog !== undefined && backlog.admitted > 0 && backlog.batches === 0) return;
    await stillness(link);
    time.leapTo(time.nowMs() + 1_000);
  }
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
  await until(() => living.every(has), `${key} in use everywhere`, leaping);
  const holders = async () => new Set(await operator.holders(modelId, release));
  const ids = living.map(({ installationId }) => installationId());
  await until(
    async () => {
      const held = await holders();
      return ids.every((id) => held.has(id));
    },
    "the backend knows who has it",
    leaping,
  );
  note(`homes: ${living.length} opened release ${release} and watch ${PROFILE_NAME} with it`);
  return { receivedBy: living.filter(has).length, heldByBackend: (await holders()).size };
}

/** Small leaps until something has happened that takes no poll. */
async function until(
  happened: () => boolean | Promise<boolean>,
  what: string,
  { time, link, signal }: Leaping,
): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    signal.throwIfAborted();
    if (await happened()) return;
    await stillness(link);
    time.leapTo(time.nowMs() + 1_000);
  }
  throw new Error(`did not happen: ${what}`);
}

/** From poll to poll: the quiet fortnight, the fault, the notice, the mending, the end. */
async function live(living: readonly Home[], { time, note, ...more }: Stage) {
  const [home, ...neighbours] = living;
  if (home === undefined) throw new Error("nobody lives on");
  const fromMs = time.nowMs();
  const goOn = (isOver: () => boolean, days: number) =>
    liveUntil(living, { time, ...more }, isOver, days);
  const letters = () => home.mailbox.letters.filter(({ kind }) => kind === "anomaly");

  const startMs = Math.ceil(fromMs / DAY_MS + QUIET_DAYS) * DAY_MS + FAULT_HOURS * HOUR_MS;
  home.heatPump.suffer([{ ...FAULT, startMs, endMs: startMs + WEEK_MS }]);
  await goOn(() => time.nowMs() >= startMs, QUIET_DAYS + 2);
  note(`${home.name}: its fan fails (${living.length} homes polled for ${QUIET_DAYS} days)`);
  await goOn(() => letters().length > 0, ALARM_DAYS_MAX);
  const [told] = letters();
  if (told === undefined) throw new Error("the owner was not told");
  note(`${home.name}: "${told.title}"`);

  const mendedMs = Math.ceil(time.nowMs() / STEP_MS) * STEP_MS + MENDING_HOURS * HOUR_MS;
  home.heatPump.suffer([{ ...FAULT, startMs, endMs: mendedMs }]);
  await goOn(() => letters().some(({ isResolved }) => isResolved), RESOLVED_DAYS_MAX);
  const end = letters().find(({ isResolved }) => isResolved);
  if (end === undefined) throw new Error("the owner was not told that it is over");
  note(`${home.name}: "${end.title}"`);

  const alarms = await home.alarms();
  const [alarm] = alarms.filter(({ kind }) => kind === "machine");
  if (alarm === undefined) throw new Error("no alarm is kept");
  const others = (await Promise.all(neighbours.map((one) => one.alarms()))).flat();
  const statuses = await Promise.all(living.map((one) => one.status()));
  const sum = (of: (one: Home) => number) => living.reduce((all, one) => all + of(one), 0);
  const hours = (toMs: number, sinceMs: number) => Math.round((toMs - sinceMs) / 360_000) / 10;
  return {
    polls: sum((one) => one.polls().good),
    pollsFailed: sum((one) => one.polls().failed),
    modbusRequests: sum((one) => one.heatPump.requests().answered),
    fault: FAULT.fault,
    alarm: {
      ...described(alarm),
      hoursAfterFault: hours(alarm.raisedAtMs, startMs),
      toldHoursAfterFault: hours(told.arrivedAtMs, startMs),
      resolvedHoursAfterMending: hours(alarm.resolvedAtMs ?? Number.NaN, mendedMs),
      endToldHoursAfterMending: hours(end.arrivedAtMs, mendedMs),
    },
    alarmsOfTheFaultyHome: alarms.length,
    alarmsOfNeighbours: others.length,
    noticesOfNeighbours: neighbours.flatMap(({ mailbox }) =>
      mailbox.letters.map(({ kind }) => kind),
    ),
    snapshotsUnaccounted: statuses.reduce((all, { backlog }) => all + backlog.unaccounted, 0),
    daysLived: Math.round((time.nowMs() - fromMs) / (DAY_MS / 10)) / 10,
  };
}

function described({ source, model, severity, parts, possible, text }: AlarmFacts) {
  return { source, model, severity, parts: parts.map(({ id }) => id), possible, text: text.en };
}

/** From poll to poll; a daemon that lost its stream gets its next try in between. */
async function liveUntil(
  living: readonly Home[],
  { time, link, signal }: Leaping,
  isOver: () => boolean,
  daysMax: number,
): Promise<void> {
  const lastMs = time.nowMs() + daysMax * DAY_MS;
  while (!isOver() && time.nowMs() < lastMs) {
    signal.throwIfAborted();
    const nowMs = time.nowMs();
    const slotMs = Math.floor(nowMs / STEP_MS + 1) * STEP_MS;
    const tries = living.flatMap((home) => home.retryAtMs() ?? []).filter((atMs) => atMs > nowMs);
    const toMs = Math.min(slotMs, ...tries);
    const more = toMs === slotMs ? 1 : 0;
    const polls = living.map((home) => home.polls().good + home.polls().failed + more);
    const before = moved(link);
    time.leapTo(toMs + AFTER_MS);
    await Promise.all(living.map((home, index) => home.atRest(polls[index] ?? 0)));
    if (moved(link) !== before) await stillness(link);
  }
}

/** Exchanges between homes and backend are over when nothing moves any more. */
async function stillness(link: Link): Promise<void> {
  let before: number;
  do {
    before = moved(link);
    await pause(STILL_MS);
  } while (moved(link) !== before);
}

function moved({ bytesUp, bytesDown }: Link): number {
  return bytesUp + bytesDown;
}
