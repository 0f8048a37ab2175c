/**
 * `heatpool alarms` and `heatpool model …` against a daemon that runs: at stake is an owner who asks
 * and is told nothing, or something else than is so.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HeatpoolError } from "#core/errors.js";
import { openHistoryFolder } from "../../../daemon/assembly/open-history.js";
import { noteDone } from "../../../daemon/commands/alarms.js";
import { askModel } from "../../../daemon/commands/model-local.js";
import { readSetup } from "../../../daemon/commands/setup.js";
import { createSystemClock } from "../../../daemon/host/system-clock.js";
import { askDaemon, controlSocketPath } from "../../../daemon/local/control-socket.js";
import { scorerQuestion } from "../../../daemon/model/scorer-desk.js";
import { type DaemonRun, startDaemon } from "../../support/daemon-run.js";
import { createFakeTerminal } from "../../support/fake-terminal.js";
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

describe("a device that is not configured", () => {
  it.each(["wärme pumpe", "../alarms", ""])("%j is told with those that are", async (device) => {
    const folder = temporaryFolder();
    const config = join(folder, "heatpool.yaml");
    writeFileSync(
      config,
      `devices: [{ host: 127.0.0.1, profile: idm/navigator-2.0 }]\nruntimeDir: ${folder}\n`,
    );
    const { terminal } = createFakeTerminal();
    for (const ask of [askModel("relearn"), askModel("explain"), noteDone("changed")])
      await expect(ask({ config, device }, terminal)).rejects.toMatchObject({
        code: "USAGE",
        message: `--device ${device}: one of heatpump`,
      });
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
    await expect(run({ model: file })).rejects.toMatchObject({
      message: expect.stringContaining(`${file}: normal-behaviour model`),
    });
    writeFileSync(file, 'timestamp,temp_flow\n"2026-01-01,30\n');
    await expect(run({})).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/a\.csv:2: Quote Not Closed/),
    });
    writeFileSync(file, "timestamp,temp_flow\n2026-13-01,30\n");
    await expect(run({})).rejects.toMatchObject({ message: `${file}:2: "2026-13-01" is no time` });
    await expect(run({ speed: "2" })).rejects.toMatchObject({ code: "USAGE" });
    await expect(run({ learnDays: "0" })).rejects.toMatchObject({ code: "USAGE" });
  });

  it("may be what `history export` wrote; the codes of its modes are the device's own", async () => {
    const { replay } = await import("../../../daemon/commands/replay.js");
    const file = join(temporaryFolder(), "a.csv");
    const line = (minute: number, device = "heatpump") =>
      `2026-01-01T00:${String(minute).padStart(2, "0")}:00.000Z,${device},35.5,30.5,4`;
    const head = "time,device,temp_flow,temp_return,operating_mode";
    const terminal = {
      clock: createSystemClock(),
      ending: new AbortController().signal,
      print: (text: string) => printed.push(text),
    };
    let printed: string[] = [];
    const run = async (lines: readonly string[], more: object = {}) => {
      printed = [];
      writeFileSync(file, [head, ...lines, ""].join("\n"));
      const options = { config: "", from: file, speed: "max", json: true, ...more };
      await replay(options, terminal as never);
      return JSON.parse(printed.join(""));
    };
    expect(await run([line(1), line(6)])).toMatchObject({ polls: 2, alarms: [] });
    const two = [line(1), line(6), line(1, "cellar"), line(6, "cellar"), line(11, "cellar")];
    await expect(run(two)).rejects.toMatchObject({ code: "USAGE" });
    expect(await run(two, { device: "cellar" })).toMatchObject({ polls: 3 });

    const { openPolls } = await import("../../../daemon/model/csv-polls.js");
    const { modeOf } = await openPolls({ path: file, deviceId: "a" });
    expect(modeOf(4)).toBeUndefined();
    writeFileSync(file, "timestamp,temp_flow,mode\n2026-01-01,35,2\n");
    const ofTestData = await openPolls({ path: file, deviceId: "a" });
    expect(ofTestData.modeOf(2)).toBe("hot_water");
  });

  it("are not watched with a model that is for another heat pump", async () => {
    const { replay } = await import("../../../daemon/commands/replay.js");
    const folder = temporaryFolder();
    const config = join(folder, "heatpool.yaml");
    const state = `stateDir: ${join(folder, "state")}`;
    const device = "devices: [{ host: 127.0.0.1, profile: idm/navigator-2.0 }]";
    writeFileSync(config, [device, state, `runtimeDir: ${join(folder, "run")}`].join("\n"));
    const setup = readSetup(config);
    const history = await openHistoryFolder(
      { ...setup, clock: createSystemClock() },
      () => undefined,
    );
    const end = new AbortController();
    end.abort();
    await history.run(end.signal);
    const model = fileURLToPath(
      new URL("../../vectors/normal-behaviour/model-1.json", import.meta.url),
    );
    const options = { config, from: "history", speed: "max", model };
    const terminal = { clock: createSystemClock(), ending: new AbortController().signal };
    await expect(replay(options, terminal as never)).rejects.toMatchObject({
      code: "STATE_INVALID",
      message: expect.stringContaining("wanted for idm/navigator-2.0"),
    });
  });
});
