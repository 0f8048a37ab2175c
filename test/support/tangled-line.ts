/**
 * The real uplink, door handler and ingest, joined without a network: every message, every write of
 * the store and every end of a connection waits for a hand that lets one of them happen. What a
 * connection delivers is a beginning of what was sent, in its order, as with TCP; all else, and the
 * order among connections, is the hand's choice.
 */
import { type ServerDuplexStream, status } from "@grpc/grpc-js";
import type { Clock } from "#core/clock.js";
import { HeatpoolError, retryDelayMs } from "#core/errors.js";
import type { DeliverRequest, DeliverResponse } from "#proto/heatpool/telemetry/v1/telemetry.js";
import type { QuotaLimits } from "../../backend/ingest/quota.js";
import { createLiveStreams } from "../../backend/rpc/live-streams.js";
import { createToStatus } from "../../backend/rpc/status.js";
import { Stop } from "../../backend/rpc/stop.js";
import { createStoreWatch } from "../../backend/rpc/store-watch.js";
import { createDeliver } from "../../backend/rpc/telemetry-handler.js";
import { createMemorySnapshotStore } from "../../backend/store/memory-snapshot-store.js";
import type { SnapshotStore } from "../../backend/store/snapshot-store.js";
import type { Backlog } from "../../daemon/backlog/backlog.js";
import type { StreamEnd, StreamListener, Transport } from "../../daemon/uplink/transport.js";
import { runUplink } from "../../daemon/uplink/uplink.js";
import { createChance } from "./chance.js";
import { RULES } from "./door.js";
import type { FakeClock } from "./fake-clock.js";
import { openBed } from "./pool-bed.js";

/** A connection between the two, or a stranger's to the backend. */
interface Line {
  /** Sent and not there yet; `undefined`: nothing follows. */
  readonly up: (DeliverRequest | undefined)[];
  readonly sent: DeliverRequest[];
  readonly down: DeliverResponse[];
  /** How the backend ended it. */
  ended: StreamEnd | undefined;
  /** Gone once it ended for the daemon. */
  listener: StreamListener | undefined;
  readonly gone: Stop;
  readonly arrive: (request: DeliverRequest | undefined) => void;
}

/** What the hand may do; each says whether there was something to do. */
export interface TangledLine {
  readonly store: SnapshotStore;
  readonly events: readonly string[];
  readonly bugs: readonly unknown[];
  /** A message of the `k`-th connection that has one gets there. */
  up(k: number): boolean;
  down(k: number): boolean;
  /** The oldest write of the store is durable. */
  write(): boolean;
  /**
   * The store fails with all that waits. So many of the oldest writes are on the medium all the same,
   * which nobody was told.
   */
  refuse(kept: number): Promise<boolean>;
  /** The daemon's connection ends for the daemon alone: what it sent may still get there. */
  breakOff(): boolean;
  /** The backend learns of such an end; what did not get there never will. */
  tellGone(k: number): boolean;
  /** A beginning of what a connection carried, so many of `share`, comes again on another one. */
  replay(k: number, share: number): boolean;
  close(): Promise<void>;
}

/** A write of the store that waits. */
interface Write {
  readonly write: () => Promise<number>;
  readonly resolve: (number: number) => void;
  readonly reject: (error: HeatpoolError) => void;
}

const BOOT = "11111111-2222-4333-8444-555555555555";
const LOST: StreamEnd = { status: "UNAVAILABLE", details: "cut", retryAfterMs: undefined };

