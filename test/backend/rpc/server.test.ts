/**
 * The door as strangers find it: what is not for them is not there, what is too large or malformed
 * is refused, and nothing they send ends the process.
 */
import { connect } from "node:http2";
import { credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it, vi } from "vitest";
import { AdminServiceClient } from "#proto/heatpool/admin/v1/admin_service.js";
import { CommunityServiceClient } from "#proto/heatpool/community/v1/community_service.js";
import { ModelServiceClient } from "#proto/heatpool/model/v1/model_service.js";
import { DeliverRequest } from "#proto/heatpool/telemetry/v1/telemetry.js";
import type { ExportPart } from "../../../backend/privacy/subject-rights.js";
import { connectAdmin } from "../../../backend/rpc/admin-client.js";
import { decodeRequest } from "../../../backend/rpc/request-frame.js";
import type { DoorParts } from "../../../backend/rpc/server.js";
import { collect } from "../../contract/snapshot-store-contract.js";
import { createChance, createRandom } from "../../support/chance.js";
import {
  batch,
  hello,
  LIMITS,
  type OpenDoor,
  openDoor,
  type Talk,
  talk,
} from "../../support/door.js";
import { temporaryFolder } from "../../support/folder.js";

const TOKEN = "hpct_right";
const id = "0aa7b810-9dad-41d1-80b4-00c04fd430c8";
const insecure = credentials.createInsecure();

/** Real connections, on a machine that may be busy with other things. */
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

let door: OpenDoor;
let talks: Talk[] = [];

async function start(changes: Partial<DoorParts> = {}): Promise<void> {
  door = await openDoor(changes);
}

afterEach(async () => {
  for (const one of talks) one.close();
  talks = [];
  await door.close();
  expect(door.bugs).toEqual([]);
});

/** Asks with a token; resolves with the answer or with its error. */
function ask<Response>(
  call: (
    metadata: Metadata,
    done: (error: ServiceError | null, response: Response) => void,
  ) => unknown,
  authorization?: string,
): Promise<Response | ServiceError> {
  const metadata = new Metadata();
  if (authorization !== undefined) metadata.set("authorization", authorization);
  return new Promise((resolve) => {
    call(metadata, (error, response) => resolve(error ?? response));
  });
}

describe("claim tokens on the public listener", () => {
  const request = { installationId: id, heatpumpModel: "" };
  const asks = (authorization?: string) => {
    const client = new ModelServiceClient(`127.0.0.1:${door.ports.main}`, insecure);
    return ask(
      (metadata, done) => client.checkEligibility(request, metadata, done),
      authorization,
    ).finally(() => client.close());
  };

  it("open it to who shows one, in any spelling of the scheme", async () => {
    await start({ isKnownToken: (token) => token === TOKEN });
    for (const scheme of ["Bearer", "bearer", "BEARER "]) {
      expect(await asks(`${scheme} ${TOKEN}`)).toMatchObject({ eligible: true, daysWithData: 3 });
    }
  });

  it.each([undefined, "", "Bearer", `Basic ${TOKEN}`, "Bearer wrong", `Bearer ${TOKEN}x`, TOKEN])(
    "keep it shut to %j",
    async (authorization) => {
      await start({ isKnownToken: (token) => token === TOKEN });
      expect(await asks(authorization)).toMatchObject({ code: status.UNAUTHENTICATED });
    },
  );

  it("keep streams shut before a byte of them is read", async () => {
    await start({ isKnownToken: (token) => token === TOKEN });
    const stranger = talk(door.ports.main);
    talks.push(stranger);
    stranger.say(hello());
    expect(await stranger.ended).toMatchObject({ code: status.UNAUTHENTICATED });
    const known = talk(door.ports.main, { token: TOKEN });
    talks.push(known);
    known.say(hello());
    expect(await known.hear()).toMatchObject({ $case: "welcome" });
    expect(door.behind.opened).toHaveLength(1);
  });

  it("are not asked for how large the pool is", async () => {
    await start({ isKnownToken: () => false });
    const client = new CommunityServiceClient(`127.0.0.1:${door.ports.main}`, insecure);
    const pool = await ask((metadata, done) => client.getPoolStatus({}, metadata, done));
    expect(pool).toMatchObject({ totalDataPoints: 5_000_000_000n, messageDe: "genug" });
    const request = { heatpumpModel: "", metrics: [] };
    const averages = await ask((metadata, done) => client.getAverages(request, metadata, done));
    expect(averages).toMatchObject({ code: status.UNAUTHENTICATED });
    client.close();
  });
});

