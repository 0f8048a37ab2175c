/** `heatpool profile show` for heat pumps that are heard over MQTT: what is listened to, and where. */
import { findMetric } from "#core/measurement/metrics.js";
import type { MqttPoint, MqttProfile } from "#core/profile/mqtt-profile.js";
import { planTopics } from "#core/profile/mqtt-topics.js";

/** For programs. */
export function mqttToJson(profile: MqttProfile): object {
  const { topics } = planTopics(profile, {});
  return {
    name: profile.name,
    version: profile.version,
    transport: "mqtt",
    manufacturer: profile.manufacturer,
    model: profile.model,
    description: profile.description,
    verified: profile.isVerified,
    broker: profile.broker,
    publishing: profile.publishing,
    parameters: profile.parameters,
    metrics: sharedMetrics(profile),
    points: profile.points.length,
    topics,
  };
}

/** For people. */
export function mqttToText(profile: MqttProfile): string {
  const { topics } = planTopics(profile, {});
  const { publishing } = profile;
  const shared = profile.points.filter((point) => point.metrics.length > 0);
  return [
    `${profile.name}: ${profile.manufacturer} ${profile.model}`,
    profile.description.en,
    `version ${profile.version}, ${profile.isVerified ? "verified" : "not verified"} on a device`,
    `MQTT, ${publishing.pattern}, values are at most ${publishing.maxAgeMs / 1000} s old; ` +
      `subscribes to ${topics.length} exact topics and publishes nothing`,
    ...profile.parameters.map(
      (one) => `parameter ${one.name}: ${one.label.en} (default: ${one.defaults.join(", ")})`,
    ),
    ...profile.availability.map(({ place, meaning }) => `alive: ${place.topic}: ${meaning}`),
    `${profile.points.length} points; ${shared.length} shared ones:`,
    ...shared.map(describePoint),
    `derived: ${profile.derived.map((one) => one.metric).join(", ") || "none"}`,
    "",
  ].join("\n");
}

function sharedMetrics(profile: MqttProfile): readonly string[] {
  const derived = profile.derived.map((one) => one.metric);
  const names = new Set([...profile.candidates.keys(), ...derived]);
  return [...names].filter((name) => findMetric(name) !== undefined);
}

function describePoint({ places, metrics, unit, label }: MqttPoint): string {
  const [first] = places;
  const names = metrics.map((one) => one.metric).join(", ");
  const more = places.length > 1 ? ` and ${places.length - 1} other places` : "";
  return `  ${first?.topic}${more}  ${names}${unit === "" ? "" : ` in ${unit}`}: ${label.en}`;
}
