/**
 * The owner's rights over the real programs: everything is given out, then nothing is left anywhere,
 * with a proof; a backend that is away is asked again; and the code on paper can be replaced.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createSystemClock } from "../../daemon/host/system-clock.js";
import { askDaemon, askOwnData, controlSocketPath } from "../../daemon/local/control-socket.js";
import type { ErasureState } from "../../daemon/privacy/erasure.js";
import {
  type RunningBackend,
  readClaimToken,
  runBackendCommand,
  startBackend,
  writeBackendConfig,
} from "../support/backend-process.js";
import { type DaemonRun, IMAGE, openBook, startDaemon } from "../support/daemon-run.js";
import { filesHold, spellings } from "../support/file-bytes.js";
import { temporaryFolder } from "../support/folder.js";
import { type ModbusPeer, startPymodbus } from "../support/modbus-peer.js";
import { isPeerMissing } from "../support/peer.js";

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
const clock = createSystemClock();

/** A backend, and a daemon that is enrolled there and has delivered. */
async function share(heatPump: ModbusPeer) {
  const folder = temporaryFolder();
  const server = join(folder, "backend");
  mkdirSync(server);
  const serverConfig = writeBackendConfig(server);
  runBackendCommand("ca", "init", "--config", serverConfig, "--host", "127.0.0.1");
  const backend = await startBackend(serverConfig);
  ends.push(() => backend.stop());
  const start = (to: RunningBackend): DaemonRun => {
    const lines = [
      "backend:",
      `  url: 127.0.0.1:${to.mainPort}`,
      `  caFile: ${join(server, "state/tls/ca.crt")}`,
      `  enrolUrl: 127.0.0.1:${to.enrolPort}`,
      `keys: { secretFile: ${join(folder, "key-secret")} }`,
    ];
    const run = startDaemon(folder, heatPump.port, lines.join("\n"));
    ends.push(() => run.stop());
    return run;
  };
  const daemon = start(backend);
  const socket = controlSocketPath(daemon.config.runtimeDir);
  await daemon.seen("poll.finished");
  openBook(daemon.config).grant({ locale: "en", scopes: ["community_stats"] });
  await askDaemon(clock, socket, "POST /consent/granted");
  const enrolled = (await askDaemon(clock, socket, "POST /enrol", {
    "heatpool-claim-token": readClaimToken(server),
  })) as { installationId: string; recoveryCode: string };
  await daemon.seen("uplink.acked", 2);
  const id = enrolled.installationId;
  const run = (...args: string[]) => runBackendCommand(...args, "--config", serverConfig);
  const admin = ["--admin", `127.0.0.1:${backend.adminPort}`];
  const traces = () => spellings(id).filter((one) => filesHold(server, one));
  return {
    folder,
    server,
    serverConfig,
    backend,
    daemon,
    socket,
    ...enrolled,
    run,
    admin,
    traces,
    start,
  };
}

describe.skipIf(isPeerMissing("python3-pymodbus"))("an owner's rights (python3-pymodbus)", () => {
  let heatPump: ModbusPeer;
  beforeAll(async () => {
    heatPump = await startPymodbus(temporaryFolder(), IMAGE);
  });
  afterAll(() => heatPump.stop());

  it("everything is given out, then erased everywhere, with a receipt that its authority signed", async () => {
    const home = await share(heatPump);
    const { folder, server, backend, daemon, socket, installationId: id, traces } = home;
    expect(home.run("token", "create", "--installation", id).status).toBe(0);
    expect(traces()).not.toEqual([]);

    let text = "";
    for await (const piece of (await askOwnData(socket)) ?? []) text += Buffer.from(piece);
    const records = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records.at(-1)).toEqual({ kind: "end" });
    const kinds = (kind: string) => records.filter((one) => one.kind === kind);
    expect(kinds("consent")).toMatchObject([{ action: "granted" }]);
    expect(kinds("backend")).toEqual([{ kind: "backend", status: "follows" }]);
    expect(kinds("row").length).toBeGreaterThanOrEqual(2);
    expect(kinds("history")[0]).toMatchObject({
      values: { temp_outdoor: 21.5, temp_flow: 35 },
      deviceId: daemon.config.devices[0]?.deviceId,
    });
    expect(kinds("row")[0]).toMatchObject({ values: { temp_outdoor: 21.5, temp_flow: 35 } });
    expect(records.at(-1)).toEqual({ kind: "end" });

    const state = (await askDaemon(clock, socket, "POST /privacy/erase")) as ErasureState;
    expect(state).toMatchObject({
      status: "erased",
      receipt: { record: { installation_id: id }, isByOurAuthority: true },
    });
    await daemon.stop();
    expect(readdirSync(join(folder, "state")).sort()).toEqual(["erasure-receipt.json"]);
    const receipt = JSON.parse(readFileSync(join(folder, "state/erasure-receipt.json"), "utf8"));
    expect(receipt.record.batches).toBeGreaterThan(0);
    expect(traces()).toEqual([]);
    const log = JSON.stringify(backend.events);
    expect(spellings(id).filter((one) => log.includes(one.toString("latin1")))).toEqual([]);
    expect(await backend.stop()).toBe(0);
    expect(traces()).toEqual([]);
    expect(readFileSync(join(server, "state/tombstones"), "utf8").split("\n")).toHaveLength(4);
  }, 120_000);

  it("a wish that meets no backend is kept over restarts, and nothing is sent meanwhile", async () => {
    const home = await share(heatPump);
    const { folder, server, backend, daemon, socket, traces, serverConfig } = home;
    await backend.stop();
    const state = (await askDaemon(clock, socket, "POST /privacy/erase")) as ErasureState;
    expect(state).toMatchObject({ status: "waiting", why: expect.stringContaining("UNAVAILABLE") });
    expect(openBook(daemon.config).state()).toEqual({ status: "withdrawn", pending: false });
    await daemon.stop();
    expect(traces()).not.toEqual([]);
    const ports = ["main", "enrol"].map((name) => `${name}: { host: 127.0.0.1, port: 0 }`);
    writeFileSync(
      serverConfig,
      ["stateDir: state", "runtimeDir: run", "admin: { port: 0 }", ...ports].join("\n"),
    );
    const again = await startBackend(serverConfig);
    ends.push(() => again.stop());
    const later = home.start(again);
    await later.seen("privacy.erased");
    await later.stop();
    expect(readdirSync(join(folder, "state"))).toEqual(["erasure-receipt.json"]);
    expect(traces()).toEqual([]);
    expect(filesHold(server, "wished")).toBe(false);
  }, 120_000);

  it("another recovery code takes the place of the first, and erases", async () => {
    const { daemon, socket, recoveryCode, run, admin, traces } = await share(heatPump);
    const answer = (await askDaemon(clock, socket, "POST /privacy/recovery-code")) as {
      recoveryCode: string;
    };
    expect(answer.recoveryCode).toMatch(/^([0-9A-Z]{4}-){6}[0-9A-Z]{2}$/);
    const erase = (code: string) =>
      run("installations", "erase", "--recovery-code", code, ...admin);
    expect(erase(recoveryCode).stderr).toContain("NOT_FOUND");
    await daemon.stop();
    expect(erase(answer.recoveryCode).status).toBe(0);
    expect(traces()).toEqual([]);
  }, 120_000);
});
