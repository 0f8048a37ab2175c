/** A copy of everything: the house's own values and alarms too, and an end that says nothing is missing. */
import { describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import type { Alarm } from "../../../daemon/model/alarm.js";
import { exportOwnData, type OwnData } from "../../../daemon/privacy/own-data.js";

const NOTHING: OwnData = {
  facts: [],
  alarms: [],
  history: undefined,
  backlog: undefined,
  backend: undefined,
};
const ALARM: Alarm = {
  id: 3,
  deviceId: "heatpump",
  kind: "machine",
  source: "local",
  model: "2026-11-01",
  severity: "warning",
  raisedAtMs: 1_795_000_000_000,
  parts: [{ id: "heating.low", measured: 30, expected: 35 }],
  possible: [],
  title: { de: "Zu kalt", en: "Too cold" },
  text: { de: "", en: "" },
  isEndOwed: false,
};

async function read(data: Partial<OwnData>): Promise<Record<string, unknown>[]> {
  let text = "";
  for await (const piece of exportOwnData({ ...NOTHING, ...data })) {
    text += Buffer.from(piece).toString("utf8");
  }
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("a copy of everything", () => {
  it("holds the values of every device by time, and the alarms with what they are of", async () => {
    const range = { fromMs: 0, toMs: 10 };
    const asked: unknown[] = [];
    const records = await read({
      alarms: [ALARM],
      history: {
        deviceIds: ["one", "two"],
        range,
        async *rows(of, within) {
          asked.push([of.deviceId, within]);
          yield { atMs: 5, values: new Map([["temp_flow", 35]]) };
        },
      },
    });
    const { kind: what, ...rest } = ALARM;
    const time = "1970-01-01T00:00:00.005Z";
    expect(records).toEqual([
      { ...rest, kind: "alarm", of: what },
      { kind: "history", deviceId: "one", time, values: { temp_flow: 35 } },
      { kind: "history", deviceId: "two", time, values: { temp_flow: 35 } },
      { kind: "backend", status: "none" },
      { kind: "end" },
    ]);
    expect(asked).toEqual([
      ["one", range],
      ["two", range],
    ]);
  });

  it("says that it broke off when the history cannot be read, and has no end", async () => {
    const records = await read({
      history: {
        deviceIds: ["one"],
        range: { fromMs: 0, toMs: 10 },
        // biome-ignore lint/correctness/useYield: it fails at once
        async *rows() {
          throw new HeatpoolError("STORE_FAILED", "the disk is gone");
        },
      },
    });
    expect(records).toEqual([{ kind: "broken", why: "the disk is gone" }]);
  });

  it("gives what is here also when the backend is away, and says so", async () => {
    const records = await read({
      alarms: [ALARM],
      // biome-ignore lint/correctness/useYield: it fails at once
      async *backend() {
        throw new HeatpoolError("UNAVAILABLE", "nobody answers");
      },
    });
    expect(records.slice(1)).toEqual([
      { kind: "backend", status: "away", why: "nobody answers" },
      { kind: "end" },
    ]);
  });
});
