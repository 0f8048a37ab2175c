/** Notices as messages of MQTT, for home automation; over the package `mqtt`, loaded when used. */
import { HeatpoolError } from "#core/errors.js";
import type { Notifier } from "./notify.js";

/** A broker, as whom, and where to. */
export interface MqttNoticeSettings {
  /** `mqtt://host:port` or `mqtts://host:port`. */
  readonly url: string;
  readonly topic: string;
  readonly clientId: string;
  readonly user?: (() => string) | undefined;
  readonly password?: (() => string) | undefined;
  readonly ca?: (() => Buffer) | undefined;
}

const CONNECT_MAX_MS = 10_000;

/** Connects for each notice: there are few, and a connection that is kept has to be watched. */
export function createMqttNotifier(name: string, settings: MqttNoticeSettings): Notifier {
  return {
    name,
    async notify(message, signal) {
      const { connectAsync } = await import("mqtt");
      const { url, topic, clientId, user, password, ca } = settings;
      try {
        const client = await connectAsync(
          url,
          {
            ...{ clientId, reconnectPeriod: 0, connectTimeout: CONNECT_MAX_MS, protocolVersion: 4 },
            ...(user !== undefined && { username: user() }),
            ...(password !== undefined && { password: password() }),
            ...(ca !== undefined && { ca: ca() }),
          },
          false,
        );
        const abort = (): void => {
          client.end(true);
        };
        signal.addEventListener("abort", abort, { once: true });
        try {
          await client.publishAsync(topic, JSON.stringify(message), { qos: 1 });
        } finally {
          signal.removeEventListener("abort", abort);
          await client.endAsync(true);
        }
      } catch (cause) {
        const what = cause instanceof Error ? cause.message : String(cause);
        throw new HeatpoolError("UNAVAILABLE", `${name}: the broker did not take it: ${what}`, {
          cause,
        });
      }
    },
  };
}
