/** The real gRPC door on loopback, and streams into it. */
import { readFileSync } from "node:fs";
import {
  type ChannelCredentials,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type ServiceError,
  type StatusObject,
} from "@grpc/grpc-js";
import type * as wire from "#proto/heatpool/telemetry/v1/telemetry.js";
import { TelemetryServiceClient } from "#proto/heatpool/telemetry/v1/telemetry_service.js";
import type { ListenerLimits } from "../../backend/rpc/listener.js";
import { type DoorParts, runDoor } from "../../backend/rpc/server.js";
import type { StreamRules } from "../../backend/rpc/stream.js";
import { createFakeBehind, type FakeBehind } from "./fake-behind.js";
import { createFakeClock, type FakeClock } from "./fake-clock.js";
import { ASKED_BY_NAME } from "./installation.js";

export const RULES: StreamRules = {
  requestBytesMax: 512 * 1024,
  snapshotsMax: 2_000,
  channelsMax: 256,
  windowBatches: 4,
  windowBytes: 1024 * 1024,
  backlogBytesPerSecond: 32 * 1024,
  uploadIntervalSeconds: 300,
  reconnectSpreadSeconds: 60,
  codecs: [0, 1],
  silenceMaxMs: 0,
  streamAgeMaxMs: 86_400_000,
};

export const LIMITS: ListenerLimits = {
  messageBytesMax: 512 * 1024,
  streamsMax: 4,
  connectionAgeMaxMs: 86_400_000,
  keepaliveMs: 0,
};

/** A door that is open. */
export interface OpenDoor {
  readonly behind: FakeBehind;
  readonly clock: FakeClock;
  readonly ports: { main: number; admin: number; enrol: number };
  readonly events: string[];
  readonly bugs: unknown[];
  /** Ends in order; resolves when the door is shut. */
  close(): Promise<void>;
}

export async function openDoor(changes: Partial<DoorParts> = {}): Promise<OpenDoor> {
  const behind = createFakeBehind();
  const clock = createFakeClock();
  const events: string[] = [];
  const bugs: unknown[] = [];
  const ending = new AbortController();
  const loopback = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;
  let running: Promise<void> = Promise.resolve();
  const ports = await new Promise<OpenDoor["ports"]>((resolve, reject) => {
    const parts: DoorParts = {
      behind,
      clock,
      version: "1.2.3",
      descriptors: readFileSync("proto/gen/descriptors.binpb"),
      main: loopback,
      admin: loopback,
      identity: undefined,
      isKnownToken: undefined,
      limits: LIMITS,
      rules: RULES,
      onEvent: (event) => events.push(event),
      onBug: (bug) => bugs.push(bug),
      onListening: resolve,
      ...changes,
    };
    running = runDoor(parts, ending.signal);
    running.catch(reject);
  });
  return {
    behind,
    clock,
    ports,
    events,
    bugs,
    async close() {
      ending.abort();
      await running;
    },
  };
}

/** A stream as a test sees it. */
export interface Talk {
  readonly call: ClientDuplexStream<wire.DeliverRequest, wire.DeliverResponse>;
  /** Its connection, for other calls beside it. */
  readonly channel: ReturnType<TelemetryServiceClient["getChannel"]>;
  say(body: wire.DeliverRequest["body"]): void;
  /** The next response. Rejects with the status when the stream ends first. */
  hear(): Promise<wire.DeliverResponse["body"]>;
  /** The status at the end. */
  readonly ended: Promise<StatusObject | ServiceError>;
  close(): void;
}

/** Opens Deliver on a connection of its own. */
export function talk(
  port: number,
  more: { token?: string; credentials?: ChannelCredentials } = {},
): Talk {
  const client = new TelemetryServiceClient(
    `127.0.0.1:${port}`,
    more.credentials ?? credentials.createInsecure(),
    {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.enable_retries": 0,
      ...(more.credentials !== undefined && ASKED_BY_NAME),
    },
  );
  const metadata = new Metadata();
  if (more.token !== undefined) metadata.set("authorization", `Bearer ${more.token}`);
  const call = client.deliver(metadata);
  const heard: wire.DeliverResponse["body"][] = [];
  let wake = () => {};
  call.on("data", (response: wire.DeliverResponse) => {
    heard.push(response.body);
    wake();
  });
  let status: StatusObject | undefined;
  const ended = new Promise<StatusObject>((resolve) => {
    call.on("error", () => {});
    call.on("status", (end) => {
      status = end;
      resolve(end);
      wake();
    });
  });
  return {
    call,
    channel: client.getChannel(),
    say: (body) => call.write({ body }),
    async hear() {
      for (;;) {
        if (heard.length > 0) return heard.shift();
        if (status !== undefined) throw new Error(`ended: ${status.code} ${status.details}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    ended,
    close() {
      call.cancel();
      client.close();
    },
  };
}

const uuid = (last: number) =>
  Buffer.from(`1234567812344234923456781234${last.toString(16).padStart(4, "0")}`, "hex");

/** A hello of installation `number`. */
export function hello(number = 1, changes: Partial<wire.Hello> = {}): wire.DeliverRequest["body"] {
  const value: wire.Hello = {
    protocolRevision: 1,
    installationId: uuid(number),
    daemonVersion: "0.1.0",
    bootId: uuid(0xb001),
    clockSynced: true,
    devices: [
      {
        deviceId: "heatpump",
        profile: "idm/navigator-2.0",
        profileVersion: 1,
        heatpumpModel: "idm/navigator-2.0",
        tableId: Buffer.alloc(8, 7),
        stepMs: 60_000,
        timeToleranceMs: 1_000,
      },
    ],
    epochs: [
      { epochId: uuid(0xe0), firstUnacked: 1n, lastSealed: 9n },
      { epochId: uuid(0xe1), firstUnacked: 1n, lastSealed: 9n },
    ],
    codecs: [1, 0],
    priors: [],
    responseBytesMax: 256 * 1024,
    consentVersion: 1,
    consentScopes: ["telemetry"],
    lossLedgerLast: 0n,
    ...changes,
  };
  return { $case: "hello", value };
}

/** Batch `sequence` of epoch 0, with ten rows. */
export function batch(
  sequence: number,
  changes: Partial<wire.Batch> = {},
): wire.DeliverRequest["body"] {
  const value: wire.Batch = {
    device: 0,
    epoch: 0,
    sequence: BigInt(sequence),
    rows: 10,
    slot: 29_800_000n,
    codec: undefined,
    prior: 0,
    plainBytes: 100,
    check: 0xdeadbeef,
    continues: false,
    backlog: false,
    block: Buffer.from("block"),
    ...changes,
  };
  return { $case: "batch", value };
}
