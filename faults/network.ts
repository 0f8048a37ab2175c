/**
 * A network that cuts, stalls, half-opens, truncates, delays and replays: the real uplink over gRPC
 * against the real door with real ingest behind it, a bad wire between the two, and clocks that run
 * fast enough to wait out every time limit. Afterwards everything must drain and be stored once.
 */
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Clock } from "#core/clock.js";
import { createMemorySnapshotStore } from "../backend/store/memory-snapshot-store.js";
import type { SnapshotStore } from "../backend/store/snapshot-store.js";
import type { Backlog } from "../daemon/backlog/backlog.js";
import { createMemoryBacklog } from "../daemon/backlog/memory-backlog.js";
import { createGrpcTransport } from "../daemon/uplink/grpc-transport.js";
import { runUplink } from "../daemon/uplink/uplink.js";
import { createChance, createRandom } from "../test/support/chance.js";
import { openDoor, RULES } from "../test/support/door.js";
import { createFakeBehind } from "../test/support/fake-behind.js";
import { openBed } from "../test/support/pool-bed.js";
import { numbersOf } from "./oracle.js";
import { createQuickClock } from "./quick-clock.js";
import {
  addFigure,
  addTally,
  createTally,
  describeFault,
  inParallel,
  type Request,
  seedsOf,
  type Tally,
} from "./suite.js";
import { openWire, type Wire, type WireRules } from "./wire.js";
import { snapshotOf, WORLD_TABLE, worldStream } from "./world.js";
import { bootOf } from "./world-life.js";

const SEEDS_USUAL = 40;
const AT_ONCE = 12;
/** Simulated seconds that pass in a real one. */
const SPEED = 60;
/** Real milliseconds between two snapshots. */
const POLL_MS = 40;
const SEAL_SECONDS = 12;
const EVENTS = 10;
const EVENT_MS_MAX = 700;
/** Looks at what waits, and the time between two; without progress for so many the line is stuck. */
const LOOK_MS = 20;
const LOOKS_MAX = 1_500;
const INSTALLATION = "00000000-0000-4000-8000-000000000002";

export async function run(request: Request): Promise<Tally> {
  const all = createTally();
  await inParallel(seedsOf(request, SEEDS_USUAL), AT_ONCE, async (seed) => {
    addTally(all, await runOne(seed));
    request.note(`${all.runs} runs, ${all.failures.length} failures`);
  });
  return all;
}

/** A daemon's uplink, a backend's door, and the wire. */
interface Line {
  readonly clock: Clock;
  readonly backlog: Backlog;
  readonly store: SnapshotStore;
  readonly wire: Wire;
  recorded: number;
  readonly bugs: unknown[];
  /** Ends the door in order and opens another. */
  restartDoor(): Promise<void>;
  close(): Promise<void>;
}

async function openLine(seed: number): Promise<Line> {
  const clock = createQuickClock(SPEED);
  const store = createMemorySnapshotStore();
  const bed = await openBed(store, clock);
  const bugs: unknown[] = [];
  const open = () =>
    openDoor({
      behind: { ...createFakeBehind(), ingest: bed.ingest },
      clock,
      rules: { ...RULES, reconnectSpreadSeconds: 10, backlogBytesPerSecond: 0 },
      onBug: (bug) => bugs.push(bug),
    });
  let door = await open();
  const wire = await openWire(door.ports.main);
  wire.isRecording = true;
  const backlog = await createMemoryBacklog({
    streams: [worldStream()],
    bootId: bootOf(seed),
    clock,
    chance: createChance(seed),
    commitIntervalMs: 0,
    rowsMax: 5,
  });
  const ending = new AbortController();
  const uplink = runUplink(
    {
      backlog,
      transport: createGrpcTransport(
        {
          address: `127.0.0.1:${wire.port}`,
          caFile: undefined,
          tlsMinVersion: "TLSv1.3",
          claimTokenFile: undefined,
          insecureLoopback: true,
        },
        true,
      ),
      clock,
      chance: createChance(seed + 1),
      introduction: {
        installationId: INSTALLATION,
        bootId: bootOf(seed),
        daemonVersion: "0.1.0",
        consentVersion: 1,
        consentScopes: ["telemetry"],
      },
      profile: "live",
      intervalSeconds: SEAL_SECONDS,
      limitStore: { read: () => undefined, write: () => undefined },
      log: (level, event, facts) => {
        if (level === "error") bugs.push(`${event} ${JSON.stringify(facts)}`);
      },
      withdrawn: new AbortController().signal,
    },
    ending.signal,
  );
  return {
    clock,
    backlog,
    store,
    wire,
    recorded: 0,
    bugs,
    async restartDoor() {
      wire.target = 0;
      await door.close();
      door = await open();
      wire.target = door.ports.main;
    },
    async close() {
      wire.setRules({});
      ending.abort();
      await uplink;
      await wire.close();
      await door.close();
      await backlog.close();
    },
  };
}

