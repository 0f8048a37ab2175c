/**
 * A withdrawal that is killed at any step: the owner agreed and everything is there, or withdrew and
 * nothing leaves the house any more. What was left is wiped at the next start, before anybody is called.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSharing } from "../../daemon/assembly/open-sharing.js";
import type { DaemonParts } from "../../daemon/assembly/parts.js";
import { openState } from "../../daemon/assembly/state-files.js";
import { openLevelBacklog } from "../../daemon/backlog/level-backlog.js";
import { type Config, parseConfig } from "../../daemon/config.js";
import { openModelBook } from "../../daemon/model/model-book.js";
import {
  countTo,
  optionsOf,
  snapshotOf,
  streamOf,
  waitingEntries,
} from "../support/backlog-material.js";
import { createChance } from "../support/chance.js";
import { bundleChild } from "../support/child-bundle.js";
import { startDaemon } from "../support/daemon-run.js";
import { createFakeClock } from "../support/fake-clock.js";
import { temporaryFolder } from "../support/folder.js";
import { freePort } from "../support/peer.js";

const PATIENCE_MS = 300_000;
const SEALED = "a sealed model file";

describe("a withdrawal that is killed", () => {
  const folder = temporaryFolder();
  let child = "";
  const base = join(folder, "base");
  let needles: Buffer[] = [];
  let steps = 0;
  let calls = 0;
  let devicePort = 0;
  const server = createServer((socket) => {
    calls += 1;
    socket.destroy();
  });

  const settings = (home: string) => [
    `stateDir: ${join(home, "state")}`,
    `cacheDir: ${join(home, "cache")}`,
    `runtimeDir: ${join(home, "run")}`,
  ];
  function configOf(home: string): Config {
    const device = "devices: [{ host: 127.0.0.1, port: 1, profile: idm/navigator-2.0 }]";
    const text = [device, ...settings(home)].join("\n");
    writeFileSync(join(home, "heatpool.yaml"), text);
    return parseConfig(text);
  }
  const stateOf = (home: string) => openState(configOf(home), createFakeClock(), "0.1.0");

  function withdraw(home: string, killAt = 0, when = "before") {
    configOf(home);
    const words = [child, join(home, "heatpool.yaml"), String(killAt), when];
    const { signal, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
    return { signal, stdout, stderr };
  }
  const filesOf = (home: string) =>
    readdirSync(home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  /** How much of what was shared, or came for it, is still on the disk. */
  const traces = (home: string) =>
    filesOf(home).filter((path) => {
      const bytes = readFileSync(path);
      return [...needles, Buffer.from(SEALED)].some((needle) => bytes.includes(needle));
    }).length;
  const installed = (home: string) =>
    Object.keys(openModelBook(stateOf(home).models).memory.installed).length;

  beforeAll(async () => {
    child = await bundleChild("withdrawal-child", folder, {
      // Where the child looks for profiles; it is bundled somewhere else.
      "import.meta.url": JSON.stringify(`file://${resolve("daemon/profile/x.ts")}`),
    });
    await new Promise<void>((done) => {
      server.listen(0, "127.0.0.1", done);
    });
    devicePort = await freePort();
    mkdirSync(join(base, "cache"), { recursive: true });
    writeFileSync(join(base, "cache/m-1-0000.enc"), SEALED);
    const { book, models, backlogFolder } = stateOf(base);
    book.grant({ locale: "en", scopes: [] });
    openModelBook(models).install(
      "m",
      { target: { release: 1 } as never, grant: SEALED, grantedUntilS: 1, installedAtMs: 1 },
      1,
    );
    const options = { ...optionsOf(createFakeClock()), streams: [streamOf("heatpump")] };
    const backlog = await openLevelBacklog({ ...options, directory: backlogFolder });
    for (const k of countTo(200)) backlog.record(snapshotOf(k));
    await backlog.seal();
    needles = (await waitingEntries(backlog)).map(({ sealed }) => Buffer.from(sealed.block));
    await backlog.close();
    expect(traces(base)).toBeGreaterThan(2);
    const trial = join(folder, "trial");
    cpSync(base, trial, { recursive: true });
    const whole = withdraw(trial);
    expect(whole).toMatchObject({ signal: null, stderr: "" });
    steps = Number(whole.stdout);
    expect(traces(trial)).toBe(0);
  }, PATIENCE_MS);
  afterAll(() => new Promise((done) => server.close(done)));

  /** What a start of the daemon does first, without its heat pump. */
  async function begin(home: string): Promise<void> {
    const { port } = server.address() as AddressInfo;
    const config = { ...configOf(home), backend: { url: `127.0.0.1:${port}` } } as Config;
    const [log, nothing] = [() => undefined, () => undefined];
    const parts = { config, devices: [], clock: createFakeClock(), chance: createChance(1), log };
    const sharing = openSharing({
      parts: parts as unknown as DaemonParts,
      ...{ state: stateOf(home), self: {} as never, late: {} },
      ...{ onCommitted: nothing, onUplink: nothing },
    });
    const stop = new AbortController();
    const run = sharing.run(stop.signal);
    await sharing.consentChanged();
    stop.abort();
    await run;
  }
  /** The whole daemon. */
  async function restart(home: string): Promise<void> {
    const { port } = server.address() as AddressInfo;
    const more = [
      `cacheDir: ${join(home, "cache")}`,
      `backend: { url: "127.0.0.1:${port}", insecureLoopback: true }`,
    ];
    const daemon = startDaemon(home, devicePort, more.join("\n"));
    await daemon.seen("daemon.started");
    await daemon.stop();
  }

  it(
    "was agreed to with everything in its place, or withdrawn with nobody called and nothing left",
    async () => {
      expect(steps).toBeGreaterThan(20);
      const seen = { granted: 0, withdrawn: 0 };
      const known = new Set<string>();
      for (let step = 1; step <= steps; step += 1) {
        // What is after one step is before the next.
        for (const when of step < steps ? ["before"] : ["before", "after"]) {
          const what = `${when} step ${step} of ${steps}`;
          const home = join(folder, `${when}-${step}`);
          cpSync(base, home, { recursive: true });
          expect(withdraw(home, step, when), what).toMatchObject({ signal: "SIGKILL" });
          const { status } = stateOf(home).book.state();
          expect(["granted", "withdrawn"], what).toContain(status);
          if (status === "granted") {
            expect([traces(home), installed(home)], what).toEqual([traces(base), 1]);
            seen.granted += 1;
            continue;
          }
          seen.withdrawn += 1;
          // Files that look the same were tried before.
          const look = createHash("sha256");
          for (const path of filesOf(home).sort())
            look.update(path.slice(home.length)).update(readFileSync(path));
          const digest = look.digest("hex");
          if (known.has(digest)) continue;
          known.add(digest);
          await begin(home);
          expect(stateOf(home).book.state(), what).toEqual({ status: "withdrawn", pending: false });
          expect([traces(home), installed(home)], what).toEqual([0, 0]);
        }
      }
      expect(seen.granted).toBeGreaterThan(2);
      expect(seen.withdrawn).toBeGreaterThan(20);
      expect(calls).toBe(0);
    },
    PATIENCE_MS,
  );

  it(
    "is finished by a whole daemon that starts, which calls nobody",
    async () => {
      const home = join(folder, "half");
      cpSync(base, home, { recursive: true });
      stateOf(home).book.withdraw();
      await restart(home);
      expect(stateOf(home).book.state()).toEqual({ status: "withdrawn", pending: false });
      expect([traces(home), installed(home), calls]).toEqual([0, 0, 0]);
    },
    PATIENCE_MS,
  );
});
