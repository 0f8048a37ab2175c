/**
 * One installation sends a hundred times what an honest one does, by gRPC and by HTTP: it is told
 * when to come again, nothing of it is lost by waiting, and nobody else notices.
 *
 * The limits are those of an ordinary backend. Time stands still unless a test moves it, so that
 * what is taken is a matter of counting.
 */
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toWireTable } from "#core/batch/wire-batch.js";
import { parseUuid } from "#core/uuid.js";
import { QUOTA_DEFAULTS } from "../../backend/ingest/quota.js";
import { hello, type OpenDoor, openDoor, type Talk, talk } from "../support/door.js";
import { createFakeBehind } from "../support/fake-behind.js";
import { type HttpDoor, NOW_MS, OWN, OWNER, openHttpDoor, SHARED } from "../support/http-door.js";
import { EPOCH, installationId, makeBatch, TABLE } from "../support/pool-bed.js";

const MINUTE_MS = 60_000;
const FLOOD = 100;
/** What an honest daemon sends: an hour at a time. */
const ROWS = 60;
/** As much as a batch may hold. */
const ROWS_MAX = 2_000;
/** Others that send meanwhile. */
const HONEST = 5;

let http: HttpDoor;
let door: OpenDoor;
const talks: Talk[] = [];

beforeEach(async () => {
  http = await openHttpDoor({ limits: QUOTA_DEFAULTS });
  const behind = { ...createFakeBehind(), ingest: http.bed.ingest };
  const listener = { messageBytesMax: 512 * 1024, streamsMax: 4 };
  door = await openDoor({
    behind,
    clock: http.clock,
    limits: { ...listener, connectionAgeMaxMs: 86_400_000, keepaliveMs: 0 },
  });
});

afterEach(async () => {
  for (const one of talks.splice(0)) one.close();
  await Promise.all([door.close(), http.close()]);
  expect([...door.bugs, ...http.bugs]).toEqual([]);
});

/** A daemon that was welcomed, with what it has to send in batches of so many rows. */
async function daemon(n: number, rows: number, firstUnacked = 1) {
  const call = talk(door.ports.main);
  talks.push(call);
  const epochId = Buffer.from(parseUuid(EPOCH) ?? []);
  const device = {
    deviceId: "heatpump",
    profile: "idm/navigator-2.0",
    profileVersion: 1,
    heatpumpModel: "idm/navigator-2.0",
    tableId: Buffer.from(TABLE.id),
    stepMs: MINUTE_MS,
    timeToleranceMs: 1_000,
  };
  call.say(
    hello(n, {
      installationId: Buffer.from(parseUuid(installationId(n)) ?? []),
      devices: [device],
      epochs: [{ epochId, firstUnacked: BigInt(firstUnacked), lastSealed: 1_000n }],
    }),
  );
  const welcome = await call.hear();
  if (welcome?.$case !== "welcome") throw new Error(`no welcome: ${welcome?.$case}`);
  if (welcome.value.unknownTables.length > 0) {
    call.say({ $case: "table", value: toWireTable(TABLE) });
  }
  const firstMs = NOW_MS - 300 * 86_400_000;
  const send = (sequence: number): void => {
    const fromMs = firstMs + sequence * rows * MINUTE_MS;
    const values = Array.from({ length: rows }, (_, row) => [row % 90, 300, sequence]);
    const { prior: _, ...batch } = makeBatch(sequence, fromMs, values);
    call.say({
      $case: "batch",
      value: {
        ...batch,
        sequence: BigInt(sequence),
        slot: BigInt(batch.slot ?? 0),
        prior: 0,
        continues: false,
        backlog: false,
        block: Buffer.from(batch.block),
      },
    });
  };
  return { call, send };
}

/** Sends and hears the answer, as often as the daemon is not told to wait. */
async function sendUntilRefused(
  { call, send }: Awaited<ReturnType<typeof daemon>>,
  from: number,
  to: number,
) {
  for (let sequence = from; sequence <= to; sequence++) {
    send(sequence);
    const answer = await call.hear();
    if (answer?.$case === "control") return { sequence, pauseMs: answer.value.pauseMs };
    expect(answer).toMatchObject({ $case: "ack", value: { ackedThrough: BigInt(sequence) } });
  }
  return { sequence: to + 1, pauseMs: 0 };
}

const stored = (n: number): number =>
  http.bed.registry.find(installationId(n))?.snapshotsStored ?? 0;

function submit(token: string, id: string, records: number, firstMs = NOW_MS - records * 1000) {
  const data = Array.from({ length: records }, (_, k) => ({
    timestamp: (firstMs + k * 1000) / 1000,
    temp_outdoor: k % 30,
  }));
  return fetch(`${http.url}/api/v1/submit`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ installation_id: id, heatpump_model: "M", version: "1", data }),
  });
}

