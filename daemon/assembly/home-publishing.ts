/** Home automation, put together for the daemon; nothing is loaded where it is not configured. */
import { createUniform } from "#core/backoff.js";
import type { Chance, Clock } from "#core/clock.js";
import { METRICS } from "#core/measurement/metrics.js";
import type { Config } from "../config.js";
import type { HomePublisher } from "../home/home.js";
import type { HomeBroker } from "../home/mqtt-discovery.js";

/** Start of the installation id: enough to tell two daemons in one house apart. */
const DAEMON_ID_CHARS = 8;

/** @returns `undefined` where the configuration names no broker for it */
export async function openHomePublishing(
  parts: { config: Config; clock: Clock; chance: Chance; version: string },
  installationId: string,
  broker: HomeBroker | undefined,
): Promise<HomePublisher | undefined> {
  const { config, clock, chance, version } = parts;
  const { homeAssistant, language } = config;
  if (homeAssistant === undefined || broker === undefined) return undefined;
  const { createMqttHome } = await import("../home/mqtt-discovery.js");
  const daemonId = installationId.slice(0, DAEMON_ID_CHARS);
  return createMqttHome({
    broker,
    names: { prefix: homeAssistant.prefix, daemonId, version, language },
    devices: config.devices,
    metrics: new Map(METRICS.map((metric) => [metric.id, metric])),
    clock,
    random: createUniform(chance),
  });
}
