/**
 * Taking models while other things happen: another grant, a new catalogue, the end of a grant, a disk
 * that refuses, an owner who withdraws. What was checked when a grant came must hold when its file is
 * there, and the model that works stays.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { targetPathOf } from "#core/envelope/model-header.js";
import { createDeviceKey } from "../../../bench/push-daemons.js";
import { openStateFile } from "../../../daemon/host/state-file.js";
import type { ActiveModel } from "../../../daemon/model/model.js";
import { openModelBook } from "../../../daemon/model/model-book.js";
import { openModelCache } from "../../../daemon/model/model-cache.js";
import type { ModelHello, ModelLink, ModelListener } from "../../../daemon/model/model-link.js";
import { createModelReceiver, type ReceiverParts } from "../../../daemon/model/receive-models.js";
import { createChance } from "../../support/chance.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";
import { candidate, createModelBackend } from "../../support/push-bed.js";

const DAY_MS = 86_400_000;
const PIECE = 16_384;
/** Does not pack: several pieces. */
const plainOf = (seed: number) => Buffer.from(createChance(seed)(60_000));

function start(change: (parts: ReceiverParts) => Partial<ReceiverParts> = () => ({})) {
  const folder = temporaryFolder();
  const clock = createFakeClock(Date.UTC(2026, 10, 20));
  const backend = createModelBackend(join(folder, "backend"), clock);
  const device = createDeviceKey(1);
  backend.deviceKeys.set(device.installationId, device.spki);
  const active: ActiveModel[] = [];
  const reports: string[] = [];
  const said: string[] = [];
  const wanted: { path: string; offset: number }[] = [];
  const isCancelled = { now: false };
  let hello: ModelHello | undefined;
  let listener: ModelListener | undefined;
  const parts: ReceiverParts = {
    installationId: device.installationId,
    heatpumpModels: ["AERO_SLM"],
    daemonVersion: "1.0.0",
    consentVersion: 1,
    device: { kid: () => device.kid, find: () => device.pair },
    catalogue: {
      get version() {
        return backend.listed.version;
      },
      directorKeys: backend.directorKeys,
      findTarget: (path) =>
        backend.listed.releases.find((one) => targetPathOf(one.modelId, one.release) === path),
      refresh: async () => undefined,
    },
    book: openModelBook(openStateFile(join(folder, "models.json"))),
    cache: openModelCache(join(folder, "cache")),
    inspect: () => undefined,
    chance: createChance(5),
    clock,
    effectiveNowS: () => Math.floor(clock.nowMs() / 1000),
    learnTime: () => undefined,
    isInUse: () => false,
    log: (_level, event, facts) => said.push(`${event} ${Object.values(facts ?? {}).join(" ")}`),
    onActive: (model) => active.push(model),
  };
  const receiver = createModelReceiver({ ...parts, ...change(parts) });
  const link: ModelLink = {
    open(said, told) {
      [hello, listener] = [said, told];
      return {
        want: (path, offset) => wanted.push({ path, offset }),
        report: (modelId, release, step) => reports.push(`${modelId} ${release} ${step}`.trim()),
        cancel() {
          isCancelled.now = true;
        },
      };
    },
  };
  receiver.attach(link);
  /** What the backend grants now for this stream; later ones have higher numbers. */
  async function grant(count = 1, laterMs = 1_000): Promise<readonly string[]> {
    await clock.advance(laterMs);
    const session = backend.push.open({ ...(hello as ModelHello), lastGrantSeq: 0 });
    const envelopes: string[] = [];
    const messages = session.messages();
    while (envelopes.length < count) {
      const { value } = await messages.next();
      if (value?.kind !== "grant") throw new Error("nothing was granted");
      envelopes.push(value.envelope);
    }
    session.close();
    return envelopes;
  }
  async function say(envelope: string | undefined): Promise<void> {
    listener?.onGrant(envelope ?? "");
    await settled();
  }
  /** The file of a release from `offset` on, piece by piece. */
  async function send(modelId: string, release: number, offset = 0): Promise<void> {
    const file = await backend.store.file(modelId, release);
    const targetPath = targetPathOf(modelId, release);
    for (let at = offset; at < file.length; at += PIECE)
      listener?.onChunk({ targetPath, offset: at, data: file.subarray(at, at + PIECE) });
    await settled();
  }
  /** Everything that was said so far has had its effect. */
  async function settled(): Promise<void> {
    for (let turn = 0; turn < 60; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  const names = () => (existsSync(join(folder, "cache")) ? readdirSync(join(folder, "cache")) : []);
  return {
    ...{ folder, clock, backend, parts, receiver, active, reports, said, wanted, isCancelled },
    ...{ grant, say, send, settled, names },
    listener: () => listener,
  };
}

describe("two grants racing", () => {
  it("of one model: the older release is refused when its file comes after the newer one's", async () => {
    const { backend, parts, active, reports, grant, say, send } = start();
    await backend.publishing.publish(candidate({ plain: plainOf(1) }));
    const [older] = await grant();
    await say(older);
    await backend.publishing.publish(candidate({ plain: plainOf(2) }));
    const [newer] = await grant();
    await say(newer);
    await send("aero-slm", 2);
    await send("aero-slm", 1);
    expect(active.map(({ target }) => target.release)).toEqual([2]);
    expect(parts.book.memory.installed["aero-slm"]?.target.release).toBe(2);
    expect(parts.book.memory.highest).toEqual({ "aero-slm": 2 });
    expect(reports).toEqual(["aero-slm 2", "aero-slm 1 sequence"]);
  });

  it("of one release: the older grant does not take the place of the newer", async () => {
    const { backend, parts, clock, reports, grant, say, send } = start();
    await backend.publishing.publish(candidate({ plain: plainOf(1) }));
    const [older] = await grant();
    await clock.advance(DAY_MS);
    const [newer] = await grant();
    await say(newer);
    await send("aero-slm", 1);
    const untilS = parts.book.memory.installed["aero-slm"]?.grantedUntilS;
    await say(older);
    expect(parts.book.memory.installed["aero-slm"]?.grantedUntilS).toBe(untilS);
    expect(reports).toEqual(["aero-slm 1", "aero-slm 1 sequence"]);
  });

  it("of one number and other content, as two processes may make them: the first stays", async () => {
    const { backend, parts, reports, grant, say, send } = start();
    await backend.publishing.publish(candidate({ plain: plainOf(1) }));
    const [[one], [other]] = [await grant(), await grant(1, 0)];
    const seqOf = (envelope: unknown) => {
      const { payload } = JSON.parse(String(envelope)) as { payload: string };
      return (JSON.parse(Buffer.from(payload, "base64").toString()) as { seq: number }).seq;
    };
    expect([seqOf(other), other === one]).toEqual([seqOf(one), false]);
    await say(one);
    await send("aero-slm", 1);
    await say(other);
    expect(parts.book.memory.installed["aero-slm"]?.grant).toBe(one);
    expect(reports).toEqual(["aero-slm 1", "aero-slm 1 sequence"]);
  });

  it("of two models are both taken, in whatever order their files come", async () => {
    const { backend, parts, reports, grant, say, send } = start();
    await backend.publishing.publish(candidate({ plain: plainOf(1) }));
    const special = { modelId: "general", heatpumpModels: ["*"], plain: plainOf(2) };
    await backend.publishing.publish(candidate(special));
    const envelopes = await grant(2);
    for (const envelope of envelopes) await say(envelope);
    await send("general", 1);
    await send("aero-slm", 1);
    expect(reports).toEqual(["general 1", "aero-slm 1"]);
    const installed = new Set(Object.keys(parts.book.memory.installed));
    expect(installed).toEqual(new Set(["aero-slm", "general"]));
  });
});

describe("while the file comes", () => {
  it("the grant ends: it is not taken", async () => {
    const { backend, active, clock, reports, grant, say, send } = start();
    await backend.publishing.publish(candidate({ plain: plainOf(1) }));
    const [envelope] = await grant();
    await say(envelope);
    await clock.advance(45 * DAY_MS);
    await send("aero-slm", 1);
    expect([active, reports]).toEqual([[], ["aero-slm 1 validity"]]);
  });

  it("the release is taken back: it is not taken", async () => {
    const { backend, active, reports, grant, say, send } = start();
    await backend.publishing.publish(candidate({ plain: plainOf(1) }));
    const [envelope] = await grant();
    await say(envelope);
    await backend.publishing.revoke("aero-slm", 1);
    await send("aero-slm", 1);
    expect([active, reports]).toEqual([[], ["aero-slm 1 catalogue"]]);
  });

  it("the owner withdraws: nothing that comes later is written, and nothing stays", async () => {
    const { backend, receiver, parts, active, grant, say, send, names } = start();
    const { facts } = await backend.publishing.publish(candidate({ plain: plainOf(1) }));
    const [envelope] = await grant();
    await say(envelope);
    const file = await backend.store.file("aero-slm", 1);
    parts.cache.add(facts, 0, file.subarray(0, PIECE));
    expect(names().filter((name) => name.endsWith(".part"))).toHaveLength(1);
    await receiver.close();
    parts.book.wipe();
    parts.cache.keepOnly([]);
    await send("aero-slm", 1);
    await say(envelope);
    expect(active).toEqual([]);
    expect(names()).toEqual(["CACHEDIR.TAG"]);
    expect(parts.book.memory.installed).toEqual({});
  });
});

describe("a disk that refuses", () => {
  async function withModel(
    refuse: (parts: ReceiverParts) => Partial<ReceiverParts>,
    isRefusing: { now: boolean },
  ) {
    const bed = start(refuse);
    await bed.backend.publishing.publish(candidate({ plain: plainOf(1) }));
    await bed.say((await bed.grant())[0]);
    await bed.send("aero-slm", 1);
    expect(bed.reports).toEqual(["aero-slm 1"]);
    await bed.backend.publishing.publish(candidate({ plain: plainOf(2) }));
    const [envelope] = await bed.grant();
    isRefusing.now = true;
    await bed.say(envelope);
    await bed.send("aero-slm", 2);
    expect(bed.active.map(({ target }) => target.release)).toEqual([1]);
    const { installed, highest } = bed.parts.book.memory;
    expect([installed["aero-slm"]?.target.release, highest]).toEqual([1, { "aero-slm": 1 }]);
    expect(bed.isCancelled.now).toBe(true);
    return bed;
  }

  it.each(["ENOSPC: no space left on device", "EROFS: read-only file system"])(
    "for the file with %s ends the stream, says so, and keeps the model that works",
    async (why) => {
      const isRefusing = { now: false as boolean };
      const { said } = await withModel(
        ({ cache }) => ({
          cache: {
            ...cache,
            add(...piece) {
              if (isRefusing.now) throw new Error(why);
              return cache.add(...piece);
            },
          },
        }),
        isRefusing,
      );
      expect(said.at(-1)).toContain(why);
    },
  );

  it("for the record of what is installed leaves the old one whole", async () => {
    const isRefusing = { now: false as boolean };
    const { folder } = await withModel(
      ({ book }) => ({
        book: {
          ...book,
          get memory() {
            return book.memory;
          },
          install(...model) {
            if (isRefusing.now) throw new Error("ENOSPC: no space left on device");
            book.install(...model);
          },
        },
      }),
      isRefusing,
    );
    const again = openModelBook(openStateFile(join(folder, "models.json")));
    expect(again.memory.installed["aero-slm"]?.target.release).toBe(1);
  });
});
