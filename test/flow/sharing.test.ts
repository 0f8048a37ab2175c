/**
 * From the heat pump to the backend and back, over real sockets: nothing leaves before consent,
 * every snapshot arrives once, and a withdrawal ends it and leaves nothing behind.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createSystemClock } from "../../daemon/host/system-clock.js";
import { askDaemon, controlSocketPath } from "../../daemon/local/control-socket.js";
import {
  readClaimToken,
  runBackendCommand,
  startBackend,
  writeBackendConfig,
} from "../support/backend-process.js";
import { type DaemonRun, IMAGE, openBook, startDaemon } from "../support/daemon-run.js";
import { temporaryFolder } from "../support/folder.js";
import { type ModbusPeer, startPymodbus } from "../support/modbus-peer.js";
import { isPeerMissing } from "../support/peer.js";

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function start(folder: string, port: number, more: string): DaemonRun {
  const daemon = startDaemon(folder, port, more);
  ends.push(() => daemon.stop());
  return daemon;
}

/** A server that only counts who calls. */
async function startCounter(): Promise<{ port: number; calls: () => number }> {
  let calls = 0;
  const server = createServer((socket) => {
    calls++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  ends.push(() => new Promise((resolve) => server.close(resolve)));
  return { port: (server.address() as AddressInfo).port, calls: () => calls };
}

/** All files below `folder`, with their bytes. */
function filesOf(folder: string): { name: string; bytes: Buffer }[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((name) => ({ name, bytes: readFileSync(name) }));
}

describe.skipIf(isPeerMissing("python3-pymodbus"))("sharing (python3-pymodbus)", () => {
  let heatPump: ModbusPeer;
  beforeAll(async () => {
    heatPump = await startPymodbus(temporaryFolder(), IMAGE);
  });
  afterAll(() => heatPump.stop());

  it("queues nothing and calls nobody before consent", async () => {
    const folder = temporaryFolder();
    const { port, calls } = await startCounter();
    const backend = `backend: { url: "127.0.0.1:${port}", insecureLoopback: true }`;
    const daemon = start(folder, heatPump.port, backend);
    await daemon.seen("poll.finished", 3);
    expect(calls()).toBe(0);
    expect(existsSync(join(folder, "state/backlog"))).toBe(false);
    expect(filesOf(join(folder, "state")).map(({ name }) => name.split("/state/")[1])).toEqual(
      expect.arrayContaining(["installation-id"]),
    );
    openBook(daemon.config).grant({ locale: "en", scopes: [] });
    const socket = controlSocketPath(daemon.config.runtimeDir);
    await askDaemon(createSystemClock(), socket, "POST /consent/granted");
    await daemon.seen("uplink.disconnected");
    expect(calls()).toBeGreaterThan(0);
  });

  it("delivers each snapshot once over TLS, and leaves nothing behind when withdrawn", async () => {
    const folder = temporaryFolder();
    const server = join(folder, "backend");
    mkdirSync(server);
    const serverConfig = writeBackendConfig(server);
    runBackendCommand("ca", "init", "--config", serverConfig, "--host", "127.0.0.1");
    const backend = await startBackend(serverConfig);
    ends.push(() => backend.stop());
    const token = join(folder, "claim-token");
    writeFileSync(token, readClaimToken(server));
    const secret = join(folder, "key-secret");
    const daemon = start(
      folder,
      heatPump.port,
      [
        "backend:",
        `  url: 127.0.0.1:${backend.mainPort}`,
        `  caFile: ${join(server, "state/tls/ca.crt")}`,
        `  enrolUrl: 127.0.0.1:${backend.enrolPort}`,
        `keys: { secretFile: ${secret} }`,
      ].join("\n"),
    );
    const book = openBook(daemon.config);
    book.grant({ locale: "en", scopes: ["community_stats"] });
    const socket = controlSocketPath(daemon.config.runtimeDir);
    const clock = createSystemClock();
    await daemon.seen("daemon.started");
    await daemon.seen("poll.finished");
    await askDaemon(clock, socket, "POST /consent/granted");
    const enrolled = (await askDaemon(clock, socket, "POST /enrol", {
      "heatpool-claim-token": readFileSync(token, "utf8").trim(),
    })) as { recoveryCode: string };
    expect(enrolled.recoveryCode).toMatch(/^([0-9A-Z]{4}-){6}[0-9A-Z]{2}$/);
    await daemon.seen("uplink.acked", 3);
    expect(readdirSync(join(folder, "state/backlog/db")).length).toBeGreaterThan(0);
    const status = (await askDaemon(clock, socket, "GET /status")) as {
      backlog: { admitted: number; unaccounted: number; epochId: string };
      devices: { state: string; readings: number }[];
    };
    expect(status.backlog.admitted).toBeGreaterThanOrEqual(3);
    expect(status.backlog.unaccounted).toBe(0);
    expect(status.devices).toMatchObject([{ state: "online", readings: 3 }]);
    expect(daemon.events.some(({ event }) => event === "uplink.count-mismatch")).toBe(false);

    book.withdraw();
    await askDaemon(clock, socket, "POST /consent/withdraw");
    expect(book.state()).toEqual({ status: "withdrawn", pending: false });
    // Keys of journal and batches begin with their epoch.
    const known = Buffer.from(status.backlog.epochId.replaceAll("-", ""), "hex");
    const isLeft = ({ bytes }: { bytes: Buffer }) =>
      bytes.includes(known) || bytes.includes(status.backlog.epochId);
    expect(filesOf(join(folder, "state")).filter(isLeft)).toEqual([]);

    const admin = ["--config", serverConfig, "--admin", `127.0.0.1:${backend.adminPort}`];
    const stored = () =>
      JSON.parse(runBackendCommand("status", "--json", ...admin).stdout) as {
        snapshotsStored: number;
        openStreams: number;
      };
    const after = stored();
    expect(after.openStreams).toBe(0);
    const polls = daemon.events.filter(({ event }) => event === "poll.finished").length;
    await daemon.seen("poll.finished", polls + 2);
    expect(stored().snapshotsStored).toBe(after.snapshotsStored);
  });

  it("keeps what was read while the backend is away, and delivers it after a restart", async () => {
    const folder = temporaryFolder();
    const server = join(folder, "backend");
    mkdirSync(server);
    const { port } = await startCounter();
    const plain = (to: number) =>
      `backend: { url: "127.0.0.1:${to}", insecureLoopback: true }\nlogLevel: debug`;
    const first = startDaemon(folder, heatPump.port, plain(port));
    openBook(first.config).grant({ locale: "en", scopes: [] });
    const socket = controlSocketPath(first.config.runtimeDir);
    await first.seen("poll.finished");
    await askDaemon(createSystemClock(), socket, "POST /consent/granted");
    await first.seen("backlog.committed", 3);
    await first.stop();
    const serverConfig = writeBackendConfig(
      server,
      'tls: { insecureLoopback: true }\nenrolment: { claimTokens: "off" }',
    );
    const backend = await startBackend(serverConfig);
    ends.push(() => backend.stop());
    const second = start(folder, heatPump.port, plain(backend.mainPort));
    await second.seen("uplink.acked", 2);
    const report = (await askDaemon(
      createSystemClock(),
      controlSocketPath(second.config.runtimeDir),
      "GET /status",
    )) as { backlog: { admitted: number; unaccounted: number; lost: number } };
    expect(report.backlog).toMatchObject({ unaccounted: 0, lost: 0 });
    expect(report.backlog.admitted).toBeGreaterThan(3);
  });
});
