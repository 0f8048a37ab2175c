/**
 * Bytes that a day of one house takes on the wire, both ways, from the connect to the close: the
 * real uplink, a proxy that counts, and the real backend over TLS 1.3. The day passes as fast as
 * acks come; the bytes are real. The baseline is what the earlier client sent, without its headers.
 *
 * Each round is the mean of four houses that the backend has never seen; it knows their channel
 * table, as of any house but the first of its kind. What keeps a `live` stream warm is measured
 * over a minute and multiplied.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Clock } from "#core/clock.js";
import type { Backlog, DeviceStream } from "../daemon/backlog/backlog.js";
import { createMemoryBacklog } from "../daemon/backlog/memory-backlog.js";
import { createSystemClock } from "../daemon/host/system-clock.js";
import { createGrpcTransport } from "../daemon/uplink/grpc-transport.js";
import { runUplink } from "../daemon/uplink/uplink.js";
import { type Link, openLink } from "../scripts/demo/link.js";
import { createFakeClock } from "../test/support/fake-clock.js";
import { type Dataset, generate, REFERENCE_HOUSES, slice, toLegacyJson } from "./gen.mjs";
import { METRIC_OF_CHANNEL } from "./gen-metrics.js";
import { type BenchOptions, measure, skipCase } from "./harness.js";
import { startIngestServer } from "./ingest-process.js";
import { isPackaged } from "./program-bed.js";
import { DEVICE_ID, STEP_MS, toSnapshots, toTable } from "./reference-data.js";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const CASES = [
  { name: "24 hourly batches", sealSeconds: 3_600 },
  { name: "one batch", sealSeconds: 86_400 },
  { name: "288 batches", sealSeconds: 300 },
] as const;

/** Keepalive of a live stream is every 20 s, its own ping every 30 s. */
const WARM_SECONDS = 60;
/** The first exchange after the hello is over by then. */
const SETTLED_MS = 2_000;
/** The longest wait before the first attempt. */
const CONNECT_MS = 2_000;
const LOOK_MS = 2;
const ACKED_MAX_MS = 30_000;

/** What the uplinks of a round share. */
interface Wire {
  readonly link: Link;
  readonly caFile: string;
}

