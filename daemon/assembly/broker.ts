/** Where an MQTT broker is, from the words of the configuration. */
import type { MqttProfile } from "#core/profile/mqtt-profile.js";
import type { Config, DeviceConfig } from "../config.js";

/** Where the broker is, in the feed's words. */
export function toBroker(
  broker: DeviceConfig["broker"],
  profile: { readonly broker: Pick<MqttProfile["broker"], "port" | "tlsPort"> },
) {
  const url = broker?.url === undefined ? undefined : new URL(broker.url);
  const isTls = url === undefined ? broker?.tls === true : url.protocol === "mqtts:";
  const port = url === undefined ? broker?.port : Number(url.port || 0) || undefined;
  return {
    host: url?.hostname ?? broker?.host ?? "",
    port: port ?? (isTls ? profile.broker.tlsPort : profile.broker.port),
    isTls,
    caFile: broker?.caFile,
    userFile: broker?.userFile,
    passwordFile: broker?.passwordFile,
  };
}

/** IANA's ports of MQTT. */
const MQTT_PORTS = { port: 1883, tlsPort: 8883 };

export function homeBroker({ homeAssistant }: Config) {
  if (homeAssistant === undefined) return undefined;
  return toBroker(homeAssistant.broker, { broker: MQTT_PORTS });
}
