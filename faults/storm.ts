/**
 * A thousand daemons lose their backend at once: the real uplink of each on one clock, over a
 * transport that only counts. The backend goes announced (with the offsets that the real door gives
 * out), unannounced, or for so long that everybody waits the longest wait; then the calls that reach
 * it are counted: none must come in a wave.
 */
import { setMaxListeners } from "node:events";
import { createLiveStreams } from "../backend/rpc/live-streams.js";
import { createMemoryBacklog } from "../daemon/backlog/memory-backlog.js";
import type { StreamListener, Transport, UplinkStream } from "../daemon/uplink/transport.js";
import { runUplink } from "../daemon/uplink/uplink.js";
import { createChance } from "../test/support/chance.js";
import { createFleetClock, type FleetClock } from "./fleet-clock.js";
import { addFigure, addTally, createTally, type Request, seedsOf, type Tally } from "./suite.js";
import { bootOf } from "./world-life.js";

const SEEDS_USUAL = 5;
const DAEMONS = 1_000;
const SPREAD_MS = 60_000;
const DOWN_MS = 5_000;
/** Longer than it takes until a wait can be the longest one. */
const LONG_DOWN_MS = 3_600_000;
/** The longest wait between two attempts; also how long the return after it is watched. */
const CAP_MS = 300_000;
/** Everybody is connected by then, and has been for more than a minute. */
const CALM_MS = 80_000;
const RETURN_MS_MAX = 15 * 60_000;

/** How the backend goes. */
interface Outage {
  readonly name: "announced" | "unannounced" | "long";
  readonly downMs: number;
  /** Return is watched this long. */
  readonly watchedMs: number;
  /** Width of a bin, and how far above the mean a bin may be. */
  readonly binMs: number;
  readonly peakMax: number;
}

const OUTAGES: readonly Outage[] = [
  { name: "announced", downMs: DOWN_MS, watchedMs: SPREAD_MS, binMs: 100, peakMax: 3 },
  { name: "unannounced", downMs: DOWN_MS, watchedMs: SPREAD_MS, binMs: 1_000, peakMax: 2.2 },
  { name: "long", downMs: LONG_DOWN_MS, watchedMs: CAP_MS, binMs: 10_000, peakMax: 3 },
];
/** In any 100 ms, whatever the mean. */
const BURST_MS = 100;
const BURST_MAX = 12;

export async function run(request: Request): Promise<Tally> {
  return await runStorm(request, DAEMONS);
}

/** The same with another number of daemons. */
export async function runStorm(request: Request, daemons: number): Promise<Tally> {
  const all = createTally();
  for (const seed of seedsOf(request, SEEDS_USUAL)) {
    for (const outage of OUTAGES) {
      const one = await runOne(seed, outage, daemons);
      keepWorst(all, one);
      request.note(`seed ${seed} ${outage.name}: ${JSON.stringify(one.figures)}`);
    }
  }
  return all;
}

/** Counts add up; of peaks the highest is told. */
function keepWorst(all: Tally, one: Tally): void {
  const peaks = { ...one.figures };
  for (const name of Object.keys(one.figures)) delete one.figures[name];
  addTally(all, one);
  for (const [name, value] of Object.entries(peaks)) {
    all.figures[name] = Math.max(all.figures[name] ?? 0, value);
  }
}

/** The backend as a fleet sees it. */
interface Harbour {
  readonly transport: Transport;
  isUp: boolean;
  /** When calls reached it. */
  readonly arrivals: number[];
  readonly welcomed: Set<number>;
  /** Ends every stream; `announced`: with a goodbye and an offset each. */
  leave(isAnnounced: boolean): void;
}

interface Berth {
  readonly listener: StreamListener;
  isOpen: boolean;
}

function createHarbour(clock: FleetClock): (daemon: number) => Harbour {
  const berths = new Map<number, Berth>();
  const shared: Pick<Harbour, "isUp" | "arrivals" | "welcomed"> = {
    isUp: true,
    arrivals: [],
    welcomed: new Set(),
  };
  const welcome = (epochs: number) => ({
    body: {
      $case: "welcome" as const,
      value: {
        serverTimeMs: BigInt(clock.nowMs()),
        limits: {
          requestBytesMax: 512 * 1024,
          snapshotsMax: 2_000,
          channelsMax: 128,
          windowBatches: 8,
          windowBytes: 1024 * 1024,
          backlogBytesPerSecond: 0,
          uploadIntervalSeconds: 300,
          reconnectSpreadSeconds: SPREAD_MS / 1000,
        },
        ackedThrough: Array.from({ length: epochs }, () => 0n),
        codecs: [0, 1, 2],
        unknownTables: [],
        lossAckedThrough: 0n,
        priors: [],
        keepsState: false,
        answersVoid: false,
      },
    },
  });
  const refuse = (berth: Berth, details: string): void => {
    if (!berth.isOpen) return;
    berth.isOpen = false;
    berth.listener.onEnd({ status: "UNAVAILABLE", details, retryAfterMs: undefined });
  };

  function open(daemon: number, listener: StreamListener): UplinkStream {
    const berth: Berth = { listener, isOpen: true };
    if (shared.isUp) {
      shared.arrivals.push(clock.monotonicMs());
      berths.set(daemon, berth);
    } else {
      queueMicrotask(() => refuse(berth, "connection refused"));
    }
    return {
      async write({ body }) {
        if (!berth.isOpen || body?.$case !== "hello") return;
        shared.welcomed.add(daemon);
        queueMicrotask(
          () => berth.isOpen && listener.onResponse(welcome(body.value.epochs.length)),
        );
      },
      end() {
        if (!berth.isOpen) return;
        berth.isOpen = false;
        listener.onEnd({ status: "OK", details: "", retryAfterMs: undefined });
      },
      cancel() {
        berth.isOpen = false;
      },
    };
  }

  function leave(isAnnounced: boolean): void {
    shared.isUp = false;
    shared.welcomed.clear();
    shared.arrivals.length = 0;
    const gone = [...berths];
    berths.clear();
    if (!isAnnounced) {
      for (const [, berth] of gone) refuse(berth, "read ECONNRESET");
      return;
    }
    const live = createLiveStreams(() => undefined);
    for (const [daemon, berth] of gone) {
      void live.enter({
        installationId: String(daemon),
        bootId: String(daemon),
        isAlive: async () => true,
        supersede: () => undefined,
        expel: () => undefined,
        askToRenew: () => undefined,
        identityFault: () => undefined,
        sayGoodbye(reason, reconnectAfterMs) {
          const value = { reason, reconnectAfterMs };
          berth.listener.onResponse({ body: { $case: "goodbye", value } });
        },
      });
    }
    queueMicrotask(() => void live.close(SPREAD_MS));
  }

  return (daemon) => ({
    transport: { open: (listener) => open(daemon, listener) },
    get isUp() {
      return shared.isUp;
    },
    set isUp(value) {
      shared.isUp = value;
    },
    arrivals: shared.arrivals,
    welcomed: shared.welcomed,
    leave,
  });
}

