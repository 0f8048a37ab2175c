/**
 * The Modbus reader: how many requests a poll of an iDM takes, and how fast it reads from real
 * servers, beside what the same server gives a client that does nothing but ask.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Clock } from "#core/clock.js";
import { identifyingRegisters } from "#core/profile/identification.js";
import type { Profile, ProfileRegister } from "#core/profile/profile.js";
import { selectRegisters } from "#core/profile/register-choice.js";
import { connectModbusTcp } from "../daemon/device/modbus-tcp.js";
import { createRecordedReader } from "../daemon/device/recorded-reader.js";
import type { RegisterReader } from "../daemon/device/register-reader.js";
import { createRegisterSource } from "../daemon/poll/register-source.js";
import { idmImage, idmProfile } from "../test/support/idm-image.js";
import { LOOPBACK_RULES } from "../test/support/link-rules.js";
import {
  compileC,
  type ModbusPeer,
  startLibmodbus,
  startPymodbus,
} from "../test/support/modbus-peer.js";
import { isPeerMissing } from "../test/support/peer.js";
import { type BenchOptions, measure, skipCase } from "./harness.js";
import { askRaw } from "./raw-modbus-client.js";

/** Short rounds, many of them: a median that survives what else the machine does. */
const ROUNDS = 21;
/** The block that an iDM answers at once; every word of it has its own value. */
const BLOCK = { address: 1000, count: 40 };

const PEERS = [
  { name: "pymodbus", debian: "python3-pymodbus", start: startPymodbus, requests: 1000 },
  { name: "libmodbus", debian: "libmodbus-dev", start: startLibmodbus, requests: 3000 },
] as const;

/** Only what the reader needs: monotonic time, and sleeps that are never reached here. */
const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  isSynced: () => true,
  sleep: (_ms, signal) =>
    new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true })),
};

/** Prints every case of this bench. */
export async function run(options: BenchOptions): Promise<void> {
  await comparePlans(options);
  const folder = mkdtempSync(join(tmpdir(), "heatpool-bench-"));
  try {
    for (const { name, debian, start, requests } of PEERS) {
      if (isPeerMissing(debian)) {
        skipCase("modbus", `${name}-rate`, debian);
        continue;
      }
      const words = Array.from(
        { length: BLOCK.count },
        (_, at) => [BLOCK.address + at, at] as const,
      );
      const peer = await start(folder, new Map(words));
      try {
        await compareRates(name, peer, options.short ? requests / 20 : requests, folder, options);
      } finally {
        await peer.stop();
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Requests of a whole iDM poll, counted where they leave, beside the fewest that can be. */
async function comparePlans(options: BenchOptions): Promise<void> {
  const profile = idmProfile();
  for (const wanted of ["shared", "all"] as const) {
    const registers = selectRegisters(profile, { wanted });
    await measure(
      {
        bench: "modbus",
        case: `idm-requests-per-poll-${wanted}`,
        unit: "requests",
        better: "less",
        baseline: {
          name: `fewest possible for ${registers.length} registers`,
          round: () => fewestRequests(registers, profile.connection.wordsPerReadMax),
        },
        ours: () => countPoll(profile, wanted),
      },
      options,
    );
  }
}

async function countPoll(profile: Profile, wanted: "shared" | "all"): Promise<number> {
  const image = Array.from(idmImage(profile), ([address, word]) => ({ address, words: [word] }));
  const recorded = (["input", "holding"] as const).flatMap((space) =>
    image.map((one) => ({ unitId: 1, space, ...one })),
  );
  const reader = createRecordedReader(recorded);
  let requests = -identifyingRegisters(profile).length;
  const counting: RegisterReader = {
    ...reader,
    read(range) {
      requests++;
      return reader.read(range);
    },
  };
  const source = createRegisterSource({
    deviceId: "idm",
    profile,
    choice: { wanted },
    reader: counting,
    clock,
    quarantineStore: { load: async () => undefined, save: async () => {} },
    onNotice: (message) => {
      throw new Error(message);
    },
  });
  await source.take(new AbortController().signal);
  return requests;
}

/**
 * Found without the planner: per group and space the shortest way through the registers, where one
 * step is any run of adjacent ones that one request may ask for.
 */
function fewestRequests(registers: readonly ProfileRegister[], wordsMax: number): number {
  const lists = groupOf(registers);
  return [...lists.values()].reduce((sum, list) => sum + shortestWay(list, wordsMax), 0);
}

function groupOf(registers: readonly ProfileRegister[]): Map<string, ProfileRegister[]> {
  const groups = new Map<string, ProfileRegister[]>();
  for (const one of registers) {
    const key = [one.group, one.space, one.isSingle ? one.id : ""].join();
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return groups;
}

function shortestWay(list: readonly ProfileRegister[], wordsMax: number): number {
  const sorted = list.toSorted((a, b) => a.address - b.address);
  const fewest = [0];
  for (let last = 0; last < sorted.length; last++) {
    let best = Number.POSITIVE_INFINITY;
    for (
      let first = last;
      first >= 0 && isOneRun(sorted.slice(first, last + 1), wordsMax);
      first--
    ) {
      best = Math.min(best, (fewest[first] ?? 0) + 1);
    }
    fewest.push(best);
  }
  return fewest.at(-1) ?? 0;
}

function isOneRun(run: readonly ProfileRegister[], wordsMax: number): boolean {
  const ends = run.map((one) => one.address + one.format.words);
  const isAdjacent = run.slice(1).every(({ address }, at) => address === ends[at]);
  return isAdjacent && Math.max(...ends) - (run[0]?.address ?? 0) <= wordsMax;
}

async function compareRates(
  name: string,
  { port }: ModbusPeer,
  requests: number,
  folder: string,
  options: BenchOptions,
): Promise<void> {
  const ours = () => readWithReader(port, requests);
  const common = {
    bench: "modbus",
    unit: "requests/s",
    better: "more",
    rounds: ROUNDS,
    ours,
  } as const;
  await measure(
    {
      ...common,
      case: `${name}-rate`,
      baseline: {
        name: "raw TCP client in Node, one request in flight",
        round: async () => requests / (await askRaw({ port, ...BLOCK }, requests)),
      },
    },
    options,
  );
  if (isPeerMissing("libmodbus-dev")) return skipCase("modbus", `${name}-rate-c`, "libmodbus-dev");
  const client = compileC(folder, fileURLToPath(new URL("libmodbus-client.c", import.meta.url)));
  await measure(
    {
      ...common,
      case: `${name}-rate-c`,
      baseline: { name: "C client on libmodbus", round: () => askWithC(client, port, requests) },
    },
    options,
  );
}

/** Reads per second of the reader, every value compared. */
async function readWithReader(port: number, requests: number): Promise<number> {
  const reader = connectModbusTcp({ host: "127.0.0.1", port }, LOOPBACK_RULES, clock);
  const range = { unitId: 1, space: "input", ...BLOCK } as const;
  await reader.read(range);
  const start = performance.now();
  for (let turn = 0; turn < requests; turn++) {
    const words = await reader.read(range);
    if (words.length !== BLOCK.count || words[39] !== 39) throw new Error(`wrong words: ${words}`);
  }
  const seconds = (performance.now() - start) / 1000;
  await reader.close();
  return requests / seconds;
}

function askWithC(client: string, port: number, requests: number): number {
  const args = [port, BLOCK.address, BLOCK.count, requests].map(String);
  const { stdout, status } = spawnSync(client, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`the C client ended with ${status}`);
  return Number(stdout);
}