async function runOne(seed: number): Promise<Tally> {
  const tally = createTally();
  const fail = (what: string): void => {
    const repeat = `npm run -s faults -- network --seed ${seed} --seeds 1`;
    tally.failures.push(`seed ${seed}: ${what}; repeat: ${repeat}`);
  };
  const random = createRandom(seed);
  const line = await openLine(seed);
  const poll = setInterval(() => {
    line.backlog.record(snapshotOf(++line.recorded, line.clock));
  }, POLL_MS);
  try {
    for (let k = 0; k < EVENTS; k++) {
      await happen(line, random, tally);
      await pause(random() * EVENT_MS_MAX);
    }
    clearInterval(poll);
    line.wire.setRules({});
    await drainAndCount(line, tally, fail);
  } catch (fault) {
    tally.crashes++;
    fail(describeFault(fault));
  } finally {
    clearInterval(poll);
    await line.close();
  }
  for (const bug of line.bugs) fail(`told: ${describeFault(bug)}`);
  tally.crashes += line.bugs.length;
  return tally;
}

/** One thing goes wrong for a while. */
async function happen(line: Line, random: () => number, tally: Tally): Promise<void> {
  const { wire } = line;
  tally.runs++;
  const events: Record<string, () => WireRules | Promise<void>> = {
    reset: async () => wire.reset(),
    hangUp: async () => wire.hangUp(),
    cut: () => ({ isCut: true }),
    deaf: () => {
      wire.reset();
      return { isDeaf: true };
    },
    stallUp: () => ({ stall: "up" }),
    stallDown: () => ({ stall: "down" }),
    stall: () => ({ stall: "both" }),
    truncate: () => ({ cutAfterBytes: 1 + Math.floor(random() * 3_000) }),
    delay: () => ({ delayMs: 1 + random() * 60 }),
    replay: () => replay(line, random),
    garbage: () => sendRaw(wire.target, Buffer.from(createChance(random() * 1e9)(500))),
    restart: () => line.restartDoor(),
  };
  const names = Object.keys(events);
  const name = names[Math.floor(random() * names.length)] ?? "reset";
  addFigure(tally, name);
  const rules = await events[name]?.();
  if (rules === undefined) return;
  wire.setRules(rules);
  await pause(100 + random() * EVENT_MS_MAX * 2);
  // What was held up arrives late, or never.
  const isHeld = rules.stall !== undefined || rules.isDeaf === true;
  if (isHeld && random() < 0.5) wire.reset();
  wire.setRules({});
}

/** Everything that was once sent on a connection, or its beginning, comes again on another. */
async function replay({ wire }: Line, random: () => number): Promise<void> {
  const { recordings } = wire;
  const bytes = recordings[Math.floor(random() * recordings.length)];
  if (bytes === undefined || wire.target === 0) return;
  const length = random() < 0.5 ? bytes.length : Math.floor(random() * bytes.length);
  await sendRaw(wire.target, bytes.subarray(0, length));
}

async function sendRaw(port: number, bytes: Buffer): Promise<void> {
  if (port === 0) return;
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => socket.destroy());
  socket.resume();
  socket.write(bytes);
  await pause(150);
  socket.destroy();
}

async function drainAndCount(
  { backlog, store, recorded }: Line,
  tally: Tally,
  fail: (what: string) => void,
): Promise<void> {
  const waiting = (): number => backlog.status().snapshots + backlog.status().unsealed;
  // However slow the machine, and when it stands still: looks are counted, no time is measured.
  let least = Number.POSITIVE_INFINITY;
  for (let looks = 0; waiting() > 0 && looks < LOOKS_MAX; looks++) {
    if (waiting() < least) [least, looks] = [waiting(), 0];
    await pause(LOOK_MS);
  }
  const found: (number | undefined)[] = [];
  for await (const { batch } of store.blocks()) found.push(...numbersOf(batch, WORLD_TABLE));
  const stored = new Set(found);
  let lost = 0;
  for (let number = 1; number <= recorded; number++) if (!stored.has(number)) lost++;
  const doubled = found.length - stored.size;
  const { unaccounted, lost: told, rejected, duplicate } = backlog.status();
  const account = {
    invented: found.filter((number) => number === undefined).length,
    unaccounted: Math.abs(unaccounted),
    told,
    rejected,
    waiting: waiting(),
    miscounted: Math.abs(store.totals().snapshotsStored - found.length),
  };
  const unexplained = Object.values(account).reduce((sum, one) => sum + one, 0);
  tally.acked += stored.size;
  tally.lost += lost;
  tally.doubled += doubled;
  tally.unexplained += unexplained;
  addFigure(tally, "sentTwice", duplicate);
  if (lost + doubled + unexplained > 0) fail(JSON.stringify({ lost, doubled, ...account }));
}
