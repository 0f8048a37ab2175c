/** Topics of one house: parameters filled in, open3e's format strings, and never a wildcard. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseMqttProfile } from "#core/profile/mqtt-compile.js";
import { isExactTopic, planTopics } from "#core/profile/mqtt-topics.js";
import { mqttProfileText } from "../../support/mqtt-profile-text.js";

const profile = parseMqttProfile(mqttProfileText(), "test.yaml");
const topicsOf = (parameters: Record<string, string[]>) =>
  planTopics(profile, parameters)
    .places.get("temp_flow")
    ?.map(({ topic }) => topic);

describe("topics of an installation", () => {
  it("are those of every default when nothing is configured", () => {
    expect(topicsOf({})).toEqual(["gw/Flow", "gw/680_268_Flow"]);
  });

  it.each([
    ["{didName}", "gw/Flow"],
    ["{ecuAddr:03X}_{didNumber}_{didName}", "gw/680_268_Flow"],
    ["{ecuAddr:x}/{didNumber:05d}", "gw/680/00268"],
    ["{ecuAddr}-{didName}", "gw/1664-Flow"],
    ["{device}_{didNumber}", "gw/vcal_268"],
    ["heat/{didName}/pump", "gw/heat/Flow/pump"],
  ])("follow the format string %s", (format, topic) => {
    expect(topicsOf({ dp: [format] })).toEqual([topic]);
  });

  it.each([["{unknown}"], ["{didName:03d}"], ["{ecuAddr:>8}"]])(
    "refuse the format %s",
    (format) => {
      expect(() => topicsOf({ dp: [format] })).toThrow(/the format .* is not known/);
    },
  );

  it("take the configured base, with slashes in it", () => {
    expect(topicsOf({ base: ["home/cellar/gw"], dp: ["{didName}"] })).toEqual([
      "home/cellar/gw/Flow",
    ]);
  });

  it.each([["#"], ["+/a"], ["a#"], [""], ["a b"], ["a\0b"], ["$SYS"]])(
    "refuse the base %j: it is no exact topic",
    (base) => {
      expect(() => topicsOf({ base: [base] })).toThrow(/may not be|is no exact topic/);
    },
  );

  it("refuse a parameter that the profile does not know, and name the known ones", () => {
    expect(() => topicsOf({ bas: ["x"] })).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        hint: "Parameters of this profile: base, dp, device, maxAgeSeconds.",
      }),
    );
  });

  it("have the age that was configured, within reason", () => {
    expect(planTopics(profile, {}).maxAgeMs).toBe(60_000);
    expect(planTopics(profile, { maxAgeSeconds: ["600"] }).maxAgeMs).toBe(600_000);
    for (const odd of ["0", "1.5", "soon", "86401"]) {
      expect(() => planTopics(profile, { maxAgeSeconds: [odd] })).toThrow(/1 to 86400/);
    }
  });

  it("leave out texts: what is no number is not even heard", () => {
    const { topics, places } = planTopics(profile, {});
    expect(places.has("serial")).toBe(false);
    expect(topics.filter((topic) => topic.includes("Serial"))).toEqual([]);
  });

  it("are exact whatever somebody configures, or refused", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (base, dp) => {
        try {
          const { topics } = planTopics(profile, { base: [base], dp: [dp] });
          return topics.every((topic) => isExactTopic(topic) && !/[+#]/.test(topic));
        } catch (error) {
          return (error as { code?: string }).code === "CONFIG_INVALID";
        }
      }),
    );
  });
});
