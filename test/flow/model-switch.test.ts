/**
 * A daemon that is killed at any step of a model switch has the old model or the new one, never
 * neither and never half: pointer, grant, number and highest release belong together.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { targetPathOf } from "#core/envelope/model-header.js";
import { createDeviceKey } from "../../bench/push-daemons.js";
import { openStateFile } from "../../daemon/host/state-file.js";
import { openModelBook } from "../../daemon/model/model-book.js";
import { openModelCache } from "../../daemon/model/model-cache.js";
import { restoreModels } from "../../daemon/model/restore-models.js";
import { bundleChild } from "../support/child-bundle.js";
import { createFakeClock } from "../support/fake-clock.js";
import { temporaryFolder } from "../support/folder.js";
import { candidate, createModelBackend } from "../support/push-bed.js";

const PATIENCE_MS = 300_000;
const device = createDeviceKey(1);
const seed = Buffer.alloc(32, 1);
seed.writeUInt32BE(1, 0);

describe("a daemon killed while it switches models", () => {
  const folder = temporaryFolder();
  const clock = createFakeClock(Date.UTC(2026, 10, 20));
  const backend = createModelBackend(join(folder, "backend"), clock);
  const plains = [1, 2].map((release) => Buffer.alloc(90_000, release));

  /** What a daemon is granted when `release` is published, as a file. */
  async function grant(release: number): Promise<string> {
    await backend.publishing.publish(candidate({ plain: plains[release - 1] as Buffer }));
    const session = backend.push.open({
      ...{ installationId: device.installationId, kid: device.kid, lastGrantSeq: release },
      ...{ nonce: Buffer.alloc(32, 9), installed: [], heatpumpModels: ["AERO_SLM"] },
      ...{ daemonVersion: "1.0.0", consentVersion: 1 },
    });
    const { value } = await session.messages().next();
    session.close();
    const target = backend.listed.releases.find((one) => one.release === release);
    if (value?.kind !== "grant" || target === undefined) throw new Error("nothing was granted");
    const file = await backend.store.file(target.modelId, release);
    const path = join(folder, `release-${release}.json`);
    const facts = {
      ...{ envelope: value.envelope, target, targetPath: targetPathOf(target.modelId, release) },
      ...{ file: file.toString("base64"), seed: seed.toString("hex"), kid: device.kid },
      installationId: device.installationId,
      directorKeys: backend.directorKeys,
      catalogueVersion: backend.listed.version,
      nowMs: clock.nowMs(),
    };
    writeFileSync(path, JSON.stringify(facts));
    // A later grant has a higher number.
    await clock.advance(1_000);
    return path;
  }
  function take(home: string, material: string, killAt = 0, when = "before") {
    const words = [child, home, material, String(killAt), when];
    const { signal, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
    return { signal, stdout, stderr };
  }
  /** What a restart would use, and what is remembered. */
  async function look(home: string) {
    const book = openModelBook(openStateFile(join(home, "models.json")));
    const active = await restoreModels({
      book,
      cache: openModelCache(join(home, "cache")),
      catalogue: {
        version: backend.listed.version,
        directorKeys: backend.directorKeys,
        findTarget: () => undefined,
        refresh: async () => undefined,
      },
      device: { kid: () => device.kid, find: () => device.pair },
      effectiveNowS: () => Math.floor(clock.nowMs() / 1000),
      learnTime: () => undefined,
      log: () => undefined,
    });
    const [model] = active;
    const { highest, seq } = book.memory;
    return { count: active.length, release: model?.target.release ?? 0, model, highest, seq };
  }

  let child = "";
  let first = "";
  let second = "";
  const base = join(folder, "base");
  let steps = 0;
  beforeAll(async () => {
    child = await bundleChild("model-switch-child", folder);
    backend.deviceKeys.set(device.installationId, device.spki);
    first = await grant(1);
    second = await grant(2);
    mkdirSync(base);
    expect(take(base, first)).toMatchObject({ signal: null, stderr: "" });
    const trial = join(folder, "trial");
    cpSync(base, trial, { recursive: true });
    const whole = take(trial, second);
    expect(whole.stdout).toMatch(/^ \d+\n$/);
    steps = Number(whole.stdout);
    expect((await look(trial)).release).toBe(2);
  }, PATIENCE_MS);

  it(
    "has the old one or the new one after every step, and takes the new one when it comes again",
    async () => {
      expect(steps).toBeGreaterThan(8);
      const { seq: oldSeq } = await look(base);
      const seen = new Set<number>();
      for (let step = 1; step <= steps; step += 1) {
        for (const when of ["before", "after"]) {
          const home = join(folder, `${when}-${step}`);
          cpSync(base, home, { recursive: true });
          const what = `${when} step ${step} of ${steps}`;
          expect(take(home, second, step, when), what).toMatchObject({ signal: "SIGKILL" });
          const after = await look(home);
          expect(after.count, what).toBe(1);
          expect(after.highest, what).toEqual({ "aero-slm": after.release });
          expect(after.seq > oldSeq, what).toBe(after.release === 2);
          expect(after.model?.plain.equals(plains[after.release - 1] as Buffer), what).toBe(true);
          seen.add(after.release);
          if (after.release === 2) continue;
          expect(take(home, second), what).toMatchObject({ signal: null, stderr: "" });
          expect((await look(home)).release, what).toBe(2);
        }
      }
      expect([...seen].sort((a, b) => a - b)).toEqual([1, 2]);
    },
    PATIENCE_MS,
  );
});
