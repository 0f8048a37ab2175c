/**
 * Devices that answer late, twice, short, foreign, rubbish, half or not at all: every fault mode of
 * the raw fault server, in random order, against the real reader and the real poll. No value may
 * ever be another register's, and a device that is well again is read in full again.
 */
import { HeatpoolError } from "#core/errors.js";
import type { RegisterRange } from "#core/profile/register-range.js";
import { connectModbusTcp, type ModbusTcpReader } from "../daemon/device/modbus-tcp.js";
import { createRegisterSource, type RegisterSource } from "../daemon/poll/register-source.js";
import { createRandom } from "../test/support/chance.js";
import {
  contentOf,
  FAULTS,
  type FaultName,
  type FaultServer,
  startFaultServer,
} from "../test/support/fault-server.js";
import { LOOPBACK_RULES } from "../test/support/link-rules.js";
import { plainProfile, plainRegister } from "../test/support/plain-profile.js";
import { createSwiftClock, type SwiftClock } from "../test/support/swift-clock.js";
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

const SEEDS_USUAL = 50;
const AT_ONCE = 4;
/** Shorter than the fault server's late answers. */
const RULES = { ...LOOPBACK_RULES, timeoutMs: 120 };
const READS = 600;
/** One read in so many meets a fault. */
const READS_PER_FAULT = 10;
const COUNT_MIN = 32;
const COUNT_SPAN = 93;
const POLLS = 60;
/** Polls of a device that is well again; the longest recheck of the quarantine is a day. */
const WELL_POLLS = 30;
const HOUR_MS = 3_600_000;
/** In ranges of their own, and neighbours. */
const ADDRESSES = [10, 11, 12, 13, 40, 41, 100, 101, 102, 103, 104, 300];
const FUNCTIONS = { coil: 1, discrete: 2, holding: 3, input: 4 } as const;
const SPACES = ["input", "holding", "coil", "discrete"] as const;
const UNIT = 1;
const INPUT = 4;

const NAMES = Object.keys(FAULTS) as FaultName[];
/** Faults that end in a time-out cost a tenth of a second each. */
const SLOW = /late|silence|transaction/;

export async function run(request: Request): Promise<Tally> {
  const all = createTally();
  await inParallel(seedsOf(request, SEEDS_USUAL), AT_ONCE, async (seed) => {
    addTally(all, await runOne(seed));
    request.note(`${all.runs} faults, ${all.acked} reads, ${all.failures.length} failures`);
  });
  return all;
}

async function runOne(seed: number): Promise<Tally> {
  const tally = createTally();
  const server = await startFaultServer();
  const clock = createSwiftClock();
  const reader = connectModbusTcp({ host: "127.0.0.1", port: server.port }, RULES, clock);
  const random = createRandom(seed);
  const fail = (what: string): void => {
    const repeat = `npm run -s faults -- device --seed ${seed} --seeds 1`;
    tally.failures.push(`seed ${seed}: ${what}; repeat: ${repeat}`);
  };
  try {
    await readAtRandom({ server, reader, random }, tally, fail);
    await pollAtRandom({ server, reader, clock, random }, tally, fail);
    if (server.inFlightMax > 1) {
      tally.unexplained++;
      fail(`${server.inFlightMax} requests in flight at once`);
    }
  } catch (fault) {
    tally.crashes++;
    fail(describeFault(fault));
  } finally {
    await reader.close();
    await server.close();
  }
  return tally;
}

function pickFault(random: () => number): FaultName {
  const name = NAMES[Math.floor(random() * NAMES.length)] ?? "close";
  // Each is met, the slow ones less often.
  return SLOW.test(name) && random() < 0.7 ? "reset" : name;
}

interface ReadBed {
  readonly server: FaultServer;
  readonly reader: ModbusTcpReader;
  readonly random: () => number;
}

function readOnce(
  reader: ModbusTcpReader,
  range: RegisterRange,
): Promise<readonly number[] | HeatpoolError> {
  return reader.read(range).catch((error: unknown) => {
    if (!(error instanceof HeatpoolError)) throw error;
    return error;
  });
}

