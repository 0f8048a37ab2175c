/**
 * A model's way: sealed once, granted to one device, pushed in pieces over the real door, opened in
 * memory. Whatever goes wrong, the model that worked stays.
 */
import { cpSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { ModelServiceClient } from "#proto/heatpool/model/v1/model_service.js";
import { createDeviceKey } from "../../bench/push-daemons.js";
import { openStateFile } from "../../daemon/host/state-file.js";
import { openModelBook } from "../../daemon/model/model-book.js";
import { restoreModels } from "../../daemon/model/restore-models.js";
import { createChance } from "../support/chance.js";
import { openDoor } from "../support/door.js";
import { createFakeBehind } from "../support/fake-behind.js";
import { createFakeClock, settle } from "../support/fake-clock.js";
import { temporaryFolder } from "../support/folder.js";
import { candidate, createListeningDaemon, createModelBackend } from "../support/push-bed.js";

const DAY_MS = 86_400_000;
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function build() {
  const folder = temporaryFolder();
  const clock = createFakeClock();
  const backend = createModelBackend(folder, clock);
  const door = await openDoor({ behind: { ...createFakeBehind(), push: backend.push }, clock });
  ends.push(() => door.close());
  const daemon = (number: number, change = {}) => {
    const of = { number, folder: join(folder, `pi-${number}`), port: door.ports.main, clock };
    const one = createListeningDaemon(backend, of, change);
    ends.push(() => one.disconnect());
    return one;
  };
  return { folder, clock, backend, door, daemon };
}

describe("pushing a model", () => {
  it("reaches who is connected, and who connects later", async () => {
    const { backend, daemon, door } = await build();
    const early = daemon(1);
    early.connect();
    await backend.publishing.publish(candidate());
    const late = daemon(2);
    late.connect();
    await Promise.all([early.settled(1), late.settled(1)]);
    for (const { active } of [early, late]) {
      expect(active).toHaveLength(1);
      expect(active[0]?.plain).toEqual(candidate().plain);
      expect(active[0]?.target.release).toBe(1);
    }
    await expect
      .poll(() => backend.push.spread())
      .toEqual([{ modelId: "aero-slm", release: 1, installations: 2, refused: {} }]);
    expect(door.bugs).toEqual([]);
  });

  it("brings several models, general and special, and none for other heat pumps", async () => {
    const { backend, daemon } = await build();
    await backend.publishing.publish(candidate());
    await backend.publishing.publish(candidate({ modelId: "general", heatpumpModels: ["*"] }));
    await backend.publishing.publish(candidate({ modelId: "other", heatpumpModels: ["OTHER"] }));
    await backend.publishing.publish(candidate({ modelId: "future", minDaemon: "9.0.0" }));
    const one = daemon(1);
    one.connect();
    await one.settled(2);
    expect(new Set(one.active.map(({ target }) => target.modelId))).toEqual(
      new Set(["aero-slm", "general"]),
    );
    expect(one.refusals).toEqual([]);
  });

  it("goes on where a broken connection left off", async () => {
    const { backend, daemon, folder } = await build();
    // Does not pack: several pieces.
    const plain = Buffer.from(createChance(9)(900_000));
    const { facts } = await backend.publishing.publish(candidate({ plain }));
    const one = daemon(1);
    const file = await backend.store.file("aero-slm", 1);
    expect(file.length).toBeGreaterThan(300_000);
    one.parts.cache.add(facts, 0, file.subarray(0, 300_000));
    const wanted: number[] = [];
    const { cache } = one.parts;
    const two = daemon(1, {
      cache: {
        ...cache,
        add(target: typeof facts, offset: number, piece: Uint8Array) {
          wanted.push(offset);
          return cache.add(target, offset, piece);
        },
      },
    });
    two.connect();
    await two.settled(1);
    expect(wanted[0]).toBe(300_000);
    expect(two.active[0]?.plain.equals(plain)).toBe(true);
    const names = readdirSync(join(folder, "pi-1/cache"));
    expect(names.filter((name) => name.endsWith(".part"))).toEqual([]);
    expect(names).toContain("CACHEDIR.TAG");
  });

  it("keeps nothing on disk that can be read without the device key", async () => {
    const { backend, daemon, folder } = await build();
    const secret = "a sentence that stands in the model";
    await backend.publishing.publish(candidate({ plain: Buffer.from(secret.repeat(50)) }));
    const one = daemon(1);
    one.connect();
    await one.settled(1);
    const walk = (at: string): string[] =>
      readdirSync(at, { withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? walk(join(at, entry.name)) : [join(at, entry.name)],
      );
    const files = walk(folder);
    expect(files.length).toBeGreaterThan(4);
    for (const path of files) expect(readFileSync(path).includes(secret), path).toBe(false);
  });

  it("takes no second file when only the grant is renewed, and does so only for contributors", async () => {
    const { backend, daemon, clock } = await build();
    await backend.publishing.publish(candidate());
    const one = daemon(1);
    one.connect();
    await one.settled(1);
    const { grantedUntilS } = one.parts.book.memory.installed["aero-slm"] ?? { grantedUntilS: 0 };
    await one.disconnect();
    /** Connects, and waits until the backend has decided what is owed. */
    const look = async () => {
      const asked = backend.asked.length;
      one.connect();
      await expect.poll(() => backend.asked.length).toBeGreaterThan(asked);
      await one.disconnect();
    };
    await clock.advance(10 * DAY_MS);
    await look();
    await clock.advance(6 * DAY_MS);
    backend.ineligible.add(one.installationId);
    await look();
    expect(one.active).toHaveLength(1);
    backend.ineligible.clear();
    one.connect();
    await one.settled(2);
    const renewed = one.parts.book.memory.installed["aero-slm"]?.grantedUntilS ?? 0;
    expect(renewed - grantedUntilS).toBe((16 * DAY_MS) / 1000);
  });

  it("comes the moment its daemon becomes eligible, on the stream that is open", async () => {
    const { backend, daemon } = await build();
    await backend.publishing.publish(candidate());
    const [one, other] = [daemon(1), daemon(2)];
    for (const { installationId } of [one, other]) backend.ineligible.add(installationId);
    one.connect();
    other.connect();
    await expect.poll(() => new Set(backend.asked).size).toBe(2);
    const asked = backend.asked.length;
    backend.ineligible.delete(one.installationId);
    backend.push.noteChange(one.installationId);
    await one.settled(1);
    expect(other.active).toEqual([]);
    // Nobody else was looked at, and who has what is owed is not looked at again.
    expect(backend.asked.slice(asked)).not.toContain(other.installationId);
    const since = backend.asked.length;
    backend.push.noteChange(one.installationId);
    await settle();
    expect(backend.asked.length).toBe(since);
  });

  it("is granted anew when the file was lost, or the grant refused for a reason that passes", async () => {
    const { backend, daemon, clock } = await build();
    await backend.publishing.publish(candidate());
    const wall = { isRight: false as boolean };
    const one = daemon(1, {
      effectiveNowS: () => (wall.isRight ? Math.floor(clock.nowMs() / 1000) : 1),
    });
    one.connect();
    await one.settled(1);
    expect(one.refusals).toEqual(["validity"]);
    wall.isRight = true;
    await expect.poll(() => backend.push.spread()[0]?.refused).toEqual({ validity: 1 });
    backend.push.refresh();
    await one.settled(2);
    expect(one.active).toHaveLength(1);
    await one.disconnect();
    one.parts.cache.keepOnly([]);
    one.active.length = 0;
    one.connect();
    await one.settled(2);
    expect(one.active[0]?.target.release).toBe(1);
  });

  it("passes over a release that is listed and whose file is gone", async () => {
    const { backend, daemon, folder } = await build();
    await backend.publishing.publish(candidate({ modelId: "a-lost-one", heatpumpModels: ["*"] }));
    await backend.publishing.publish(candidate());
    rmSync(join(folder, "models/a-lost-one"), { recursive: true });
    const one = daemon(1);
    one.connect();
    await one.settled(1);
    expect(one.active[0]?.target.modelId).toBe("aero-slm");
    expect(backend.events).toContain("push.missing a-lost-one/1/model.enc");
  });

  it("looks for news when it does not know who granted", async () => {
    const { backend, daemon } = await build();
    await backend.publishing.publish(candidate());
    let directorKeys = {};
    let news = 0;
    const findTarget = (path: string) =>
      backend.listed.releases.find((two) => path === `${two.modelId}/${two.release}/model.enc`);
    const one = daemon(1, {
      catalogue: {
        get version() {
          return backend.listed.version;
        },
        get directorKeys() {
          return directorKeys;
        },
        findTarget,
        async refresh() {
          news += 1;
          directorKeys = backend.directorKeys;
        },
      },
    });
    one.connect();
    await one.settled(1);
    expect([one.active.length, one.refusals.length, news]).toEqual([1, 0, 1]);
  });

  it("does not use a model after its grant has ended", async () => {
    const { backend, daemon, clock } = await build();
    await backend.publishing.publish(candidate());
    const one = daemon(1);
    one.connect();
    await one.settled(1);
    await one.disconnect();
    expect(await restoreModels(one.parts)).toHaveLength(1);
    await clock.advance(45 * DAY_MS);
    expect(await restoreModels(one.parts)).toHaveLength(0);
  });

  it("keeps the model that works when the next one does not", async () => {
    const { backend, daemon, folder } = await build();
    await backend.publishing.publish(candidate());
    const one = daemon(1, {
      inspect: (target: { release: number }) =>
        target.release === 2 ? { step: "self-test", reason: "no score" } : undefined,
    });
    one.connect();
    await one.settled(1);
    await backend.publishing.publish(candidate({ plain: Buffer.from("{}") }));
    await one.settled(2);
    expect(one.refusals).toEqual(["self-test"]);
    await expect
      .poll(() => backend.push.spread())
      .toContainEqual({
        modelId: "aero-slm",
        release: 2,
        installations: 0,
        refused: { "self-test": 1 },
      });
    await one.disconnect();
    const [restored] = await restoreModels(one.parts);
    expect(restored?.target.release).toBe(1);
    const book = openModelBook(openStateFile(join(folder, "pi-1/models.json")));
    expect(book.memory.installed["aero-slm"]?.target.release).toBe(1);
  });

  it("rolls back by going forward: releases never fall", async () => {
    const { backend, daemon } = await build();
    const [good, bad] = [Buffer.from('{"v":1}'), Buffer.from('{"v":2}')];
    await backend.publishing.publish(candidate({ plain: good }));
    await backend.publishing.publish(candidate({ plain: bad }));
    const one = daemon(1);
    one.connect();
    await one.settled(1);
    expect(one.active[0]?.plain).toEqual(bad);
    await backend.publishing.revoke("aero-slm", 2);
    const { facts } = await backend.publishing.rollBack("aero-slm", 1);
    expect(facts.release).toBe(3);
    await one.settled(2);
    expect(one.active[1]?.plain).toEqual(good);
    expect(one.parts.book.memory.highest).toEqual({ "aero-slm": 3 });
  });

  it("takes the newest again after an old image of the card was restored, and tells it once", async () => {
    const { backend, daemon, folder } = await build();
    await backend.publishing.publish(candidate());
    const one = daemon(1);
    one.connect();
    await one.settled(1);
    await one.disconnect();
    const image = join(folder, "image");
    cpSync(join(folder, "pi-1"), image, { recursive: true });
    const later = daemon(1);
    await backend.publishing.publish(candidate({ plain: Buffer.from('{"v":2}') }));
    later.connect();
    await later.settled(1);
    await expect
      .poll(() => backend.push.spread())
      .toMatchObject([{ release: 2, installations: 1 }]);
    await later.disconnect();
    rmSync(join(folder, "pi-1"), { recursive: true });
    cpSync(image, join(folder, "pi-1"), { recursive: true });
    const restored = daemon(1);
    expect(restored.parts.book.memory.highest).toEqual({ "aero-slm": 1 });
    restored.connect();
    await restored.settled(1);
    expect([restored.active[0]?.target.release, restored.refusals]).toEqual([2, []]);
    const told = () => backend.events.filter((event) => event.startsWith("push.behind"));
    expect(told()).toEqual(["push.behind aero-slm 1 2"]);
    await restored.disconnect();
    const again = daemon(1);
    again.connect();
    await expect.poll(() => backend.push.listeners).toBe(1);
    expect(told()).toHaveLength(1);
  });

  it("gives nothing to whose key was replaced, who did not agree, or who asks for the ungranted", async () => {
    const { backend, daemon } = await build();
    await backend.publishing.publish(candidate());
    const replaced = daemon(1);
    backend.deviceKeys.set(replaced.installationId, Buffer.alloc(44));
    const silent = daemon(2, { consentVersion: 0 });
    for (const one of [replaced, silent]) one.connect();
    const fine = daemon(3);
    fine.connect();
    await fine.settled(1);
    expect([replaced.active, silent.active]).toEqual([[], []]);
    const listener = backend.push.open({
      installationId: fine.installationId,
      nonce: Buffer.alloc(32),
      kid: "",
      lastGrantSeq: 0,
      installed: [],
      heatpumpModels: ["AERO_SLM"],
      daemonVersion: "1.0.0",
      consentVersion: 1,
    });
    expect(() => listener.want("aero-slm/1/model.enc", 0)).toThrow(
      expect.objectContaining({ code: "PERMISSION_DENIED" }),
    );
    listener.close();
  });

  it("follows no link in the cache, and fetches again what was damaged there", async () => {
    const { backend, daemon, folder } = await build();
    const { facts } = await backend.publishing.publish(candidate());
    const one = daemon(1);
    const name = `${facts.modelId}-${facts.release}-${facts.sha256.slice(0, 16)}.enc`;
    const precious = join(folder, "precious");
    writeFileSync(precious, "precious");
    one.parts.cache.add(facts, 0, Buffer.alloc(1));
    one.parts.cache.drop(facts);
    symlinkSync(precious, join(folder, "pi-1/cache", `${name}.part`));
    symlinkSync(precious, join(folder, "pi-1/cache", name));
    one.connect();
    await one.settled(1);
    expect(one.active).toHaveLength(1);
    expect(readFileSync(precious, "utf8")).toBe("precious");
    await one.disconnect();
    writeFileSync(join(folder, "pi-1/cache", name), Buffer.alloc(facts.length));
    expect(await restoreModels(one.parts)).toEqual([]);
  });
});

describe("a daemon that does not read", () => {
  it("makes the backend hold a few pieces, not the file", async () => {
    const { backend, door } = await build();
    const { facts } = await backend.publishing.publish(
      candidate({ plain: Buffer.from(createChance(4)(6_000_000)) }),
    );
    const { id, kid, spki, installationId } = createDeviceKey(7);
    backend.deviceKeys.set(installationId, spki);
    // The other end takes sixteen messages by itself before it stops the network.
    let taken = 0;
    const { open } = backend.push;
    backend.push.open = (listener) => {
      const session = open(listener);
      return {
        ...session,
        async *messages() {
          for await (const message of session.messages()) {
            if (message.kind === "chunk") taken += message.data.length;
            yield message;
          }
        },
      };
    };
    const client = new ModelServiceClient(
      `127.0.0.1:${door.ports.main}`,
      credentials.createInsecure(),
    );
    const call = client.receive();
    call.on("error", () => {});
    const value = {
      installationId: id,
      nonce: Buffer.alloc(32, 9),
      kid: Buffer.from(kid, "hex"),
      lastGrantSeq: 0n,
      installed: [],
      heatpumpModels: ["AERO_SLM"],
      daemonVersion: "1.0.0",
      consentVersion: 1,
    };
    call.write({ body: { $case: "hello", value } });
    await new Promise((resolve) => {
      call.once("data", resolve);
    });
    call.pause();
    const want = { targetPath: "aero-slm/1/model.enc", offset: 0n };
    call.write({ body: { $case: "want", value: want } });
    await expect.poll(() => taken).toBeGreaterThan(0);
    for (let round = 0; round < 50; round++) await settle();
    call.cancel();
    client.close();
    expect(taken).toBeLessThan(facts.length / 2);
  });
});
