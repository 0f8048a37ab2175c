/** A source that listens to a real broker, and the gateway that speaks to it. */
import type { MqttClient } from "mqtt";
import type { MqttProfile } from "#core/profile/mqtt-profile.js";
import { planTopics } from "#core/profile/mqtt-topics.js";
import { createMqttFeed } from "../../daemon/device/mqtt-feed.js";
import {
  createTopicSource,
  type TopicSource,
  type TopicSourceStatus,
} from "../../daemon/poll/topic-source.js";
import { createHastyClock, type TestBroker } from "./mosquitto.js";

/** Both ends; `close` ends them and what the broker kept. */
export interface Hearing {
  readonly gateway: MqttClient;
  readonly source: TopicSource;
  readonly topics: readonly string[];
  readonly notices: readonly string[];
  readonly clock: ReturnType<typeof createHastyClock>;
  status(): TopicSourceStatus;
  close(): Promise<void>;
}

/** Listens from now on; the first poll waits for nothing. */
export async function createHearing(
  broker: TestBroker,
  profile: MqttProfile,
  parameters: Readonly<Record<string, readonly string[]>> = {},
): Promise<Hearing> {
  const clock = createHastyClock();
  const notices: string[] = [];
  const { topics } = planTopics(profile, parameters);
  const feed = createMqttFeed({
    endpoint: {
      host: "127.0.0.1",
      port: broker.port,
      isTls: false,
      caFile: undefined,
      userFile: broker.userFile,
      passwordFile: broker.passwordFile,
      clientId: `hearing-${performance.now()}`,
    },
    clock,
    onNotice: (text) => notices.push(text),
  });
  const source = createTopicSource({
    deviceId: "heatpump",
    profile,
    parameters,
    feed,
    clock,
    patience: { waitMs: 0, until: "first" },
  });
  const gateway = await broker.connect();
  // Nothing was said yet: this poll only opens the ear.
  await source.take(new AbortController().signal).catch(() => undefined);
  return {
    gateway,
    source,
    topics,
    notices,
    clock,
    status: () => source.status(),
    async close() {
      await source.close();
      await gateway.endAsync(true);
      await broker.stop();
      await broker.start();
    },
  };
}
