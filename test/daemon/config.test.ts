/** The configuration: every fault is named at once, with its line, before anything is opened. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import { parseConfig } from "../../daemon/config.js";

function faultsOf(text: string): string[] {
  try {
    parseConfig(text);
  } catch (fault) {
    if (fault instanceof HeatpoolError && fault.code === "CONFIG_INVALID")
      return fault.message.split("\n").map((line) => line.trim());
    throw fault;
  }
  throw new Error("no fault found");
}

describe("parseConfig", () => {
  it("needs one device with address and profile, and fills in the rest", () => {
    const config = parseConfig("devices: [{ host: 192.0.2.7, profile: idm/navigator-2.0 }]");
    expect(config).toMatchObject({
      devices: [{ deviceId: "heatpump", pollIntervalSeconds: 60, parameters: {} }],
      uplink: { profile: "economy" },
      backlog: { limitMiB: 64, commitIntervalSeconds: 30, evict: "drop-oldest" },
      stateDir: "/var/lib/heatpool",
      runtimeDir: "/run/heatpool",
      language: "en",
      logLevel: "info",
    });
    expect(config.backend).toBeUndefined();
    // Nobody is woken unless it is urgent, asked for or not.
    expect(config.notify.quietHours).toEqual({ fromHour: 22, toHour: 7 });
  });

  it("names all faults of a file at once, each with its line", () => {
    const text = [
      "devices:",
      "  - host: 192.0.2.7",
      "    port: 70000",
      "    profile: idm",
      "backend:",
      "  url: no-port",
      "polIntervalSeconds: 5",
    ].join("\n");
    const faults = faultsOf(text).join("\n");
    expect(faults).toMatch(/heatpool\.yaml:3.*devices\.0\.port/);
    expect(faults).toMatch(/heatpool\.yaml:4.*devices\.0\.profile/);
    expect(faults).toMatch(/heatpool\.yaml:6.*backend\.url/);
    expect(faults).toMatch(/heatpool\.yaml:7.*polIntervalSeconds.*unknown key/);
  });

  it("takes a broker instead of a Modbus server, as host or as url", () => {
    const text = [
      "devices:",
      "  - deviceId: a",
      "    broker: { host: 192.0.2.9, tls: true, caFile: /ca, userFile: /u, passwordFile: /p }",
      "    profile: bosch/ems-esp",
      "    parameters: { base: ems-esp, maxAgeSeconds: 600 }",
      "  - { deviceId: b, broker: { url: mqtts://broker.example:8883 }, profile: bosch/ems-esp }",
    ].join("\n");
    expect(parseConfig(text).devices).toMatchObject([
      { broker: { host: "192.0.2.9", tls: true }, parameters: { maxAgeSeconds: ["600"] } },
      { broker: { url: "mqtts://broker.example:8883" } },
    ]);
  });

  it.each([
    ["{ profile: a/b }", /needs the host of a Modbus server, or an MQTT broker/],
    ["{ host: x, broker: { host: y }, profile: a/b }", /host.*belongs to Modbus/],
    ["{ unitId: 1, broker: { host: y }, profile: a/b }", /unitId.*belongs to Modbus/],
    ["{ broker: { port: 1883 }, profile: a/b }", /broker.*needs url, or host/],
    ["{ broker: { url: 'mqtt://u:p@h' }, profile: a/b }", /without user and password/],
    ["{ broker: { url: 'mqtt://h', tls: true }, profile: a/b }", /url says port and TLS already/],
    ["{ broker: { host: h, passwordFile: /p }, profile: a/b }", /a password needs a user/],
    ["{ broker: { host: h, password: secret }, profile: a/b }", /password.*unknown key/],
  ])("refuses the device %s", (device, fault) => {
    expect(faultsOf(`devices: [${device}]`).join("\n")).toMatch(fault);
  });

  const device = "devices: [{ host: h, profile: idm/navigator-2.0 }]\n";

  it("opens no page unless it is asked for, and keeps a history of 64 MiB", () => {
    expect(parseConfig(device).local).toBeUndefined();
    expect(parseConfig(device).history).toEqual({ limitMiB: 64, commitIntervalSeconds: 300 });
    const { local } = parseConfig(`${device}local: {}`);
    expect(local).toEqual({ host: "127.0.0.1", port: 8480, hostNames: [] });
  });

  it.each(["0.0.0.0", "::", "192.168.1.5", "[fd00::5]"])(
    "shows the page on %s only with a token file",
    (host) => {
      expect(faultsOf(`${device}local: { host: "${host}" }`).join("\n")).toMatch(/token file/);
      const config = parseConfig(`${device}local: { host: "${host}", tokenFile: /t }`);
      expect(config.local?.host).toBe(host);
    },
  );

  it("refuses two devices of one name", () => {
    const text = [
      "devices:",
      "  - { host: a, profile: idm/navigator-2.0 }",
      "  - { host: b, profile: idm/navigator-2.0 }",
    ].join("\n");
    expect(faultsOf(text).join("\n")).toMatch(/heatpool\.yaml:3.*names two devices/);
  });

  it("has an example that is valid, also with every commented setting switched on", () => {
    const text = readFileSync("systemd/heatpool.yaml", "utf8");
    expect(parseConfig(text).devices).toHaveLength(1);
    const everything = text.replace(/^(\s*)# (?=\s*[a-zA-Z]+:)/gm, "$1");
    const config = parseConfig(everything);
    expect(config.backend?.url).toBe("heatpool.example.org:7443");
    expect(config.uplink.intervalSeconds).toBe(3600);
  });
});