/** Single reads; one in ten meets a fault, the next must be right. */
async function readAtRandom(
  { server, reader, random }: ReadBed,
  tally: Tally,
  fail: (what: string) => void,
): Promise<void> {
  let [faults, lateByUs] = [0, 0];
  let last: FaultName | undefined;
  const before = server.connections;
  for (let turn = 0; turn < READS; turn++) {
    const space = SPACES[turn % SPACES.length] ?? "input";
    const address = Math.floor(random() * 5_000);
    // Long enough that half a frame is not a whole one, nor an echo an answer of three bytes.
    const count = COUNT_MIN + Math.floor(random() * COUNT_SPAN);
    const range = { unitId: turn % 3, space, address, count };
    const fault = turn % READS_PER_FAULT === 0 ? pickFault(random) : undefined;
    if (fault !== undefined) {
      server.plan(fault);
      last = fault;
      faults++;
      tally.runs++;
      addFigure(tally, "faults");
    }
    let words = await readOnce(reader, range);
    // A machine that is busy may be late itself, once.
    const isLate = words instanceof HeatpoolError && words.code === "DEVICE_TIMEOUT";
    if (fault === undefined && isLate) {
      addFigure(tally, "lateByUs");
      lateByUs++;
      words = await readOnce(reader, range);
    }
    if (words instanceof HeatpoolError) {
      if (fault !== undefined) continue;
      tally.lost++;
      fail(`read ${turn} without a fault (last: ${last}): ${words.message}`);
      continue;
    }
    tally.acked++;
    const isRight =
      words.length === range.count &&
      words.every(
        (word, k) => word === contentOf(FUNCTIONS[space], range.unitId, range.address + k),
      );
    if (isRight) continue;
    tally.unexplained++;
    fail(`read ${turn} got wrong values (last fault: ${last})`);
  }
  const connects = server.connections - before - lateByUs;
  if (connects <= faults + 1) return;
  tally.unexplained++;
  fail(`${connects} connections for ${faults} faults`);
}

/** Whole polls of a profile: what has a value has its own; when the device is well, all have. */
async function pollAtRandom(
  { server, reader, clock, random }: ReadBed & { clock: SwiftClock },
  tally: Tally,
  fail: (what: string) => void,
): Promise<void> {
  const registers = ADDRESSES.map((address) => plainRegister(address, { max: 65_535 }));
  const source = createRegisterSource({
    deviceId: "unit-1",
    profile: plainProfile(registers, { wordsPerReadMax: 8 }),
    choice: { wanted: "all" },
    reader,
    clock,
    quarantineStore: { load: async () => undefined, save: async () => undefined },
    onNotice: () => undefined,
  });
  for (let poll = 0; poll < POLLS; poll++) {
    clock.pass(60_000);
    if (random() < 0.6) {
      const faults = Array.from({ length: 1 + Math.floor(random() * 3) }, () => pickFault(random));
      server.plan(...faults);
      tally.runs += faults.length;
      addFigure(tally, "faults", faults.length);
    }
    await takeOne(source, tally, fail);
  }
  await untilPlanned(source, server, clock);
  let readings = 0;
  for (let poll = 0; poll < WELL_POLLS && readings < ADDRESSES.length; poll++) {
    clock.pass(HOUR_MS);
    readings = await takeOne(source, tally, fail);
  }
  if (readings === ADDRESSES.length) return;
  tally.lost += ADDRESSES.length - readings;
  fail(`only ${readings} of ${ADDRESSES.length} registers are read of a device that is well`);
}

/** Lets the faults that are still planned happen. */
async function untilPlanned(
  source: RegisterSource,
  server: FaultServer,
  clock: SwiftClock,
): Promise<void> {
  for (let poll = 0; poll < 3; poll++) {
    clock.pass(60_000);
    await source.take(new AbortController().signal).catch(() => undefined);
  }
  server.clear();
}

/** One poll. Returns how many readings have a value. */
async function takeOne(
  source: RegisterSource,
  tally: Tally,
  fail: (what: string) => void,
): Promise<number> {
  const snapshot = await source.take(new AbortController().signal).catch((error: unknown) => {
    if (!(error instanceof HeatpoolError)) throw error;
    return undefined;
  });
  let values = 0;
  for (const { metric, value } of snapshot?.readings ?? []) {
    if (value === undefined) continue;
    values++;
    if (value === contentOf(INPUT, UNIT, Number(metric.slice(1)))) continue;
    tally.unexplained++;
    fail(`${metric} was read as ${value}`);
  }
  tally.acked += values;
  return values;
}