async function runOne(seed: number, outage: Outage, daemons: number): Promise<Tally> {
  const tally = createTally();
  const clock = createFleetClock();
  const harbourOf = createHarbour(clock);
  const ending = new AbortController();
  setMaxListeners(0, ending.signal);
  const fleet = await Promise.all(
    Array.from({ length: daemons }, (_, daemon) =>
      startDaemon({ daemon, seed, clock, harbour: harbourOf(daemon), ending: ending.signal }),
    ),
  );
  const harbour = harbourOf(0);
  await clock.advanceTo(CALM_MS);
  const before = harbour.welcomed.size;
  harbour.leave(outage.name === "announced");
  await clock.advanceTo(CALM_MS + outage.downMs);
  harbour.isUp = true;
  const backAtMs = CALM_MS + outage.downMs;
  await clock.advanceTo(backAtMs + RETURN_MS_MAX);
  const back = harbour.welcomed.size;
  const arrivals = harbour.arrivals.map((atMs) => atMs - backAtMs);
  ending.abort();
  const uplinks = Promise.all(fleet);
  await clock.advanceTo(backAtMs + RETURN_MS_MAX + 60_000);
  await uplinks;

  const peak = peakOf(arrivals, outage.binMs, outage.watchedMs);
  const burst = Math.max(...binsOf(arrivals, BURST_MS, outage.watchedMs));
  tally.runs++;
  tally.acked += back;
  tally.lost += daemons - back + (daemons - before);
  addFigure(tally, `${outage.name}Peak`, Math.round(peak * 100) / 100);
  addFigure(tally, `${outage.name}Burst`, burst);
  const isWave =
    peak > outage.peakMax || (burst > BURST_MAX * (daemons / DAEMONS) && daemons >= DAEMONS);
  if (isWave) tally.unexplained++;
  if (isWave || tally.lost > 0) {
    const repeat = `npm run -s faults -- storm --seed ${seed} --seeds 1`;
    const facts = JSON.stringify({ peak, burst, before, back });
    tally.failures.push(`seed ${seed}, ${outage.name}: ${facts}; repeat: ${repeat}`);
  }
  return tally;
}

async function startDaemon(of: {
  daemon: number;
  seed: number;
  clock: FleetClock;
  harbour: Harbour;
  ending: AbortSignal;
}): Promise<Promise<void>[]> {
  const { daemon, seed, clock, harbour, ending } = of;
  const chance = createChance(seed * 100_000 + daemon);
  const bootId = bootOf(daemon);
  const backlog = await createMemoryBacklog({ streams: [], bootId, clock, chance });
  const uplink = runUplink(
    {
      backlog,
      transport: harbour.transport,
      clock,
      chance,
      introduction: {
        installationId: bootOf(daemon),
        bootId,
        daemonVersion: "0.1.0",
        consentVersion: 1,
        consentScopes: ["telemetry"],
      },
      profile: "economy",
      intervalSeconds: undefined,
      limitStore: { read: () => undefined, write: () => undefined },
      log: () => undefined,
      withdrawn: new AbortController().signal,
    },
    ending,
  );
  // In a list, so that waiting for the start does not wait for the end.
  return [uplink];
}

function binsOf(times: readonly number[], binMs: number, watchedMs: number): number[] {
  const bins = Array.from({ length: Math.ceil(watchedMs / binMs) }, () => 0);
  for (const atMs of times) {
    const bin = Math.floor(atMs / binMs);
    if (bin >= 0 && bin < bins.length) bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return bins;
}

/** The fullest bin against the mean of all. */
function peakOf(times: readonly number[], binMs: number, watchedMs: number): number {
  const bins = binsOf(times, binMs, watchedMs);
  const mean = bins.reduce((sum, count) => sum + count, 0) / bins.length;
  return mean === 0 ? 0 : Math.max(...bins) / mean;
}
