/** Snapshots of what a real broker tells: what counts, what does not, and what is said about it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { IClientOptions } from "mqtt";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parseMqttProfile } from "#core/profile/mqtt-compile.js";
import { temporaryFolder } from "../../support/folder.js";
import { crash, createBroker, type TestBroker, until } from "../../support/mosquitto.js";
import { isPeerMissing } from "../../support/peer.js";
import { createHearing, type Hearing } from "../../support/topic-hearing.js";

const packaged = join(import.meta.dirname, "../../../firmware-profiles");
const load = (name: string) =>
  parseMqttProfile(readFileSync(join(packaged, `${name}.yaml`), "utf8"), name);

const ebusd = load("vaillant/arotherm-plus-ebusd");
const heishamon = load("panasonic/aquarea-heishamon");
const ems = load("bosch/ems-esp");
const open3e = load("viessmann/vitocal-250a-open3e");

const FLOW = "open3e/FlowTemperatureSensor/Actual";

describe.skipIf(isPeerMissing("mosquitto"))("snapshots of what is heard (mosquitto)", () => {
  let broker: TestBroker;
  let hearing: Hearing;
  const signal = new AbortController().signal;

  /** Publishes, and waits until it was heard. */
  async function say(topic: string, payload: string | Buffer, retain = false): Promise<void> {
    const { messages, oversized } = hearing.status().feed;
    await hearing.gateway.publishAsync(topic, payload, { retain });
    await until(() => {
      const now = hearing.status().feed;
      return now.messages + now.oversized > messages + oversized;
    }, `${topic} heard`);
  }
  async function read(): Promise<Record<string, number | string>> {
    const { readings } = await hearing.source.take(signal);
    return Object.fromEntries(
      readings
        .filter(({ quality }) => quality !== "not-due")
        .map(({ metric, value, quality }) => [metric, value ?? quality]),
    );
  }
  const refusal = () =>
    hearing.source.take(signal).then(
      () => "a snapshot",
      (error: Error) => error.message,
    );

  beforeAll(async () => {
    broker = await createBroker();
    await broker.start();
  });
  afterEach(() => hearing.close());
  afterAll(() => broker.stop());

  it("never takes for a sample what the broker kept, and takes the next one", async () => {
    const early = await broker.connect();
    await early.publishAsync("panasonic_heat_pump/main/Main_Outlet_Temp", "28.25", {
      retain: true,
      qos: 1,
    });
    await early.endAsync(true);
    hearing = await createHearing(broker, heishamon);
    await until(() => hearing.status().retainedOnly === 1, "the kept value");
    expect(await refusal()).toMatch(/nothing live .*; 1 values were kept by the broker/);
    await say("panasonic_heat_pump/main/Main_Outlet_Temp", "28.5", true);
    expect(await read()).toEqual({ temp_flow: 28.5 });
    expect(hearing.status()).toMatchObject({ live: 1, retainedOnly: 0 });
  });

  it("believes the last will of a gateway that crashes, and its return", async () => {
    hearing = await createHearing(broker, ems);
    const will = { topic: "ems-esp/status", payload: Buffer.from("offline"), qos: 0, retain: true };
    const gateway = await broker.connect({ will } as IClientOptions);
    await gateway.publishAsync("ems-esp/status", "online", { retain: true });
    await gateway.publishAsync("ems-esp/boiler_data", '{"outdoortemp":2.6}');
    await until(() => hearing.status().feed.messages === 2, "both messages");
    expect(await read()).toMatchObject({ temp_outdoor: 2.6 });
    await crash(gateway);
    await until(() => hearing.status().feed.messages === 3, "the last will");
    expect(await refusal()).toContain("ems-esp/status says no (EMS-ESP runs");
    for (const word of ["online", "offline", "online"]) await say("ems-esp/status", word, true);
    expect(await read()).toMatchObject({ temp_outdoor: 2.6 });
  });

  it("does not believe a kept Offline before the gateway had the time to say Online", async () => {
    const early = await broker.connect();
    await early.publishAsync("panasonic_heat_pump/LWT", "Offline", { retain: true, qos: 1 });
    await early.endAsync(true);
    hearing = await createHearing(broker, heishamon);
    await say("panasonic_heat_pump/main/Pump_Flow", "14.5");
    expect(await read()).toEqual({ flow_rate: 14.5 });
    hearing.clock.pass(20_000);
    expect(await refusal()).toContain("panasonic_heat_pump/LWT says no");
    await say("panasonic_heat_pump/LWT", "Online");
    expect(await read()).toEqual({ flow_rate: 14.5 });
  });

  it("is not fooled by a gateway that is online while the heat pump is silent", async () => {
    hearing = await createHearing(broker, heishamon);
    await say("panasonic_heat_pump/main/Pump_Flow", "14.5");
    await say("panasonic_heat_pump/stats", '{"good reads":100}');
    for (let seconds = 0; seconds < 120; seconds += 30) {
      hearing.clock.pass(30_000);
      await say("panasonic_heat_pump/LWT", "Online");
      await say("panasonic_heat_pump/stats", '{"good reads":100}');
    }
    expect(await refusal()).toMatch(/stats has stood still for 1\d\d s \(the heat pump answers/);
    await say("panasonic_heat_pump/stats", '{"good reads":101}');
    expect(await read()).toEqual({ flow_rate: 14.5 });
  });

  it("asks for bus state and heartbeat too", async () => {
    hearing = await createHearing(broker, ems);
    await say("ems-esp/boiler_data", '{"outdoortemp":2.6}');
    await say("ems-esp/heartbeat", '{"bus_status":"disconnected"}');
    expect(await refusal()).toContain("ems-esp/heartbeat says no (the EMS bus is connected");
    await say("ems-esp/heartbeat", '{"bus_status":"connected"}');
    expect(await read()).toMatchObject({ temp_outdoor: 2.6 });
    hearing.clock.pass(200_000);
    expect(await refusal()).toContain("ems-esp/heartbeat has stood still for 200 s");
  });

  it("lets a value grow old, and says so", async () => {
    hearing = await createHearing(broker, open3e);
    await say(FLOW, "39.6");
    hearing.clock.pass(100_000);
    await say("open3e/OutsideTemperatureSensor/Actual", "-3.4");
    expect(await read()).toEqual({ temp_flow: 39.6, temp_outdoor: -3.4 });
    hearing.clock.pass(60_000);
    expect(await read()).toEqual({ temp_flow: "read-error", temp_outdoor: -3.4 });
    hearing.clock.pass(100_000);
    expect(await refusal()).toMatch(/nothing live/);
  });

  it("takes another age where the gateway is slower", async () => {
    hearing = await createHearing(broker, open3e, { maxAgeSeconds: ["600"] });
    await say(FLOW, "39.6");
    hearing.clock.pass(500_000);
    expect(await read()).toEqual({ temp_flow: 39.6 });
  });

  it("finds nothing in empty payloads, texts of exceptions, missing keys and odd JSON", async () => {
    hearing = await createHearing(broker, open3e);
    await say(FLOW, "39.6");
    for (const text of ["", "not found in <class 'x'>", "0x27", "1,5", "1e999", "NaN", "null"]) {
      await say(FLOW, text);
      expect(await read(), JSON.stringify(text)).toEqual({ temp_flow: "absent" });
    }
    await say("open3e/PrimaryCircuitFanOne", '{"Actual": ');
    await say("open3e/ReturnTemperatureSensor", '{"Actual": {"__proto__": 1}}');
    await say("open3e/DomesticHotWaterSensor", '{"constructor": 5}');
    expect(await read()).toEqual({
      temp_flow: "absent",
      fan_speed_percent: "absent",
      temp_return: "absent",
      temp_hot_water: "absent",
    });
  });

  it("does not count a sensor whose status is not 0", async () => {
    hearing = await createHearing(broker, open3e);
    await say("open3e/FlowTemperatureSensor", '{"Actual": 21.0, "SensorStatus": {"ID": 1}}');
    expect(await read()).toEqual({ temp_flow: "absent" });
    await say("open3e/FlowTemperatureSensor", '{"Actual": 21.0, "SensorStatus": {"ID": 0}}');
    expect(await read()).toEqual({ temp_flow: 21 });
  });

  it("clears a fault by the count, for an empty list sends no entry", async () => {
    hearing = await createHearing(broker, open3e);
    await say("open3e/ErrorDtcList/Count", "1");
    await say("open3e/ErrorDtcList/ListEntries/0/Error/ID", "519");
    expect(await read()).toEqual({ errors_active: 1, fault: 519 });
    await say("open3e/ErrorDtcList/Count", "0");
    expect(await read()).toEqual({ errors_active: 0, fault: 0 });
  });

  it("lets the first alternative that is heard win, and another when it falls silent", async () => {
    hearing = await createHearing(broker, ebusd);
    await say("ebusd/ctlv3/HwcStorageTemp", "49.5");
    await say("ebusd/basv2/HwcStorageTemp", "12");
    expect(await read()).toEqual({ temp_hot_water: 49.5 });
    hearing.clock.pass(301_000);
    await say("ebusd/basv2/HwcStorageTemp", "47");
    expect(await read()).toEqual({ temp_hot_water: 47 });
  });

  it("does not let a topic win that lacks the key", async () => {
    hearing = await createHearing(broker, ems);
    await say("ems-esp/boiler_data", '{"outdoortemp":2.6}');
    await say("ems-esp/boiler_data_dhw", '{"curtemp":46.3}');
    await say("ems-esp/boiler_data", '{"outdoortemp":2.7}');
    expect(await read()).toMatchObject({ temp_outdoor: 2.7, temp_hot_water: 46.3 });
  });

  it.each([
    ['{"hpactivity":"Heizen","hpcompon":"an"}', 1],
    ['{"hpactivity":"HEATING","hpcompon":"ON"}', 1],
    ['{"hpactivity":1,"hpcompon":true}', 1],
    ['{"hpactivity":"1","hpcompon":"1"}', 1],
    ['{"hpactivity":"chauffage","hpcompon":"marche"}', "absent"],
  ])("understands %s", async (payload, expected) => {
    hearing = await createHearing(broker, ems);
    await say("ems-esp/boiler_data", payload);
    expect(await read()).toMatchObject({ operating_mode: expected, compressor_state: expected });
  });

  it("takes the last pressure for none while the compressor rests", async () => {
    hearing = await createHearing(broker, ebusd);
    await say("ebusd/hmu/RunDataHighPressure", "18.6");
    expect(await read()).toEqual({ pressure_high: "absent" });
    await say("ebusd/hmu/RunDataCompressorSpeed", "0");
    expect(await read()).toEqual({ pressure_high: "absent", compressor_frequency: 0 });
    await say("ebusd/hmu/RunDataCompressorSpeed", "30");
    expect(await read()).toEqual({ pressure_high: 18.6, compressor_frequency: 30 });
  });

  it("takes fine powers before coarse ones, and no COP while it defrosts", async () => {
    hearing = await createHearing(broker, heishamon);
    const base = "panasonic_heat_pump";
    for (const mode of ["Heat", "Cool", "DHW"]) {
      await say(`${base}/main/${mode}_Power_Consumption`, "-200");
      await say(`${base}/main/${mode}_Power_Production`, "-200");
      await say(`${base}/extra/${mode}_Power_Consumption_Extra`, mode === "Heat" ? "870" : "0");
      await say(`${base}/extra/${mode}_Power_Production_Extra`, mode === "Heat" ? "3480" : "0");
    }
    await say(`${base}/main/Defrosting_State`, "0");
    expect(await read()).toMatchObject({
      power_current: 0.87,
      power_thermal: 3.48,
      cop_current: 4,
    });
    await say(`${base}/main/Defrosting_State`, "1");
    expect(await read()).toMatchObject({
      power_current: 0.87,
      power_thermal: "absent",
      cop_current: "absent",
    });
  });

  it("forgets everything when the broker goes, for changes were missed", async () => {
    hearing = await createHearing(broker, open3e);
    await say(FLOW, "39.6");
    await broker.stop();
    await until(() => !hearing.status().feed.isConnected, "the loss");
    expect(await refusal()).toMatch(/^broker 127\.0\.0\.1:\d+: /);
    await broker.start();
    await until(() => hearing.status().feed.isConnected, "the connection");
    expect(await refusal()).toMatch(/nothing live/);
    const gateway = await broker.connect();
    await gateway.publishAsync(FLOW, "40.1");
    await gateway.endAsync();
    await until(() => hearing.status().live === 1, "a new value");
    expect(await read()).toEqual({ temp_flow: 40.1 });
  });

  it("ignores a payload of 1 MB, and goes on with what was known", async () => {
    hearing = await createHearing(broker, open3e);
    await say(FLOW, "39.6");
    await say(FLOW, Buffer.alloc(1024 * 1024, "9"));
    expect(await read()).toEqual({ temp_flow: 39.6 });
    expect(hearing.status().feed.oversized).toBe(1);
  });
});

