/**
 * Home automation over somebody else's broker: entities appear by themselves, values follow the
 * polls, and what is gone is shown as gone.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { METRICS } from "#core/measurement/metrics.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import { createMqttHome } from "../../daemon/home/mqtt-discovery.js";
import { temporaryFolder } from "../support/folder.js";
import { createBroker, createHastyClock, until } from "../support/mosquitto.js";
import { isPeerMissing } from "../support/peer.js";

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const DEVICE = { deviceId: "cellar", profile: "idm/navigator-2.0", pollIntervalSeconds: 60 };
const STATE = "heatpool/12345678/cellar/state";
const PRESENCE = "heatpool/12345678/status";
const AVAILABLE = "heatpool/12345678/cellar/availability";

function snapshot(readings: Readonly<Record<string, number | undefined>>): Snapshot {
  return {
    deviceId: "cellar",
    takenAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    monotonicMs: 0,
    clockSynced: true,
    readings: Object.entries(readings).map(([metric, value]) => ({
      metric,
      value,
      quality: value === undefined ? "absent" : "good",
    })),
  };
}

/** A broker, a publisher at it, and what the broker keeps. */
async function bed() {
  const broker = await createBroker();
  await broker.start();
  ends.push(() => broker.stop());
  const kept = new Map<string, string>();
  const listen = async () => {
    const client = await broker.connect();
    ends.push(() => client.endAsync(true));
    client.on("message", (topic, payload) => kept.set(topic, payload.toString()));
    await client.subscribeAsync("#");
  };
  await listen();
  const userFile = join(temporaryFolder(), "user");
  writeFileSync(userFile, "gateway\n");
  const { port, passwordFile } = broker;
  const host = "127.0.0.1";
  const home = createMqttHome({
    broker: { host, port, isTls: false, caFile: undefined, userFile, passwordFile },
    names: { prefix: "homeassistant", daemonId: "12345678", version: "0.1.0", language: "de" },
    devices: [DEVICE],
    metrics: new Map(METRICS.map((metric) => [metric.id, metric])),
    clock: createHastyClock(),
    random: () => 0.5,
  });
  const stop = new AbortController();
  const running = home.run(stop.signal);
  const end = async () => {
    stop.abort();
    await running;
  };
  ends.push(end);
  const has = (topic: string, text: string) =>
    until(() => kept.get(topic)?.includes(text) === true, `${topic}: ${text}`);
  const config = (component: string, name: string) =>
    JSON.parse(
      kept.get(`homeassistant/${component}/heatpool_12345678_cellar/${name}/config`) ?? "null",
    ) as Record<string, unknown> | null;
  return { broker, kept, listen, home, has, config, end };
}

describe.skipIf(isPeerMissing("mosquitto"))("Home Assistant's discovery (mosquitto)", () => {
  it("describes what is measured, in the owner's language and in its units", async () => {
    const { home, has, config, kept } = await bed();
    home.showOnline("cellar", true);
    home.show(
      snapshot({
        temp_outdoor: -3.5,
        energy_heat_total: 15_706,
        compressor_state: 1,
        power_current: undefined,
        not_in_the_catalogue: 1,
      }),
    );
    await has(STATE, '"temp_outdoor":-3.5');
    expect(config("sensor", "temp_outdoor")).toMatchObject({
      name: "Außentemperatur",
      unique_id: "heatpool_12345678_cellar_temp_outdoor",
      state_topic: STATE,
      device_class: "temperature",
      unit_of_measurement: "°C",
      state_class: "measurement",
      availability: [{ topic: PRESENCE }, { topic: AVAILABLE }],
      expire_after: 300,
      device: { manufacturer: "idm", model: "navigator-2.0", sw_version: "0.1.0" },
    });
    expect(config("sensor", "energy_heat_total")).toMatchObject({
      device_class: "energy",
      state_class: "total_increasing",
      unit_of_measurement: "kWh",
    });
    expect(config("binary_sensor", "compressor_state")).toMatchObject({
      value_template: "{{ 'ON' if value_json.compressor_state == 1 else 'OFF' }}",
    });
    expect(config("sensor", "power_current")).toBeNull();
    expect(config("sensor", "not_in_the_catalogue")).toBeNull();
    expect(config("sensor", "read_at")).toMatchObject({ entity_category: "diagnostic" });
    expect(kept.get(STATE)).toContain('"read_at":"2026-01-02T03:04:05.000Z"');
    expect(kept.get(PRESENCE)).toBe("online");
    expect(kept.get(AVAILABLE)).toBe("online");
  });

  it("says that a heat pump is silent, and at the end that the daemon is gone", async () => {
    const { home, has, end } = await bed();
    home.showOnline("cellar", true);
    await has(AVAILABLE, "online");
    home.showOnline("cellar", false);
    await has(AVAILABLE, "offline");
    await end();
    await has(PRESENCE, "offline");
    expect(home.state()).toMatchObject({ isConnected: false });
  });

  it("comes back when the broker was away, with the newest values only", async () => {
    const { broker, kept, listen, home, has, config } = await bed();
    home.showOnline("cellar", true);
    home.show(snapshot({ temp_outdoor: 1 }));
    await has(STATE, '"temp_outdoor":1');
    await broker.stop();
    await until(() => !home.state().isConnected, "a lost connection");
    for (const value of [2, 3, 4]) home.show(snapshot({ temp_outdoor: value }));
    kept.clear();
    await broker.start();
    await listen();
    await has(STATE, '"temp_outdoor":4');
    expect(config("sensor", "temp_outdoor")).not.toBeNull();
    expect(kept.get(AVAILABLE)).toBe("online");
  });
});
