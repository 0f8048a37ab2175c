/**
 * The real backlog, uplink, door and ingest, joined over a real connection. Time moves only while
 * the uplink waits for its next attempt, so that a slow machine changes nothing.
 */

import type { Clock } from "#core/clock.js";
import type { Delivery, Ingest } from "../../backend/ingest/ingest.js";
import type { DoorParts } from "../../backend/rpc/server.js";
import type { StreamRules } from "../../backend/rpc/stream.js";
import type { SnapshotStore } from "../../backend/store/snapshot-store.js";
import type { Backlog } from "../../daemon/backlog/backlog.js";
import { createGrpcTransport } from "../../daemon/uplink/grpc-transport.js";
import { runUplink, type UplinkState } from "../../daemon/uplink/uplink.js";
import { createChance } from "./chance.js";
import { openDoor, RULES } from "./door.js";
import { createFakeBehind } from "./fake-behind.js";
import { type FakeClock, settle } from "./fake-clock.js";
import { openBed } from "./pool-bed.js";

export const INSTALLATION = "00000000-0000-4000-8000-000000000007";
const BOOT = "11111111-2222-4333-8444-555555555555";

/** Changes what a delivery does before it reaches the store, or after. */
export type Meddle = (delivery: Delivery) => Delivery;

/** A line that is being used. */
export interface DeliveryLine {
  readonly events: readonly { event: string; facts: Record<string, unknown> | undefined }[];
  /** Epochs of each hello, current one first. */
  readonly offered: readonly (readonly string[])[];
  /** Lets time pass until `isTrue`. */
  until(isTrue: () => boolean): Promise<void>;
  close(): Promise<void>;
}

/** Opens a door on `store` and delivers `backlog` through it. */
export async function openLine(of: {
  store: SnapshotStore;
  backlog: Backlog;
  clock: FakeClock;
  rules?: Partial<StreamRules>;
  /** What the listener takes, whatever the welcome says. */
  messageBytesMax?: number;
  meddle?: Meddle;
  kept?: { text: string | undefined };
}): Promise<DeliveryLine> {
  const { store, backlog, clock, meddle = (delivery) => delivery, kept = { text: undefined } } = of;
  // Backoffs end between two milliseconds; a wall clock does not.
  const doorClock: Clock = {
    nowMs: () => Math.round(clock.nowMs()),
    monotonicMs: clock.monotonicMs,
    isSynced: clock.isSynced,
    sleep: clock.sleep,
  };
  const bed = await openBed(store, doorClock);
  const offered: string[][] = [];
  const ingest: Ingest = {
    async open(introduction) {
      offered.push(introduction.epochs.map(({ epochId }) => epochId));
      return meddle(await bed.ingest.open(introduction));
    },
  };
  const limits: DoorParts["limits"] = {
    messageBytesMax: of.messageBytesMax ?? 512 * 1024,
    streamsMax: 4,
    connectionAgeMaxMs: 86_400_000,
    keepaliveMs: 0,
  };
  const rules = { ...RULES, codecs: [0, 1, 2], backlogBytesPerSecond: 0, ...of.rules };
  const door = await openDoor({
    behind: { ...createFakeBehind(), ingest },
    clock: doorClock,
    limits,
    rules,
  });
  const events: { event: string; facts: Record<string, unknown> | undefined }[] = [];
  let state: UplinkState | undefined;
  let passed: UplinkState | undefined;
  const ending = new AbortController();
  const running = runUplink(
    {
      backlog,
      transport: createGrpcTransport(
        {
          address: `127.0.0.1:${door.ports.main}`,
          caFile: undefined,
          tlsMinVersion: "TLSv1.3",
          claimTokenFile: undefined,
          insecureLoopback: true,
        },
        true,
      ),
      clock,
      chance: createChance(3),
      introduction: {
        installationId: INSTALLATION,
        bootId: BOOT,
        daemonVersion: "0.1.0",
        consentVersion: 1,
        consentScopes: ["telemetry"],
      },
      profile: "economy",
      intervalSeconds: undefined,
      limitStore: {
        read: () => kept.text,
        write: (text) => {
          kept.text = text;
        },
      },
      log: (_, event, facts) => events.push({ event, facts }),
      withdrawn: new AbortController().signal,
      onState: (next) => {
        state = next;
      },
    },
    ending.signal,
  );
  return {
    events,
    offered,
    async until(isTrue) {
      while (!isTrue()) {
        const { isOnline = false, retryInMs = 0 } = state ?? {};
        if (!isOnline && state !== passed) {
          passed = state;
          await clock.advance(retryInMs + 1);
        }
        await settle();
      }
    },
    async close() {
      ending.abort();
      await running;
      await door.close();
    },
  };
}