export async function openTangledLine(of: {
  backlog: Backlog;
  clock: FakeClock;
  seed: number;
  intervalSeconds: number;
  chainBytesMax: number;
  limits: QuotaLimits;
}): Promise<TangledLine> {
  const { backlog, seed, chainBytesMax, limits } = of;
  // Backoffs end between two milliseconds; a wall clock does not.
  const clock: Clock = { ...of.clock, nowMs: () => Math.round(of.clock.nowMs()) };
  const writes: Write[] = [];
  const kept = createMemorySnapshotStore();
  const store: SnapshotStore = {
    ...kept,
    put: (commit) =>
      new Promise((resolve, reject) => {
        const write = (): Promise<number> => kept.put(commit);
        writes.push({ write, resolve, reject });
      }),
  };
  const bed = await openBed(store, clock, { limits, ingest: { chainBytesMax } });
  const bugs: unknown[] = [];
  const toStatus = createToStatus((bug) => bugs.push(bug));
  const ending = new AbortController();
  const deliver = createDeliver({
    ingest: bed.ingest,
    store: createStoreWatch(
      { clock, probe: async () => undefined, onChange: () => undefined },
      ending.signal,
    ),
    clock,
    live: createLiveStreams(() => undefined),
    rules: { ...RULES, codecs: [0, 1, 2], windowBatches: 8, backlogBytesPerSecond: 0 },
    judge: undefined,
    consents: undefined,
    onClone: (id) => bugs.push(`${id} taken for two`),
    isAlive: async () => true,
    onEvent: () => undefined,
  });
  const lines: Line[] = [];
  const openLine = (listener: StreamListener | undefined): Line => {
    const { requests, arrive } = createArrivals();
    const gone = new Stop();
    gone.tell({ stopped: () => arrive(undefined) });
    const line: Line = { up: [], sent: [], down: [], ended: undefined, listener, gone, arrive };
    lines.push(line);
    const call = {} as ServerDuplexStream<DeliverRequest, DeliverResponse>;
    const serve = async (): Promise<void> => {
      for await (const response of deliver(requests, call, gone)) line.down.push(response);
    };
    serve().then(
      () => {
        line.ended = { status: "OK", details: "", retryAfterMs: undefined };
      },
      (error: unknown) => {
        const { code, details } = toStatus(error);
        const named = error instanceof HeatpoolError ? error.code : undefined;
        const retryAfterMs = retryDelayMs(error);
        line.ended = { status: status[code] ?? "UNKNOWN", details, code: named, retryAfterMs };
      },
    );
    return line;
  };
  const events: string[] = [];
  const running = runUplink(
    {
      backlog,
      transport: { open: (listener) => toStream(openLine(listener)) } satisfies Transport,
      clock,
      chance: createChance(seed),
      introduction: {
        installationId: "00000000-0000-4000-8000-000000000007",
        bootId: BOOT,
        daemonVersion: "0.1.0",
        consentVersion: 1,
        consentScopes: ["telemetry"],
      },
      profile: "live",
      intervalSeconds: of.intervalSeconds,
      limitStore: { read: () => undefined, write: () => undefined },
      log: (_, event) => events.push(event),
      withdrawn: new AbortController().signal,
    },
    ending.signal,
  );
  const end = (line: Line, how: StreamEnd): void => {
    const { listener } = line;
    line.listener = undefined;
    listener?.onEnd(how);
  };
  return {
    store,
    events,
    bugs,
    up(k) {
      const line = pick(lines, k, ({ up, gone }) => up.length > 0 && !gone.isSet);
      if (line !== undefined) line.arrive(line.up.shift());
      return line !== undefined;
    },
    down(k) {
      const line = pick(
        lines,
        k,
        (one) => one.listener !== undefined && (one.down.length > 0 || one.ended !== undefined),
      );
      if (line === undefined) return false;
      const response = line.down.shift();
      if (response !== undefined) line.listener?.onResponse(response);
      else if (line.ended !== undefined) end(line, line.ended);
      return true;
    },
    write() {
      const oldest = writes.shift();
      oldest?.write().then(oldest.resolve, oldest.reject);
      return oldest !== undefined;
    },
    async refuse(kept) {
      const refused = writes.splice(0);
      for (const one of refused.slice(0, kept)) await one.write();
      for (const { reject } of refused) reject(new HeatpoolError("STORE_FAILED", "no space left"));
      return refused.length > 0;
    },
    breakOff() {
      const line = lines.find((one) => one.listener !== undefined);
      if (line !== undefined) end(line, LOST);
      return line !== undefined;
    },
    tellGone(k) {
      const line = pick(lines, k, (one) => one.listener === undefined && !one.gone.isSet);
      line?.gone.set();
      return line !== undefined;
    },
    replay(k, share) {
      const line = pick(lines, k, ({ sent }) => sent.length > 0);
      if (line === undefined) return false;
      openLine(undefined).up.push(...line.sent.slice(0, Math.ceil(line.sent.length * share)));
      return true;
    },
    async close() {
      ending.abort();
      for (const line of lines) end(line, LOST);
      for (const { gone } of lines) gone.set();
      for (const { write, resolve, reject } of writes.splice(0)) write().then(resolve, reject);
      await running;
    },
  };
}

function pick(lines: readonly Line[], k: number, isFit: (line: Line) => boolean): Line | undefined {
  const fit = lines.filter(isFit);
  return fit[k % Math.max(1, fit.length)];
}

function toStream(line: Line) {
  return {
    write(request: DeliverRequest) {
      line.up.push(request);
      line.sent.push(request);
      return Promise.resolve();
    },
    end: () => void line.up.push(undefined),
    cancel() {
      line.listener = undefined;
    },
  };
}

/** Requests as they arrive, until there is none. */
function createArrivals() {
  const there: (DeliverRequest | undefined)[] = [];
  let wake = () => {};
  async function* requests(): AsyncGenerator<DeliverRequest, void, undefined> {
    for (;;) {
      while (there.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const next = there.shift();
      if (next === undefined) return;
      yield next;
    }
  }
  const arrive = (request: DeliverRequest | undefined): void => {
    there.push(request);
    wake();
  };
  return { requests: requests(), arrive };
}
