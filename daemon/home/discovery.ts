/**
 * What Home Assistant is told about a heat pump, so that its entities appear by themselves. Pure.
 *
 * Source: Home Assistant documentation, "MQTT", section "MQTT Discovery", and the integrations
 * "MQTT Sensor" and "MQTT Binary Sensor"; the device classes of "Sensor" name their units.
 */
import type { Metric } from "#core/measurement/metrics.js";
import type { Snapshot } from "#core/measurement/snapshot.js";

/** A heat pump as home automation knows it. */
export interface HomeDevice {
  readonly deviceId: string;
  readonly profile: string;
  readonly pollIntervalSeconds: number;
}

/** Names that all topics and entities of this daemon share. */
export interface HomeNames {
  /** Home Assistant's own, `homeassistant` unless its owner changed it. */
  readonly prefix: string;
  /** Tells two daemons at one broker apart. */
  readonly daemonId: string;
  readonly version: string;
  readonly language: "de" | "en";
}

/** A message that the broker keeps. */
export interface Kept {
  readonly topic: string;
  readonly payload: string;
}

/** Unit of the catalogue → how Home Assistant calls quantity and unit. */
const CLASSES: Readonly<Record<string, readonly [deviceClass: string, unit: string]>> = {
  "°C": ["temperature", "°C"],
  kW: ["power", "kW"],
  kWh: ["energy", "kWh"],
  bar: ["pressure", "bar"],
  V: ["voltage", "V"],
  A: ["current", "A"],
  Hz: ["frequency", "Hz"],
  "l/min": ["volume_flow_rate", "L/min"],
  "m³/h": ["volume_flow_rate", "m³/h"],
  h: ["duration", "h"],
  min: ["duration", "min"],
};
/** Values that are older than so many polls are not shown as if they were new. */
const EXPIRE_POLLS = 5;
const ONLINE = "online";
const OFFLINE = "offline";

/** Whether the daemon is there; the broker itself says so when it is not. */
export function presence({ daemonId }: HomeNames, isOnline: boolean): Kept {
  return { topic: `heatpool/${daemonId}/status`, payload: isOnline ? ONLINE : OFFLINE };
}

/** Whether the heat pump answers. */
export function availability(
  { daemonId }: HomeNames,
  { deviceId }: HomeDevice,
  isOnline: boolean,
): Kept {
  const topic = `heatpool/${daemonId}/${deviceId}/availability`;
  return { topic, payload: isOnline ? ONLINE : OFFLINE };
}

/** The values of a poll. */
export function state({ daemonId }: HomeNames, snapshot: Snapshot): Kept {
  const values = snapshot.readings.flatMap(({ metric, value }) =>
    value === undefined ? [] : [[metric, value] as const],
  );
  const readAt = new Date(snapshot.takenAtMs).toISOString();
  return {
    topic: `heatpool/${daemonId}/${snapshot.deviceId}/state`,
    payload: JSON.stringify({ ...Object.fromEntries(values), read_at: readAt }),
  };
}

/** One metric of one heat pump as an entity. */
export function entity(names: HomeNames, device: HomeDevice, metric: Metric): Kept {
  const isFlag = metric.kind === "flag";
  const [deviceClass, unit] = CLASSES[metric.unit] ?? [undefined, metric.unit];
  const value = `value_json.${metric.id}`;
  return describe(names, device, isFlag ? "binary_sensor" : "sensor", metric.id, {
    name: metric.label[names.language],
    ...(isFlag
      ? { value_template: `{{ 'ON' if ${value} == 1 else 'OFF' }}` }
      : { value_template: `{{ ${value} | default(none) }}` }),
    ...(!isFlag && deviceClass !== undefined && { device_class: deviceClass }),
    ...(!isFlag && unit !== "" && { unit_of_measurement: unit }),
    ...(metric.kind === "gauge" && { state_class: "measurement" }),
    ...(metric.kind === "counter" && { state_class: "total_increasing" }),
    // A code without its table says something to a person who looks for a fault.
    ...(metric.kind === "code" && { entity_category: "diagnostic" }),
    ...(metric.kind === "gauge" && { suggested_display_precision: metric.resolution.decimals }),
    expire_after: EXPIRE_POLLS * device.pollIntervalSeconds,
  });
}

/** When the heat pump was last read; there also while it is silent. */
export function diagnostics(names: HomeNames, device: HomeDevice): readonly Kept[] {
  const isGerman = names.language === "de";
  return [
    describe(names, device, "sensor", "read_at", {
      name: isGerman ? "Zuletzt gelesen" : "Last read",
      value_template: "{{ value_json.read_at }}",
      device_class: "timestamp",
      entity_category: "diagnostic",
    }),
    describe(names, device, "binary_sensor", "connection", {
      name: isGerman ? "Verbindung" : "Connection",
      state_topic: availability(names, device, true).topic,
      payload_on: ONLINE,
      payload_off: OFFLINE,
      device_class: "connectivity",
      entity_category: "diagnostic",
      availability: [{ topic: presence(names, true).topic }],
    }),
  ];
}

function describe(
  names: HomeNames,
  device: HomeDevice,
  component: "sensor" | "binary_sensor",
  name: string,
  more: Readonly<Record<string, unknown>>,
): Kept {
  const { prefix, daemonId, version } = names;
  const node = `heatpool_${daemonId}_${device.deviceId}`;
  const [manufacturer, model] = device.profile.split("/");
  const body = {
    unique_id: `${node}_${name}`,
    object_id: `${device.deviceId}_${name}`,
    state_topic: `heatpool/${daemonId}/${device.deviceId}/state`,
    availability: [
      { topic: presence(names, true).topic },
      { topic: availability(names, device, true).topic },
    ],
    availability_mode: "all",
    device: {
      identifiers: [node],
      name: device.deviceId,
      manufacturer,
      model,
      sw_version: version,
    },
    origin: { name: "heatpool", sw_version: version },
    ...more,
  };
  return { topic: `${prefix}/${component}/${node}/${name}/config`, payload: JSON.stringify(body) };
}
