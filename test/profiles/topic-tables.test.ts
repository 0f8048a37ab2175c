/**
 * The MQTT profiles say what the topic tables say, row by row. The tables are not part of the
 * repository: they lie in `../shared/registers/mqtt`, or the test is skipped.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseMqttProfile } from "#core/profile/mqtt-compile.js";
import type { MqttPoint, Place } from "#core/profile/mqtt-profile.js";
import { readCsv } from "../../scripts/csv-register-table.js";

const root = join(import.meta.dirname, "../..");
const tables = join(root, "../shared/registers/mqtt");
const isMissing = !existsSync(tables);

const TABLES = {
  "viessmann-open3e-vitocal-250a.csv": "viessmann/vitocal-250a-open3e",
  "vaillant-ebusd-arotherm-plus.csv": "vaillant/arotherm-plus-ebusd",
  "panasonic-heishamon.csv": "panasonic/aquarea-heishamon",
  "bosch-ems-esp.csv": "bosch/ems-esp",
};

/** No values: signs of life, orders, serial numbers, and what needs a test mode of the heat pump. */
const NO_POINTS = /\/(LWT|ERR|system|status|heartbeat|stats|global\/\w+|Test(High|Low)Press)$/;
/** The catalogue is finer than the tables: fan speed in %, energies by kind. */
const OTHER_METRICS: Readonly<Record<string, string>> = {
  energy_electric: "energy_electric_total",
  compressor_rating: "compressor_rating",
};
/** Named in the tables, but disputed or not to be told apart: they stay in the house. */
const LOCAL_ONLY = ["servicecodenumber"];

type Row = Readonly<Record<string, string | undefined>>;

/** Topics and payloads pair up by position; one topic with several payloads has them all. */
function placesOf(row: Row): readonly string[] {
  const topics = (row.topic_template ?? "").split(" | ");
  const payloads = (row.payload ?? "").split(" | ");
  if (topics.length === 1) return payloads.map((payload) => `${topics[0]} ${payload}`);
  // Where two topics share a payload, the last one stands for the rest.
  return topics.map((topic, i) => `${topic} ${payloads[i] ?? payloads.at(-1)}`);
}

function toText({ topic, extract }: Place): string {
  if (extract.kind === "whole") return `${topic} plain`;
  if (extract.kind === "field") return `${topic} plain[${extract.index}]`;
  const keys = extract.keys.map((key) => {
    if (typeof key === "number") return `[${key}]`;
    return /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `["${key}"]`;
  });
  return `${topic} $${keys.join("")}`;
}

describe.skipIf(isMissing)("the topic tables (skipped without ../shared/registers)", () => {
  describe.each(Object.entries(TABLES))("%s", (file, name) => {
    const rows: readonly Row[] = isMissing ? [] : readCsv(join(tables, file));
    const yaml = join(root, `firmware-profiles/${name}.yaml`);
    const profile = parseMqttProfile(readFileSync(yaml, "utf8"), yaml);
    const values = rows.filter(
      (row) => row.topic_template !== "derived" && !NO_POINTS.test(row.topic_template ?? ""),
    );
    const find = (row: Row): MqttPoint | undefined =>
      profile.points.find((point) => {
        const texts = point.places.map(toText);
        return placesOf(row).every((place) => texts.includes(place));
      });

    it("has one point per row, and a row for every point", () => {
      const missing = values.filter((row) => find(row) === undefined);
      expect(missing.map((row) => row.topic_template)).toEqual([]);
      expect(new Set(values.map((row) => find(row)?.id)).size).toBe(profile.points.length);
    });

    it.each(values.map((row) => [row.name_en ?? "", row] as const))("agrees: %s", (_, row) => {
      const point = find(row);
      expect(point?.label.de).toBe(row.name_de);
      const said = point?.confidence ?? "";
      const allowed = row.confidence?.startsWith(said) || said === "disputed";
      expect(allowed, `${said} for ${row.confidence}`).toBe(true);
      const metric = row.canonical_metric ?? "";
      if (metric === "" || LOCAL_ONLY.some((key) => row.payload?.includes(key))) return;
      const wanted =
        metric === "fan_speed" && row.unit === "%" ? "fan_speed_percent" : OTHER_METRICS[metric];
      expect(point?.metrics.map((one) => one.metric)).toContain(wanted ?? metric);
    });

    it("does not share what is disputed", () => {
      const shared = profile.points.filter(
        ({ confidence, metrics }) => confidence === "disputed" && metrics.length > 0,
      );
      expect(shared.map((point) => point.id)).toEqual([]);
    });
  });
});