describe("questions", () => {
  it("about averages are answered, with percentiles left out where they are missing", async () => {
    await start();
    const client = new CommunityServiceClient(`127.0.0.1:${door.ports.main}`, insecure);
    const request = { heatpumpModel: "idm/navigator-2.0", metrics: ["temp_flow"] };
    const answer = await ask((metadata, done) => client.getAverages(request, metadata, done));
    expect(answer).toMatchObject({
      installations: 15,
      metrics: [{ mean: 35.12, p10: undefined, p90: 41.25, unit: "°C" }],
    });
    for (const bad of [{ metrics: ["nonsense"] }, { metrics: Array<string>(65).fill("a") }]) {
      const refused = await ask((metadata, done) =>
        client.getAverages({ ...request, ...bad }, metadata, done),
      );
      expect(refused).toMatchObject({ code: status.INVALID_ARGUMENT });
    }
    client.close();
  });

  it("about eligibility take an id in any usual spelling, and no other text", async () => {
    await start();
    const client = new ModelServiceClient(`127.0.0.1:${door.ports.main}`, insecure);
    const asks = (installationId: string) =>
      ask((metadata, done) =>
        client.checkEligibility({ installationId, heatpumpModel: "" }, metadata, done),
      );
    for (const spelling of [
      id,
      id.toUpperCase(),
      `{${id}}`,
      `urn:uuid:${id}`,
      id.replaceAll("-", ""),
    ]) {
      expect(await asks(spelling)).toMatchObject({ eligible: true, code: 1 });
    }
    for (const other of ["", "x", `${id}0`, id.replace("-41d1", "-11d1"), `{${id}`]) {
      expect(await asks(other)).toMatchObject({ code: status.INVALID_ARGUMENT });
    }
    client.close();
  });
});

