/**
 * Who may have what, from end to end with the real programs: a model reaches who contributes and
 * nobody else, is of no use on another machine, and stops with the identity. Figures are printed.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeCsr } from "#core/certificate/csr.js";
import { readRecord } from "../../daemon/enrolment/identity-record.js";
import { openCheckedFile } from "../../daemon/host/state-file.js";
import { temporaryFolder } from "../support/folder.js";
import { newDevice } from "../support/identity-bed.js";
import {
  filesNaming,
  isBuilt,
  type StagedBackend,
  type StagedDaemon,
  stageBackend,
  stageDaemon,
  stageHeatPump,
  type Watched,
} from "../support/model-stage.js";
import { isPeerMissing } from "../support/peer.js";

const VECTOR = fileURLToPath(new URL("../vectors/normal-behaviour/model-1.json", import.meta.url));
const HEAT_PUMP_MODEL = "idm/navigator-2.0";
const PATIENCE_MS = 240_000;
const figures: Record<string, number> = {};
const since = (startMs: number) => Math.round(performance.now() - startMs);
const isInstalled = (release: number) => (line: { event: string; release?: unknown }) =>
  line.event === "model.installed" && line.release === release;

describe.skipIf(!isBuilt)("models, from candidate to house", () => {
  const folder = temporaryFolder();
  const ends: (() => unknown)[] = [];
  /** The model of the vectors, for the heat pump of the stage. */
  const MODEL = join(folder, "model.json");
  const PUBLISH = ["publish", MODEL, "--model", "navigator", "--for", "*", "--schema", "normal/1"];
  let backend: StagedBackend;
  let one: StagedDaemon;
  let two: StagedDaemon;
  let first: Watched;
  let second: Watched;
  let heatPumpPort = 0;

  /** An owner who agrees and enrols. */
  function settleIn(daemon: StagedDaemon): void {
    daemon.run("consent", "grant", "--yes");
    daemon.run("enrol", "--claim-token", backend.claimToken());
  }
  function start(daemon: StagedDaemon): Watched {
    const watched = daemon.start();
    ends.push(() => watched.program.stop());
    return watched;
  }

  beforeAll(async () => {
    const model = JSON.parse(readFileSync(VECTOR, "utf8"));
    writeFileSync(MODEL, JSON.stringify({ ...model, heatPumpModel: HEAT_PUMP_MODEL }));
    const heatPump = await stageHeatPump();
    ends.push(() => heatPump.close());
    heatPumpPort = heatPump.port;
    backend = await stageBackend(join(folder, "backend"));
    ends.push(() => backend.program.stop());
    one = stageDaemon(join(folder, "one"), backend, heatPumpPort);
    two = stageDaemon(join(folder, "two"), backend, heatPumpPort);
  }, PATIENCE_MS);
  afterAll(async () => {
    for (const end of ends.splice(0).reverse()) await end();
    process.stdout.write(`${JSON.stringify(figures)}\n`);
  }, PATIENCE_MS);

  it(
    "a model waits for the first contribution, and comes with it",
    async () => {
      const [line = ""] = backend.run(...PUBLISH, "--json").split("\n");
      expect(JSON.parse(line)).toMatchObject({ release: 1, catalogue: "published" });
      settleIn(one);
      expect(backend.run("installations", "list")).toContain(one.installationId());
      first = start(one);
      await first.seen(isInstalled(1));
      const opened = first.lines.find(({ event }) => event === "uplink.connected");
      const installed = first.lines.find(isInstalled(1));
      figures.msFromConnectionToFirstModel = Math.round(
        (installed?.seenAtMs ?? 0) - (opened?.seenAtMs ?? 0),
      );
      const { models, catalogue } = await one.status();
      expect(models.inUse).toMatchObject([{ modelId: "navigator", release: 1 }]);
      expect(catalogue.freshness).toBe("FRESH");
      expect(one.run("model", "show")).toContain("navigator release 1: in use");
      // It is what the house is watched with; its self-test has scored before it was taken.
      await first.seen(
        ({ event, model }) => event === "model.used" && model === "community/navigator/1",
      );
      expect((await one.status()).anomaly).toMatchObject([{ model: { source: "community" } }]);
    },
    PATIENCE_MS,
  );

  it(
    "a release reaches an open stream, and the operator sees who has it",
    async () => {
      backend.run(...PUBLISH);
      const startMs = performance.now();
      await first.seen(isInstalled(2));
      figures.msFromPublishToInstalled = since(startMs);
      const list = () => {
        const { releases } = JSON.parse(backend.run("models", "list", "--json"));
        return releases.map((release: { installedAt: string[] }) => release.installedAt);
      };
      await expect.poll(list, { timeout: PATIENCE_MS }).toEqual([[], [one.installationId()]]);
    },
    PATIENCE_MS,
  );

  it("nothing on the disk of the house opens without its device key", async () => {
    const cache = readdirSync(join(one.folder, "cache")).filter((name) => name.endsWith(".enc"));
    expect(cache).toHaveLength(1);
    const content = readFileSync(MODEL).subarray(0, 200);
    for (const part of ["state", "cache", "run"]) {
      for (const name of readdirSync(join(one.folder, part), { recursive: true })) {
        const path = join(one.folder, part, String(name));
        if (existsSync(path) && spawnSync("test", ["-f", path]).status === 0) {
          expect(readFileSync(path).includes(content), path).toBe(false);
        }
      }
    }
  });

  it(
    "a copied state is of no use under another device key, nor its grants to another installation",
    async () => {
      // At rest, so that the copy is whole.
      await first.program.stop();
      const copy = stageDaemon(join(folder, "copy"), backend, heatPumpPort);
      for (const part of ["state", "cache"]) {
        cpSync(join(one.folder, part), join(copy.folder, part), { recursive: true });
      }
      writeFileSync(join(copy.folder, "device-key"), Buffer.alloc(32, 7), { mode: 0o600 });
      expect(() => copy.run("run")).toThrow(/another secret/);
      for (const part of ["state/models.json", "state/catalogue", "cache"]) {
        cpSync(join(one.folder, part), join(two.folder, part), { recursive: true });
      }
      // The machine that they were made for uses them after a restart, before anybody is asked.
      first = start(one);
      await first.seen(({ event }) => event === "daemon.started");
      await expect
        .poll(async () => (await one.status())?.models.inUse, { timeout: PATIENCE_MS })
        .toMatchObject([{ release: 2 }]);

      settleIn(two);
      second = start(two);
      const refused = await second.seen(({ event }) => event === "model.not-used");
      expect(refused).toMatchObject({ step: "open" });
      // What it is granted itself, it may use.
      await second.seen(isInstalled(2));
    },
    PATIENCE_MS,
  );

  it(
    "who is revoked hears nothing more, and loses the stream at once",
    async () => {
      const id = one.installationId();
      const startMs = performance.now();
      const ended = first.seen(({ event }) => event === "model.stream-ended");
      backend.run("installations", "revoke", id);
      await ended;
      figures.msFromRevokeToStreamClosed = since(startMs);
      backend.run(...PUBLISH);
      await second.seen(isInstalled(3));
      expect(first.lines.some(isInstalled(3))).toBe(false);
      // The model that it has stays until its grant ends.
      expect((await one.status()).models.inUse).toMatchObject([{ release: 2 }]);
    },
    PATIENCE_MS,
  );

  it(
    "an owner who withdraws keeps no model, and what is erased leaves no byte of its id",
    async () => {
      two.run("consent", "withdraw");
      expect((await two.status()).models.inUse).toEqual([]);
      expect(two.run("model", "show")).toContain("no community model is installed");
      expect(readdirSync(join(two.folder, "cache"))).toEqual(["CACHEDIR.TAG"]);

      const id = one.installationId();
      const state = join(backend.folder, "state");
      expect(filesNaming(state, id).length).toBeGreaterThan(0);
      backend.run("installations", "erase", id);
      // Also what is made after it knows nothing of it.
      backend.run(...PUBLISH);
      await first.program.stop();
      await backend.program.stop();
      expect(filesNaming(backend.folder, id)).toEqual([]);
      const logs = [backend, first, second].flatMap(({ lines }) => lines);
      expect(JSON.stringify(logs)).not.toContain(id);
      figures.logLinesScanned = logs.length;
    },
    PATIENCE_MS,
  );

  it.skipIf(isPeerMissing("openssl"))("OpenSSL agrees with certificate and request", () => {
    const device = newDevice();
    const csr = join(folder, "device.csr");
    writeFileSync(csr, writeCsr(device.installationId, device.tls));
    const verified = openssl("req", "-verify", "-noout", "-inform", "DER", "-in", csr);
    expect(verified).toMatch(/verify OK/);
    const { present } = readRecord(openCheckedFile(join(one.folder, "state/identity.json")));
    const chain = join(folder, "chain.pem");
    writeFileSync(chain, present?.certificate ?? "");
    const devices = join(backend.folder, "state/devices");
    const roots = readdirSync(devices).filter(
      (name) => name.startsWith("root") && name.endsWith(".crt"),
    );
    expect(roots).toHaveLength(1);
    const ca = join(devices, roots[0] ?? "");
    expect(openssl("verify", "-CAfile", ca, "-untrusted", chain, chain)).toContain("OK");
  });
});

function openssl(...words: string[]): string {
  const run = spawnSync("openssl", words, { encoding: "utf8" });
  return `${run.stdout}${run.stderr}`;
}
