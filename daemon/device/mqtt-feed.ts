/**
 * A subscription to an MQTT broker that outlives the broker: protocol 5, or 3.1.1 where the broker
 * knows nothing newer. It subscribes to exact topics and publishes nothing.
 *
 * The package `mqtt` (25 MB of memory) is loaded with the first connection, so that nobody without
 * an MQTT device pays for it. Clean session, QoS 0: a lost message is repaired by the next one.
 */

import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import { type BrokerEndpoint, connectBroker, type MqttVersion } from "./mqtt-session.js";
import type { FeedFigures, TopicFeed, TopicListener } from "./topic-feed.js";

/** What a feed needs. */
export interface MqttFeedDeps {
  readonly endpoint: BrokerEndpoint;
  readonly clock: Clock;
  /** Something a person may want to know; never a payload. */
  readonly onNotice: (message: string) => void;
}

/** A broker that went away is looked for this often; it stands in the same house. */
const RECONNECT_MS = 5000;
const CONNECT_TIMEOUT_MS = 10_000;
/** Gateways send a few kilobytes; what is longer is no value of a heat pump. */
const PAYLOAD_BYTES_MAX = 128 * 1024;

/** A feed that is not started yet. */
export function createMqttFeed({ endpoint, clock, onNotice }: MqttFeedDeps): TopicFeed {
  const closing = new AbortController();
  let running: Promise<void> | undefined;
  let isConnected = false;
  let lastError: HeatpoolError | undefined;
  let version: MqttVersion = 5;
  const count = { connections: 0, messages: 0, retained: 0, oversized: 0, refused: 0 };
  const waiters = new Set<() => void>();
  const wake = () => {
    for (const done of [...waiters]) done();
  };

  function take(listener: TopicListener, topic: string, payload: Uint8Array, isRetained: boolean) {
    if (payload.byteLength > PAYLOAD_BYTES_MAX) {
      if (count.oversized === 0) {
        onNotice(`${topic}: ${payload.byteLength} bytes are no value of a heat pump; ignored`);
      }
      count.oversized++;
      return;
    }
    if (isRetained) count.retained++;
    else count.messages++;
    listener.message(topic, Buffer.from(payload).toString("utf8"), isRetained);
  }

  /** One connection from the first byte to the last. */
  async function session(topics: readonly string[], listener: TopicListener): Promise<void> {
    const open = await connectBroker(endpoint, {
      version,
      timeoutMs: CONNECT_TIMEOUT_MS,
      clock,
      signal: closing.signal,
      onMessage: (topic, payload, isRetained) => take(listener, topic, payload, isRetained),
    });
    try {
      const refused = await open.subscribe(topics);
      if (refused.length > 0 && count.refused === 0) {
        onNotice(`the broker refuses ${refused.length} of ${topics.length} topics`);
      }
      count.refused = refused.length;
      count.connections++;
      [isConnected, lastError] = [true, undefined];
      wake();
      await open.ended;
    } finally {
      await open.end();
    }
  }

  async function run(topics: readonly string[], listener: TopicListener): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        await session(topics, listener);
        lastError = unreachable(endpoint, "the broker closed the connection");
      } catch (error) {
        if (!(error instanceof HeatpoolError)) throw error;
        lastError = error;
        if (isOldBroker(error) && version === 5) {
          version = 4;
          continue;
        }
        version = 5;
      } finally {
        if (isConnected) {
          isConnected = false;
          listener.lost();
        }
      }
      wake();
      await clock.sleep(RECONNECT_MS, closing.signal);
    }
  }

  return {
    start(topics, listener) {
      running ??= run(topics, listener);
    },
    async ready(signal) {
      if (isConnected) return;
      if (lastError === undefined && !signal.aborted) await firstNews(signal);
      if (isConnected) return;
      if (signal.aborted || closing.signal.aborted) {
        throw new HeatpoolError("DEVICE_CLOSED", "listening was stopped");
      }
      throw lastError ?? unreachable(endpoint, "no connection yet");
    },
    figures: (): FeedFigures => ({
      ...count,
      isConnected,
      protocol: isConnected ? (version === 5 ? "5" : "3.1.1") : undefined,
    }),
    async close() {
      closing.abort();
      wake();
      await running;
    },
  };

  /** Resolves when the first attempt has ended, well or badly. */
  function firstNews(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        waiters.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      waiters.add(done);
      signal.addEventListener("abort", done, { once: true });
    });
  }
}

/** The one fault that an older protocol may mend. */
function isOldBroker(error: HeatpoolError): boolean {
  return error.code === "DEVICE_VIOLATION";
}

function unreachable({ host, port }: BrokerEndpoint, why: string): HeatpoolError {
  return new HeatpoolError("DEVICE_UNREACHABLE", `broker ${host}:${port}: ${why}`);
}
