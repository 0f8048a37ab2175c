/**
 * `heatpool alarms` and `heatpool model …` against a daemon that runs: at stake is an owner who asks
 * and is told nothing, or something else than is so.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HeatpoolError } from "#core/errors.js";
import { createSystemClock } from "../../../daemon/host/system-clock.js";
import { askDaemon, controlSocketPath } from "../../../daemon/local/control-socket.js";
import { scorerQuestion } from "../../../daemon/model/scorer-desk.js";
import { type DaemonRun, startDaemon } from "../../support/daemon-run.js";
import { temporaryFolder } from "../../support/folder.js";

describe("the daemon, asked about alarms and models", () => {
  const clock = createSystemClock();
  let daemon: DaemonRun;
  let path = "";

  beforeAll(async () => {
    // Nobody listens there: a daemon without a heat pump answers all the same.
    daemon = startDaemon(temporaryFolder(), 9, "");
    path = controlSocketPath(daemon.config.runtimeDir);
    await daemon.seen("daemon.started");
    while ((await askDaemon(clock, path, "GET /status")) === undefined);
  });
  afterAll(() => daemon.stop());

  it("tells that nothing is wrong and nothing is known yet", async () => {
    const answer = await askDaemon(clock, path, scorerQuestion({ action: "alarms" }));
    expect(answer).toMatchObject({
      alarms: [],
      devices: [{ deviceId: "heatpump", isAlarmOn: false, model: { source: "none" } }],
    });
  });

  it("shows score, alarm and counts in its status", async () => {
    const status = (await askDaemon(clock, path, "GET /status")) as {
      vitals: { name: string }[];
      anomaly: unknown[];
    };
    expect(status.anomaly).toHaveLength(1);
    expect(status.vitals.map(({ name }) => name)).toContain("heatpool_alarm_active");
  });

  it.each([
    [{ action: "answer", id: 1, answer: "fault" }, "NOT_FOUND"],
    [{ action: "relearn" }, "STATE_INVALID"],
    [{ action: "relearn", deviceId: "other" }, "NOT_FOUND"],
    [{ action: "rollback" }, "NOT_FOUND"],
  ] as const)("refuses %j with %s", async (ask, code) => {
    const asked = askDaemon(clock, path, scorerQuestion(ask));
    await expect(asked).rejects.toSatisfy((fault: HeatpoolError) => fault.code === code);
  });

  it("begins again when it is told to", async () => {
    const answer = await askDaemon(clock, path, scorerQuestion({ action: "reset" }));
    expect(answer).toMatchObject({ devices: [{ model: { daysKept: 0 } }] });
  });
});

describe("recorded polls", () => {
  it("that nobody can read are refused by name", async () => {
    const { replay } = await import("../../../daemon/commands/replay.js");
    const file = join(temporaryFolder(), "a.csv");
    writeFileSync(file, "moment,flow\n1,2\n");
    const options = { config: "", from: file, speed: "max" };
    const terminal = { clock: createSystemClock(), ending: new AbortController().signal };
    const run = (more: object) => replay({ ...options, ...more }, terminal as never);
    await expect(run({})).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(run({ from: `${file}.gone` })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(run({ speed: "2" })).rejects.toMatchObject({ code: "USAGE" });
    await expect(run({ learnDays: "0" })).rejects.toMatchObject({ code: "USAGE" });
  });

  it("may be what `history export` wrote", async () => {
    const { replay } = await import("../../../daemon/commands/replay.js");
    const file = join(temporaryFolder(), "a.csv");
    const line = (minute: number) => `2026-01-01T00:0${minute}:00.000Z,heatpump,35.5,30.5`;
    writeFileSync(file, ["time,device,temp_flow,temp_return", line(1), line(6), ""].join("\n"));
    const printed: string[] = [];
    const terminal = {
      clock: createSystemClock(),
      ending: new AbortController().signal,
      print: (text: string) => printed.push(text),
    };
    await replay({ config: "", from: file, speed: "max", json: true }, terminal as never);
    expect(JSON.parse(printed.join(""))).toMatchObject({ polls: 2, alarms: [] });
  });
});
