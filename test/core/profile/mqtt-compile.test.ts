/** What an author of an MQTT profile is told: every fault, at its line. */
import { describe, expect, it } from "vitest";
import { parseMqttProfile } from "#core/profile/mqtt-compile.js";
import { isMqttProfile } from "#core/profile/mqtt-profile.js";
import { parseAnyProfile } from "#core/profile/parse-profile.js";
import { mqttProfileText } from "../../support/mqtt-profile-text.js";

const FLOW = 'from: [{ topic: "{base}/{dp:0x680,268,Flow}" }]';

describe("an MQTT profile", () => {
  it("is told from a Modbus profile by its transport", () => {
    expect(isMqttProfile(parseAnyProfile(mqttProfileText(), "test.yaml"))).toBe(true);
    expect(() => parseAnyProfile("name: a/b\n", "test.yaml")).toThrow(/registers/);
  });

  it.each<[string, [string, string], RegExp]>([
    ["a wildcard", ["/LWT", "/+/x"], /availability.0.topic: must be one exact topic/],
    ["a wildcard as a default", ["default: [gw]", "default: ['gw/#']"], /part of an exact topic/],
    ["an unknown parameter", [FLOW, 'from: [{ topic: "{bas}/x" }]'], /no parameter is called bas/],
    ["an odd data point", ["0x680,268,Flow", "680,Flow"], /must be like \{dp:0x680,268,Name\}/],
    ["a topic of orders", [FLOW, 'from: [{ topic: "{base}/cmnd/x" }]'], /gives orders/],
    ["no place", [FLOW, "note: x"], /needs from, or a layout/],
    ["an unknown layout", [FLOW, "layout: nothing"], /no layout is called nothing/],
    ["an empty layout", [FLOW, "layout: list"], /<1> stands for nothing: at has 0/],
    ["an odd path", [FLOW, "from: [{ topic: x, read: $..a }]"], /must be whole, \[n\]/],
    ["an unknown metric", ["metric: temp_flow", "metric: temp_flo"], /unknown metric temp_flo/],
    ["another unit", ["unit: °C", "unit: K"], /is in K, but temp_flow is in °C/],
    ["no unit", ["unit: °C, ", ""], /needs a unit/],
    ["a text as a metric", ["metric: temp_flow", "metric: temp_flow, kind: text"], /a text is no/],
    ["scaled codes", ["metric: operating_mode", "metric: operating_mode, scale: 10"], /not scaled/],
    ["aliases of a number", ["unit: °C", "unit: °C, aliases: { a: 1 }"], /belong to codes/],
    [
      "an id twice",
      ["id: serial", "id: temp_flow, metric: temp_flow"],
      /already the id of points.0/,
    ],
    ["an unknown companion", ["unit: °C", "unit: °C, companions: [x]"], /no companion is called x/],
    [
      "a gate on nothing",
      ["unit: °C", "unit: °C, when: { x: { min: 1 } }"],
      /no point has the id x/,
    ],
    ["a gate on itself", ["unit: °C", "unit: °C, when: { temp_flow: { min: 1 } }"], /on itself/],
    ["an unknown source", ["[src]", "[other]"], /other is not among the sources/],
    ["a wrong vector", ["value: 39.6", "value: 39.7"], /vectors.0: is 39.6/],
    ["a vector elsewhere", ["topic: gw/Flow, pay", "topic: gw/x, pay"], /is not heard there/],
    ["a vector of nothing", ["- { point: temp_flow", "- { point: x"], /no point has the id x/],
    [
      "a local name that is a metric",
      [
        "derived: []",
        "derived: [{ metric: power_thermal, local: true, sum: [temp_flow, serial] }]",
      ],
      /is a metric of the catalogue; use another name/,
    ],
  ])("is refused with %s", (_, change, message) => {
    expect(() => parseMqttProfile(mqttProfileText(change), "test.yaml")).toThrow(message);
  });

  it("names every fault with its line", () => {
    const text = mqttProfileText(
      ["unit: °C", "unit: K"],
      ["id: serial", "id: mode, metric: fault"],
    );
    expect(() => parseMqttProfile(text, "test.yaml")).toThrow(
      /^2 problem\(s\)\n {2}test.yaml:20:\d+ points.0.unit: .*\n {2}test.yaml:22:\d+ points.2.metric: /,
    );
  });

  it("keeps derived values that are no metrics, for the house alone", () => {
    const text = mqttProfileText([
      "derived: []",
      "derived: [{ metric: twice, local: true, sum: [temp_flow, temp_flow], source: [src] }]",
    ]);
    expect(parseMqttProfile(text, "test.yaml").derived).toMatchObject([{ metric: "twice" }]);
  });
});