/** Some others send an honest batch each, by both ways, and are taken at once. */
async function othersAreTaken(sequence: number): Promise<void> {
  for (let n = 1; n <= HONEST; n++) {
    const other = await daemon(n, ROWS, sequence);
    other.send(sequence);
    const answer = await other.call.hear();
    expect(answer).toMatchObject({ $case: "ack", value: { ackedThrough: BigInt(sequence) } });
    other.call.close();
    expect(stored(n)).toBe(ROWS * sequence);
    const id = `0b5d9c1e-2e47-4f6b-9d2b-6e5d1e4c8a${10 + n}`;
    expect((await submit(SHARED, id, ROWS, NOW_MS - sequence * 100_000)).status).toBe(200);
  }
}

describe("a hundred times the honest rate of one installation", () => {
  it("by gRPC at once is paused with a time, and taken when it has passed", async () => {
    const flood = await daemon(99, ROWS);
    const { sequence, pauseMs } = await sendUntilRefused(flood, 1, FLOOD);
    expect(sequence).toBe(QUOTA_DEFAULTS.batchesBurst + 1);
    expect(pauseMs).toBe(1000 / QUOTA_DEFAULTS.batchesPerSecond);
    expect(stored(99)).toBe(ROWS * QUOTA_DEFAULTS.batchesBurst);
    await othersAreTaken(1);
    // The batch that was too much is in hand: it need not be sent again.
    await http.clock.advance(pauseMs);
    expect(await flood.call.hear()).toMatchObject({ value: { ackedThrough: BigInt(sequence) } });
  });

  it("by gRPC all day is refused with the time to come again, and so is coming again too early", {
    timeout: 120_000,
  }, async () => {
    const perDay = QUOTA_DEFAULTS.snapshotsPerDay / ROWS_MAX;
    let flood = await daemon(99, ROWS_MAX);
    let next = 1;
    const clock = http.clock;
    for (let pauseMs = 1; pauseMs > 0 && next <= perDay; ) {
      ({ sequence: next, pauseMs } = await sendUntilRefused(flood, next, perDay));
      if (pauseMs === 0) break;
      await clock.advance(pauseMs);
      expect(await flood.call.hear()).toMatchObject({ $case: "ack" });
      next++;
    }
    const fromMs = clock.monotonicMs();
    for (let tries = 0; tries < 3; tries++) {
      flood = tries === 0 ? flood : await daemon(99, ROWS_MAX, next);
      // What the day's share has gained since the morning is taken; then it is over.
      for (;;) {
        flood.send(next);
        const answer = await flood.call.hear().catch(() => undefined);
        if (answer?.$case !== "ack") break;
        next++;
      }
      const end = await flood.call.ended;
      expect(end.code).toBe(status.RESOURCE_EXHAUSTED);
      const [hint] = end.metadata.get("retry-after-ms");
      // So long does a batch of this size take to be earned.
      const longest = (86_400_000 * ROWS_MAX) / QUOTA_DEFAULTS.snapshotsPerDay;
      expect(Number(hint)).toBeGreaterThan(20_000);
      expect(Number(hint)).toBeLessThanOrEqual(longest);
      if (tries === 2) await clock.advance(Number(hint));
    }
    await othersAreTaken(1);
    expect(clock.monotonicMs() - fromMs).toBeLessThan(86_400_000);
    flood = await daemon(99, ROWS_MAX, next);
    flood.send(next);
    expect(await flood.call.hear()).toMatchObject({ value: { ackedThrough: BigInt(next) } });
    // Some of it is of days to come; what was acknowledged is stored or refused with a reason.
    const { snapshotsStored = 0, snapshotsRejected = 0 } =
      http.bed.registry.find(installationId(99)) ?? {};
    expect(snapshotsStored + snapshotsRejected).toBe(next * ROWS_MAX);
  });

  it("by HTTP is 429 with Retry-After, stores nothing twice, and is taken later", {
    timeout: 120_000,
  }, async () => {
    const perSubmission = 1_000;
    const from = (k: number): number => NOW_MS - (k + 1) * perSubmission * 1000;
    const taken: number[] = [];
    let refused: Response | undefined;
    for (let k = 0; k < FLOOD && refused === undefined; k++) {
      const answer = await submit(OWN, OWNER, perSubmission, from(k));
      if (answer.status === 200) taken.push(k);
      else refused = answer;
    }
    expect(refused?.status).toBe(429);
    const waitS = Number(refused?.headers.get("retry-after"));
    expect(waitS).toBeGreaterThan(0);
    expect(await refused?.json()).toEqual({
      detail: "Too many requests. Please try again later.",
    });
    await othersAreTaken(1);
    // At once it is refused again; after the time it is taken, and counted once.
    expect((await submit(OWN, OWNER, perSubmission, from(taken.length))).status).toBe(429);
    await http.clock.advance(waitS * 1000);
    expect((await submit(OWN, OWNER, perSubmission, from(taken.length))).status).toBe(200);
    const { snapshotsStored } = http.bed.registry.find(OWNER) ?? {};
    expect(snapshotsStored).toBe((taken.length + 1) * perSubmission);
  });
});