describe.skipIf(isPeerMissing("mosquitto"))("what a broker sees of us (mosquitto)", () => {
  it("subscribes to every topic of the profile, by its exact name, and publishes nothing", async () => {
    const log = join(temporaryFolder(), "log");
    const broker = await createBroker(["#"], [`log_dest file ${log}`, "log_type all"]);
    await broker.start();
    const hearing = await createHearing(broker, ebusd);
    await until(() => readFileSync(log, "utf8").includes("SUBACK"), "the answer");
    await hearing.close();
    await broker.stop();
    const lines = readFileSync(log, "utf8").split("\n");
    const asked = lines.flatMap((line) => /hearing-[\d.]+ 0 (\S+)$/.exec(line)?.[1] ?? []);
    expect(new Set(asked)).toEqual(new Set(hearing.topics));
    expect(asked.filter((topic) => /[+#]/.test(topic))).toEqual([]);
    expect(lines.filter((line) => /Received PUBLISH from hearing-/.test(line))).toEqual([]);
  });

  it("says what to look for where a forbidden subscription is granted and stays silent", async () => {
    const broker = await createBroker(["something/else"]);
    await broker.start();
    const hearing = await createHearing(broker, open3e);
    await hearing.gateway.publishAsync(FLOW, "39.6", { qos: 1 });
    await expect(hearing.source.take(new AbortController().signal)).rejects.toMatchObject({
      code: "DEVICE_TIMEOUT",
      hint: expect.stringContaining("grant a forbidden subscription and stay silent"),
    });
    expect(hearing.status().feed).toMatchObject({ messages: 0, isConnected: true });
    await hearing.close();
    await broker.stop();
  });
});
