/** A transport whose other end is the test: it sees what was sent and answers as told. */
import { PRIOR_IDS } from "#core/batch/priors/released.js";
import type {
  Batch,
  DeliverRequest,
  DeliverResponse,
  Limits,
} from "#proto/heatpool/telemetry/v1/telemetry.js";
import type { StreamListener, Transport } from "../../../daemon/uplink/transport.js";

/** One stream as the backend sees it. */
interface ScriptedStream {
  readonly openedAtMs: number;
  readonly sent: DeliverRequest[];
  readonly batches: Batch[];
  isCancelled: boolean;
  isEnded: boolean;
  answer(body: DeliverResponse["body"]): void;
  welcome(more?: {
    ackedThrough?: number[];
    unknownTables?: Buffer[];
    limits?: Partial<Limits>;
    codecs?: number[];
    keepsState?: boolean;
  }): void;
  ack(
    epoch: number,
    ackedThrough: number,
    counts?: Partial<Record<"admitted" | "duplicate" | "rejected", number>>,
  ): void;
  die(status: string, more?: { details?: string; retryAfterMs?: number }): void;
}

export interface ScriptedBackend {
  readonly transport: Transport;
  readonly streams: ScriptedStream[];
  /** The newest stream. @throws when there is none */
  readonly stream: ScriptedStream;
  /** While true the network takes no further message. */
  isStuck: boolean;
  /** While true pings find no answer. */
  isDeaf: boolean;
}

const LIMITS: Limits = {
  requestBytesMax: 512 * 1024,
  snapshotsMax: 2000,
  channelsMax: 128,
  windowBatches: 3,
  windowBytes: 1024 * 1024,
  backlogBytesPerSecond: 0,
  uploadIntervalSeconds: 300,
  reconnectSpreadSeconds: 60,
};

export function createScriptedBackend(nowMs: () => number): ScriptedBackend {
  const streams: ScriptedStream[] = [];
  const backend: ScriptedBackend = {
    streams,
    isStuck: false,
    isDeaf: false,
    get stream() {
      const newest = streams.at(-1);
      if (newest === undefined) throw new Error("nobody called");
      return newest;
    },
    transport: {
      open(listener) {
        const stream = createStream(listener, nowMs());
        streams.push(stream);
        return {
          write(request) {
            if (stream.isCancelled) throw new Error("written after cancel");
            stream.sent.push(request);
            if (request.body?.$case === "batch") stream.batches.push(request.body.value);
            if (request.body?.$case === "ping" && !backend.isDeaf) {
              const value = { nonce: request.body.value.nonce, serverTimeMs: 0n };
              queueMicrotask(() => stream.answer({ $case: "pong", value }));
            }
            return backend.isStuck ? new Promise(() => undefined) : Promise.resolve();
          },
          end() {
            stream.isEnded = true;
            listener.onEnd({ status: "OK", details: "", retryAfterMs: undefined });
          },
          cancel() {
            stream.isCancelled = true;
          },
        };
      },
    },
  };
  return backend;
}

function createStream(listener: StreamListener, openedAtMs: number): ScriptedStream {
  const stream: ScriptedStream = {
    openedAtMs,
    sent: [],
    batches: [],
    isCancelled: false,
    isEnded: false,
    answer: (body) => listener.onResponse({ body }),
    welcome({
      ackedThrough = [0],
      unknownTables = [],
      limits = {},
      codecs = [0, 1, 2],
      keepsState = true,
    } = {}) {
      const value = {
        serverTimeMs: 0n,
        limits: { ...LIMITS, ...limits },
        ackedThrough: ackedThrough.map(BigInt),
        codecs,
        unknownTables,
        lossAckedThrough: 0n,
        priors: [...PRIOR_IDS],
        keepsState,
        answersVoid: true,
      };
      stream.answer({ $case: "welcome", value });
    },
    ack(epoch, ackedThrough, counts = {}) {
      const { admitted = 0, duplicate = 0, rejected = 0 } = counts;
      const value = {
        epoch,
        ackedThrough: BigInt(ackedThrough),
        admitted: BigInt(admitted),
        duplicate: BigInt(duplicate),
        rejected: BigInt(rejected),
        outcomes: [],
      };
      stream.answer({ $case: "ack", value });
    },
    die: (status, { details = "", retryAfterMs } = {}) =>
      listener.onEnd({ status, details, retryAfterMs }),
  };
  return stream;
}
