/** Home automation over an MQTT broker, by the package `mqtt`; loaded when it is configured. */
import { readFileSync } from "node:fs";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { backoffMs } from "#core/backoff.js";
import type { Clock } from "#core/clock.js";
import type { Metric } from "#core/measurement/metrics.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import {
  availability,
  diagnostics,
  entity,
  type HomeDevice,
  type HomeNames,
  type Kept,
  presence,
  state,
} from "./discovery.js";
import type { HomePublisher, HomeState } from "./home.js";

/** A broker, and as whom. */
export interface HomeBroker {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly caFile: string | undefined;
  readonly userFile: string | undefined;
  readonly passwordFile: string | undefined;
}

/** What publishing works with. */
export interface HomeDeps {
  readonly broker: HomeBroker;
  readonly names: HomeNames;
  readonly devices: readonly HomeDevice[];
  readonly metrics: ReadonlyMap<string, Metric>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

const CONNECT_MAX_MS = 10_000;
const RETRY = { baseMs: 5_000, capMs: 300_000 };
/** Least wait between two attempts. */
const RETRY_MIN_MS = 1_000;
/** 4 is MQTT 3.1.1, which every broker speaks. */
const PROTOCOL = 4;

export function createMqttHome(deps: HomeDeps): HomePublisher {
  const { names, devices, metrics, clock, random } = deps;
  const newest = new Map<string, Snapshot>();
  const online = new Map<string, boolean>();
  let wake = new AbortController();
  let home: HomeState = { isConnected: false, published: 0, fault: "" };

  async function publish(client: MqttClient, { topic, payload }: Kept): Promise<void> {
    await client.publishAsync(topic, payload, { qos: 1, retain: true });
    home = { ...home, published: home.published + 1 };
  }

  /** Publishes what waits until the connection ends. */
  async function serve(client: MqttClient, signal: AbortSignal): Promise<void> {
    const told = new Set<string>();
    const tell = async (kept: Kept) => {
      if (told.has(kept.topic)) return;
      told.add(kept.topic);
      await publish(client, kept);
    };
    for (const [deviceId, isOnline] of online) note(deviceId, isOnline);
    await publish(client, presence(names, true));
    while (!signal.aborted && client.connected) {
      wake = new AbortController();
      for (const device of devices) {
        for (const kept of diagnostics(names, device)) await tell(kept);
        await showDevice(client, device, tell);
      }
      await clock.sleep(CONNECT_MAX_MS, AbortSignal.any([wake.signal, signal]));
    }
  }

  async function showDevice(
    client: MqttClient,
    device: HomeDevice,
    tell: (kept: Kept) => Promise<void>,
  ): Promise<void> {
    const isOnline = changed.get(device.deviceId);
    changed.delete(device.deviceId);
    if (isOnline !== undefined) await publish(client, availability(names, device, isOnline));
    const snapshot = newest.get(device.deviceId);
    if (snapshot === undefined) return;
    newest.delete(device.deviceId);
    for (const { metric, value } of snapshot.readings) {
      const known = metrics.get(metric);
      if (known !== undefined && value !== undefined) await tell(entity(names, device, known));
    }
    await publish(client, state(names, snapshot));
  }

  /** Availability that the broker has not heard. */
  const changed = new Map<string, boolean>();
  function note(deviceId: string, isOnline: boolean): void {
    changed.set(deviceId, isOnline);
    wake.abort();
  }

  return {
    show(snapshot) {
      newest.set(snapshot.deviceId, snapshot);
      wake.abort();
    },
    showOnline(deviceId, isOnline) {
      online.set(deviceId, isOnline);
      note(deviceId, isOnline);
    },
    state: () => home,
    async run(signal) {
      let failures = 0;
      while (!signal.aborted) {
        try {
          const { host, port, isTls } = deps.broker;
          const url = `${isTls ? "mqtts" : "mqtt"}://${host}:${port}`;
          const client = await connectAsync(url, toOptions(deps), false);
          client.on("error", (fault) => {
            home = { ...home, fault: fault.message };
          });
          client.once("close", () => wake.abort());
          failures = 0;
          home = { ...home, isConnected: true, fault: "" };
          try {
            await serve(client, signal);
            if (client.connected) await publish(client, presence(names, false));
          } finally {
            await client.endAsync(true);
          }
        } catch (fault) {
          home = { ...home, fault: fault instanceof Error ? fault.message : String(fault) };
        }
        home = { ...home, isConnected: false };
        if (signal.aborted) return;
        await clock.sleep(RETRY_MIN_MS + backoffMs(failures++, RETRY, random), signal);
      }
    },
  };
}

function toOptions({ broker, names }: HomeDeps): IClientOptions {
  const { caFile, userFile, passwordFile } = broker;
  const firstLine = (path: string) => readFileSync(path, "utf8").split(/\r?\n/)[0] ?? "";
  const will = presence(names, false);
  return {
    clientId: `heatpool-home-${names.daemonId}`,
    protocolVersion: PROTOCOL,
    reconnectPeriod: 0,
    connectTimeout: CONNECT_MAX_MS,
    will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true },
    ...(userFile !== undefined && { username: firstLine(userFile) }),
    ...(passwordFile !== undefined && { password: firstLine(passwordFile) }),
    ...(caFile !== undefined && { ca: readFileSync(caFile) }),
  };
}