describe("the operator's listener", () => {
  it("answers, in pages", async () => {
    const socket = `${temporaryFolder()}/admin.sock`;
    await start({ admin: { kind: "unix", path: socket } });
    const admin = connectAdmin(`unix:${socket}`, undefined, door.clock);
    door.clock.stepWall(Date.now());
    expect(await admin.status()).toMatchObject({
      version: "1.2.3",
      openStreams: 0,
      snapshotsStored: 100,
      warnings: ["Node is old"],
    });
    const found = [];
    for await (const one of admin.installations()) found.push(one.installationId.slice(0, 8));
    expect(found).toEqual(["00000000", "00000001", "00000002"]);
    await expect(admin.releaseStatistics()).rejects.toMatchObject({ code: "TOO_SOON" });
    admin.close();
    const client = new AdminServiceClient(`unix:${socket}`, insecure, {
      "grpc.default_authority": "localhost",
    });
    const page = (pageSize: number, pageToken: string) =>
      ask((metadata, done) => client.listInstallations({ pageSize, pageToken }, metadata, done));
    const first = await page(2, "");
    expect(first).toMatchObject({ nextPageToken: "00000001-0000-4000-8000-000000000000" });
    const { nextPageToken } = first as { nextPageToken: string };
    expect(await page(2, nextPageToken)).toMatchObject({ nextPageToken: "" });
    expect(await page(1001, "")).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(await page(1, "no id")).toMatchObject({ code: status.INVALID_ARGUMENT });
    client.close();
  });

  it("erases an installation after its stream has ended", async () => {
    await start();
    const stream = talk(door.ports.main);
    talks.push(stream);
    stream.say(hello(1));
    expect(await stream.hear()).toMatchObject({ $case: "welcome" });
    const installation = door.behind.opened[0]?.installationId ?? "";
    const admin = connectAdmin(`127.0.0.1:${door.ports.admin}`, undefined, { nowMs: Date.now });
    const spelt = `{${installation.toUpperCase()}}`;
    expect(await admin.eraseInstallation({ installationId: spelt, recoveryCode: "" })).toEqual({
      installationId: installation,
      erasedAtMs: 7,
      batches: 1,
      refusedBatches: 2,
      losses: 3,
    });
    expect(await stream.ended).toMatchObject({ code: status.PERMISSION_DENIED });
    expect([door.behind.closed, door.behind.erased]).toEqual([1, [installation]]);
    const nobody = admin.eraseInstallation({
      installationId: "99999999-0000-4000-8000-000000000000",
      recoveryCode: "",
    });
    await expect(nobody).rejects.toMatchObject({ code: "NOT_FOUND" });
    admin.close();
  });

  it("exports an installation as it is held, part by part", async () => {
    await start();
    const columns = [
      { metric: "temp_flow", unit: "°C" },
      { metric: "power_current", unit: "kW" },
    ];
    const rows = (count: number) =>
      Array.from({ length: count }, (_, k) => ({ atMs: 60_000 * k, values: [k / 10, undefined] }));
    const readings = {
      kind: "readings",
      deviceId: "a",
      heatpumpModel: "m",
      receivedAtMs: 5,
    } as const;
    const block = Buffer.alloc(512 * 1024, 7);
    const parts: ExportPart[] = [
      ...Array.from({ length: 8 }, () => ({ ...readings, columns, rows: rows(250) })),
      {
        kind: "day",
        summary: {
          ...{ day: 20_000, deviceId: "a", heatpumpModel: "m", coverage: 0.5 },
          outdoorMean: -0.25,
          total: { heatKwh: 3, electricKwh: 1 },
          heating: { heatKwh: 0, electricKwh: undefined },
          hotWater: { heatKwh: undefined, electricKwh: undefined },
          compressorHours: undefined,
          compressorStarts: 4,
          counters: { starts_compressor: { atMs: 7, value: 8 } },
        },
      },
      { kind: "refusal", deviceId: "a", receivedAtMs: 6, snapshots: 2, reasons: ["x: y"], block },
      { kind: "loss", reason: "shutdown", deviceId: "", fromMs: 0, toMs: 9, snapshots: 3 },
    ];
    door.behind.exported = parts;
    const admin = connectAdmin(`127.0.0.1:${door.ports.admin}`, undefined, { nowMs: Date.now });
    const [first, ...rest] = await collect(
      admin.exportInstallation("00000000-0000-4000-8000-000000000000"),
    );
    expect(first).toMatchObject({
      kind: "installation",
      consentVersion: 1,
      record: { daysWithData: 8 },
    });
    expect(rest).toHaveLength(parts.length);
    expect(rest).toEqual(parts);
    const nobody = collect(admin.exportInstallation("99999999-0000-4000-8000-000000000000"));
    await expect(nobody).rejects.toMatchObject({ code: "NOT_FOUND" });
    for await (const _ of admin.exportInstallation("00000000-0000-4000-8000-000000000000")) break;
    admin.close();
  });

  it("takes the place of a socket that nobody listens to, and of no other", async () => {
    const path = `${temporaryFolder()}/admin.sock`;
    const { createServer } = await import("node:net");
    const other = createServer().listen(path);
    await new Promise((resolve) => other.once("listening", resolve));
    const taken = openDoor({ admin: { kind: "unix", path } });
    await expect(taken).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await new Promise((resolve) => other.close(resolve));
    const { writeFileSync } = await import("node:fs");
    writeFileSync(path, "");
    await start({ admin: { kind: "unix", path } });
    const admin = connectAdmin(`unix:${path}`, undefined, { nowMs: () => Date.now() });
    expect(await admin.status()).toMatchObject({ installations: 3 });
    admin.close();
  });

  it("is the only one that knows admin and reflection", async () => {
    await start();
    const client = new AdminServiceClient(`127.0.0.1:${door.ports.main}`, insecure);
    const answer = await ask((metadata, done) => client.getStatus({}, metadata, done));
    expect(answer).toMatchObject({ code: status.UNIMPLEMENTED });
    client.close();
  });
});

describe("without TLS", () => {
  it("no other machine is served", async () => {
    await start();
    for (const host of ["0.0.0.0", "::", "192.0.2.1"]) {
      const opened = openDoor({ main: { kind: "tcp", host, port: 0 } });
      await expect(opened).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    }
  });
});

