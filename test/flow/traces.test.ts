/**
 * A whole life of an installation, and everything that goes wrong with strangers (A21): afterwards
 * nobody can say from where it called, and its id stands only where identities and data are kept.
 * All calls come from an address of their own, so that it can be told from the machine's.
 */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createSystemClock } from "../../daemon/host/system-clock.js";
import { askDaemon, controlSocketPath } from "../../daemon/local/control-socket.js";
import {
  readClaimToken,
  runBackendCommand,
  startBackend,
  writeBackendConfig,
} from "../support/backend-process.js";
import { IMAGE, openBook, startDaemon } from "../support/daemon-run.js";
import { spellings } from "../support/file-bytes.js";
import { temporaryFolder } from "../support/folder.js";
import { openForeignWay } from "../support/foreign-way.js";
import { startPymodbus } from "../support/modbus-peer.js";
import { isPeerMissing } from "../support/peer.js";

const HOUSE = "127.99.88.77";
/** As text, as IPv6 carries it, and as a log that masks too little would have it. */
const ADDRESS = [HOUSE, "127.99.88", "7f63:584d", "7f63584d"];
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Bytes that no listener takes; resolves when the other end has had enough of them. */
async function shout(port: number, bytes: string): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(bytes);
  socket.resume();
  socket.setTimeout(2_000, () => socket.destroy());
  await new Promise((resolve) => socket.once("close", resolve));
}

const filesOf = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

describe.skipIf(isPeerMissing("python3-pymodbus"))("after a whole life (python3-pymodbus)", () => {
  it("no address is anywhere, and no id in logs, metrics and what is said", async () => {
    const folder = temporaryFolder();
    const server = join(folder, "backend");
    mkdirSync(server);
    const more = "logLevel: debug\nhttp: { host: 127.0.0.1, port: 0 }\nmetrics: { port: 0 }";
    const config = writeBackendConfig(server, more);
    runBackendCommand("ca", "init", "--config", config, "--host", "127.0.0.1");
    const token = runBackendCommand("token", "create", "--config", config, "--json");
    const backend = await startBackend(config);
    ends.push(() => backend.stop());
    const portOf = (event: string) =>
      Number(backend.events.find((one) => one.event === event)?.port ?? 0);
    const way = async (port: number) => {
      const one = await openForeignWay(port, HOUSE);
      ends.push(() => one.close());
      return one.port;
    };
    const [main, enrol, web] = [
      await way(backend.mainPort),
      await way(backend.enrolPort),
      await way(portOf("backend.http-listening")),
    ];
    const heatPump = await startPymodbus(folder, IMAGE);
    ends.push(() => heatPump.stop());
    const daemon = startDaemon(
      folder,
      heatPump.port,
      [
        "logLevel: debug",
        "backend:",
        `  url: 127.0.0.1:${main}`,
        `  caFile: ${join(server, "state/tls/ca.crt")}`,
        `  enrolUrl: 127.0.0.1:${enrol}`,
        `keys: { secretFile: ${join(folder, "secret")} }`,
      ].join("\n"),
    );
    ends.push(() => daemon.stop());
    openBook(daemon.config).grant({ locale: "en", scopes: ["model_training", "community_stats"] });
    const clock = createSystemClock();
    const socket = controlSocketPath(daemon.config.runtimeDir);
    await daemon.seen("poll.finished");
    await askDaemon(clock, socket, "POST /consent/granted");
    const { installationId: id } = (await askDaemon(clock, socket, "POST /enrol", {
      "heatpool-claim-token": readClaimToken(server),
    })) as { installationId: string };
    await daemon.seen("uplink.acked", 2);

    // Strangers, and friends who err.
    const noise = "\u0016\u0003\u0001nobody\r\n\r\n";
    const shouts = [main, enrol, web].map((port) => shout(port, noise));
    const bearer = { authorization: `Bearer ${JSON.parse(token.stdout).token ?? "hpbt_x"}` };
    const post = (body: string, headers: Record<string, string>) =>
      fetch(`http://127.0.0.1:${web}/api/v1/submit`, { method: "POST", body, headers }).catch(
        () => undefined,
      );
    await post("{", bearer);
    await post(JSON.stringify({ installation_id: id, data: [{ timestamp: "x" }] }), bearer);
    await post("{}", { authorization: "Bearer wrong", "x-forwarded-for": HOUSE });
    await Promise.all(shouts);

    const admin = ["--config", config, "--admin", `127.0.0.1:${backend.adminPort}`];
    const said = [["status", "--json"]].map((words) => {
      const { stdout, stderr } = runBackendCommand(...words, ...admin);
      return stdout + stderr;
    });
    const metrics = await fetch(`http://127.0.0.1:${portOf("backend.metrics-listening")}/metrics`);
    const told = [
      JSON.stringify(backend.events),
      backend.complaints(),
      await metrics.text(),
      ...said,
    ].join("\n");
    expect(told).toContain("heatpool_");
    runBackendCommand("installations", "revoke", id, ...admin);
    await daemon.seen("identity.doubted");
    await daemon.stop();
    expect(await backend.stop()).toBe(0);

    const all = told + JSON.stringify(backend.events) + backend.complaints();
    for (const one of [...ADDRESS, ...spellings(id)])
      expect(all.includes(one.toString("latin1")), one.toString("hex")).toBe(false);
    // Files: data and identities name whose they are; nothing knows from where.
    const files = filesOf(server);
    expect(files.length).toBeGreaterThan(10);
    for (const path of files) {
      const bytes = readFileSync(path);
      for (const one of ADDRESS) expect(bytes.includes(one), `${one} in ${path}`).toBe(false);
    }
    const naming = files
      .filter((path) => spellings(id).some((one) => readFileSync(path).includes(one)))
      .map((path) => path.slice(server.length).split("/").slice(0, 3).join("/"));
    expect(new Set(naming)).toEqual(new Set(["/state/identities", "/state/store"]));
  }, 120_000);
});