/** See `Bench` in the harness. */
export async function run(options: BenchOptions): Promise<void> {
  if (!isPackaged()) return skipCase("wire", "backend", "npm run build");
  const folder = mkdtempSync(join(tmpdir(), "heatpool-bench-"));
  const server = await startIngestServer(folder);
  const link = await openLink(server.port);
  const wire = { link, caFile: join(folder, "ca.crt") };
  writeFileSync(wire.caFile, server.ca);
  const houses = REFERENCE_HOUSES.slice(0, options.short ? 1 : undefined).map(makeHouse);
  try {
    const warmBytes = options.short ? undefined : await countWarmth(wire, houses[0] as Dataset);
    for (const one of CASES) await compare(one, { wire, houses, warmBytes }, options);
  } finally {
    await link.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(
  { name, sealSeconds }: (typeof CASES)[number],
  of: { wire: Wire; houses: readonly Dataset[]; warmBytes: number | undefined },
  options: BenchOptions,
): Promise<void> {
  const { wire, houses, warmBytes } = of;
  const rowsPerBody = (sealSeconds * 1000) / STEP_MS;
  const legacy = mean(houses.map((house) => countLegacy(house, rowsPerBody)));
  const codecs = new Set<number>();
  let [up, down] = [0, 0];
  await measure(
    {
      bench: "wire",
      case: `a day of 60 channels at 60 s, ${name}, one connection`,
      unit: "kB/day",
      better: "less",
      baseline: { name: "JSON bodies of the earlier client", round: () => legacy / 1e3 },
      async ours() {
        const before = { up: wire.link.bytesUp, down: wire.link.bytesDown };
        for (const house of houses) await deliverDay(wire, house, sealSeconds, codecs);
        up = (wire.link.bytesUp - before.up) / houses.length / 1e3;
        down = (wire.link.bytesDown - before.down) / houses.length / 1e3;
        return up + down;
      },
      also: () => ({
        codecs: [...codecs].join(),
        upKB: Number(up.toFixed(2)),
        downKB: Number(down.toFixed(2)),
        ...(warmBytes === undefined ? {} : { kBPerDayToKeepLiveStreamWarm: warmBytes / 1e3 }),
      }),
    },
    options,
  );
}

/** A house in our vocabulary whose day ended an hour ago. */
function makeHouse(house: (typeof REFERENCE_HOUSES)[number]): Dataset {
  const data = generate({ ...house, days: 1 });
  const endMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS;
  const shiftMs = endMs - DAY_MS - Math.round((data.timesMs[0] ?? 0) / STEP_MS) * STEP_MS;
  const channels = data.channels.map((channel) => ({
    ...channel,
    name: METRIC_OF_CHANNEL[channel.name] ?? channel.name,
  }));
  return { ...data, channels, timesMs: data.timesMs.map((timeMs) => timeMs + shiftMs) };
}

function countLegacy(house: Dataset, rows: number): number {
  let bytes = 0;
  for (let from = 0; from < house.n; from += rows) {
    bytes += toLegacyJson(slice(house, from, from + rows)).length;
  }
  return bytes;
}

/** One house's day over a connection of its own. */
async function deliverDay(
  wire: Wire,
  house: Dataset,
  sealSeconds: number,
  codecs: Set<number>,
): Promise<void> {
  const snapshots = toSnapshots(house);
  const startMs = Math.floor((snapshots[0]?.takenAtMs ?? 0) / STEP_MS) * STEP_MS;
  const clock = createFakeClock(startMs);
  const backlog = await openBacklog(house, clock);
  const ending = new AbortController();
  const uplink = startUplink(wire, backlog, { clock, sealSeconds, isLive: false }, ending.signal);
  // Time stands still while the connection is made, or the uplink would think it dead.
  await clock.advance(CONNECT_MS);
  await until(() => uplink.isOnline());
  for (const [k, snapshot] of snapshots.entries()) {
    backlog.record({ ...snapshot, monotonicMs: snapshot.takenAtMs - startMs });
    // The backlog seals what waited for an hour; a whole day waits only while nobody looks.
    const isAway = sealSeconds * 1000 > HOUR_MS;
    if (!isAway) await clock.advance(STEP_MS);
    else if (k + 1 === snapshots.length) await clock.advance(DAY_MS);
    if (((k + 1) * STEP_MS) % (sealSeconds * 1000) > 0) continue;
    await noteCodecs(backlog, codecs);
    await until(() => backlog.status().admitted === k + 1);
  }
  ending.abort();
  await until(
    () => uplink.isOver(),
    () => clock.advance(1_000),
  );
  assert.equal(backlog.status().admitted, house.n, "snapshots admitted");
}

async function noteCodecs(backlog: Backlog, codecs: Set<number>): Promise<void> {
  const { epochId } = backlog.status();
  for (const { sealed } of await backlog.after(epochId, 0, 1)) codecs.add(sealed.codec);
}

/** Bytes a day by which an idle live stream is kept warm. */
async function countWarmth(wire: Wire, house: Dataset): Promise<number> {
  const clock = createSystemClock();
  const backlog = await openBacklog(house, clock);
  const ending = new AbortController();
  const pace = { clock, sealSeconds: 3_600, isLive: true };
  const uplink = startUplink(wire, backlog, pace, ending.signal);
  const bytes = () => wire.link.bytesUp + wire.link.bytesDown;
  await until(() => bytes() > 0);
  await pause(SETTLED_MS);
  const before = bytes();
  await pause(WARM_SECONDS * 1000);
  const perDay = ((bytes() - before) * DAY_MS) / (WARM_SECONDS * 1000);
  ending.abort();
  await until(() => uplink.isOver());
  return perDay;
}

function openBacklog(house: Dataset, clock: Clock): Promise<Backlog> {
  const stream: DeviceStream = {
    deviceId: DEVICE_ID,
    profile: "idm/navigator-2.0",
    profileVersion: 1,
    heatpumpModel: "idm/navigator-2.0",
    table: toTable(house.channels),
    stepMs: STEP_MS,
  };
  const options = { streams: [stream], bootId: randomUUID(), clock, chance: randomUuidBytes };
  return createMemoryBacklog(options);
}

function startUplink(
  { link, caFile }: Wire,
  backlog: Backlog,
  pace: { clock: Clock; sealSeconds: number; isLive: boolean },
  signal: AbortSignal,
): { isOnline(): boolean; isOver(): boolean } {
  const endpoint = {
    address: `localhost:${link.port}`,
    caFile,
    tlsMinVersion: "TLSv1.3",
    claimTokenFile: undefined,
    insecureLoopback: false,
  } as const;
  let isOnline = false;
  let isOver = false;
  const running = runUplink(
    {
      backlog,
      transport: createGrpcTransport(endpoint, pace.isLive),
      clock: pace.clock,
      // The greatest chance: the first seal falls due after a whole interval.
      chance: (count) => new Uint8Array(count).fill(0xff),
      introduction: {
        installationId: randomUUID(),
        bootId: randomUUID(),
        daemonVersion: "0.1.0",
        consentVersion: 1,
        consentScopes: ["telemetry"],
      },
      profile: pace.isLive ? "live" : "economy",
      intervalSeconds: pace.sealSeconds,
      limitStore: { read: () => undefined, write: () => undefined },
      log: () => undefined,
      withdrawn: new AbortController().signal,
      onState: (state) => {
        isOnline = state.isOnline;
      },
    },
    signal,
  );
  void running.finally(() => {
    isOver = true;
  });
  return { isOnline: () => isOnline, isOver: () => isOver };
}

function randomUuidBytes(count: number): Uint8Array {
  return Buffer.from(randomUUID().replaceAll("-", ""), "hex").subarray(0, count);
}

/** Looks again and again, because sockets take real time. */
async function until(
  isDone: () => boolean,
  meanwhile: () => Promise<void> = async () => undefined,
): Promise<void> {
  const endMs = Date.now() + ACKED_MAX_MS;
  while (!isDone()) {
    assert.ok(Date.now() < endMs, "nothing happened for too long");
    await meanwhile();
    await pause(LOOK_MS);
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