describe("limits", () => {
  it("refuse a message above 512 KiB and let the next stream pass", async () => {
    await start();
    const one = talk(door.ports.main);
    talks.push(one);
    one.say(hello());
    await one.hear();
    one.say(batch(1, { block: Buffer.alloc(513 * 1024) }));
    expect(await one.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    const next = talk(door.ports.main);
    talks.push(next);
    next.say(hello());
    await next.hear();
    next.say(batch(1, { block: Buffer.alloc(480 * 1024) }));
    expect(await next.hear()).toMatchObject({ $case: "ack" });
  });

  it("let four calls at once through one connection", async () => {
    await start();
    const session = connect(`http://127.0.0.1:${door.ports.main}`);
    const settings = await new Promise<{ maxConcurrentStreams?: number }>((resolve) => {
      session.once("remoteSettings", resolve);
    });
    session.destroy();
    expect(settings.maxConcurrentStreams).toBe(4);
  });
});

/** Sends raw bytes as the body of Deliver; resolves with the gRPC status, or 99 without one. */
function sendRaw(port: number, frames: readonly Buffer[]): Promise<number> {
  return new Promise((resolve) => {
    const session = connect(`http://127.0.0.1:${port}`);
    const request = session.request({
      ":method": "POST",
      ":path": "/heatpool.telemetry.v1.TelemetryService/Deliver",
      "content-type": "application/grpc",
      te: "trailers",
    });
    const finish = (code: number): void => {
      resolve(code);
      session.destroy();
    };
    request.on("response", (headers) => {
      if (headers["grpc-status"] !== undefined) finish(Number(headers["grpc-status"]));
    });
    request.on("trailers", (trailers) => finish(Number(trailers["grpc-status"])));
    request.on("error", () => finish(99));
    request.on("close", () => finish(99));
    session.on("error", () => finish(99));
    request.resume();
    for (const frame of frames) request.write(frame);
    request.end();
  });
}

function toFrame(message: Uint8Array, flag = 0, length = message.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

describe("fuzzed frames", () => {
  /** Each has a connection of its own, and they come faster than those of any network. */
  const MANY = { ...LIMITS, front: { newPerPrefix: { burst: 1_000, perSecond: 1 } } };

  it("never end the process and never get a batch in, whatever bytes they carry", async () => {
    await start({ limits: MANY });
    const [random, chance] = [createRandom(11), createChance(11)];
    const good = DeliverRequest.encode({ body: hello() as never }).finish();
    for (let round = 0; round < 300; round++) {
      const message = Buffer.from(round % 3 === 0 ? chance(1 + Math.floor(random() * 200)) : good);
      const at = Math.floor(random() * message.length);
      if (round % 3 === 1) message[at] = (message[at] ?? 0) ^ (1 << (round % 8));
      if (round % 3 === 2) message.fill(chance(1)[0] ?? 0, Math.floor(random() * message.length));
      const flag = round % 7 === 0 ? 1 : 0;
      const length = round % 5 === 0 ? Math.floor(random() * 1e6) : message.length;
      const code = await sendRaw(door.ports.main, [toFrame(message, flag, length)]);
      expect([0, 3, 8, 9, 10, 12, 13, 14, 99]).toContain(code);
    }
    expect(door.behind.batches).toEqual([]);
    const after = talk(door.ports.main);
    talks.push(after);
    after.say(hello(2));
    expect(await after.hear()).toMatchObject({ $case: "welcome" });
  });

  it("in the middle of a conversation end that conversation alone", async () => {
    await start({ limits: MANY });
    const other = talk(door.ports.main);
    talks.push(other);
    other.say(hello(9));
    await other.hear();
    const [random, chance] = [createRandom(12), createChance(12)];
    const first = toFrame(DeliverRequest.encode({ body: hello() as never }).finish());
    for (let round = 0; round < 200; round++) {
      const next = Buffer.from(DeliverRequest.encode({ body: batch(1) as never }).finish());
      next[Math.floor(random() * next.length)] = chance(1)[0] ?? 0;
      const code = await sendRaw(door.ports.main, [first, toFrame(next)]);
      expect([0, 3, 8, 9, 10, 13, 14, 99]).toContain(code);
    }
    other.say({ $case: "ping", value: { nonce: 3n } });
    expect(await other.hear()).toMatchObject({ $case: "pong", value: { nonce: 3n } });
  });

  it("that are a bomb of 256,000 empty devices are not even decoded", async () => {
    await start();
    // Field 6 of hello, empty: two bytes each; what fits into 512 KiB.
    const hollow = Buffer.alloc(500 * 1024);
    for (let at = 0; at < hollow.length; at += 2) hollow[at] = (6 << 3) | 2;
    const inside = Buffer.concat([toVarint(hollow.length), hollow]);
    const asHello = Buffer.concat([Buffer.of(0x0a), inside]);
    expect(() => decodeRequest(asHello)).toThrow(/not one batch/);
    expect(await sendRaw(door.ports.main, [toFrame(asHello)])).toBe(status.INTERNAL);
    // As many empty batches, each taking the place of the one before.
    const batches = Buffer.from(hollow).map((byte) => (byte === 0 ? 0 : 0x12));
    expect(() => decodeRequest(Buffer.from(batches))).toThrow(/not one batch/);
    // One batch may be long: its block is bytes, its unknown fields are passed over.
    const asBatch = Buffer.concat([Buffer.of(0x12), inside]);
    expect(decodeRequest(asBatch).body?.$case).toBe("batch");
  });
});

function toVarint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}
