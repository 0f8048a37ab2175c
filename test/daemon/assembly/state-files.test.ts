/**
 * Small files that were damaged, emptied or written by a newer version: the daemon says which and
 * what to do, calls nobody, and puts nothing in their place.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import { openIdentity } from "../../../daemon/assembly/open-identity.js";
import { openErasure } from "../../../daemon/assembly/open-privacy.js";
import { parseConfig } from "../../../daemon/config.js";
import { enrolDevice } from "../../../daemon/enrolment/enrolment.js";
import { openCheckedFile } from "../../../daemon/host/state-file.js";
import { createSystemClock } from "../../../daemon/host/system-clock.js";
import { openAlarmBook } from "../../../daemon/model/alarm-book.js";
import { openModelBook } from "../../../daemon/model/model-book.js";
import { RECEIPT_FILE, WISH_FILE } from "../../../daemon/privacy/wipe.js";
import { recallLimits, rememberLimits } from "../../../daemon/uplink/limits.js";
import { createChance } from "../../support/chance.js";
import { openBook, startDaemon } from "../../support/daemon-run.js";
import { directPort } from "../../support/device-bed.js";
import { temporaryFolder } from "../../support/folder.js";
import { CONSENT } from "../../support/identity-bed.js";

/** What may have become of a file. */
const DAMAGES: Readonly<Record<string, (path: string, sound: Buffer) => void>> = {
  "is empty": (path) => writeFileSync(path, ""),
  "is cut": (path, sound) => writeFileSync(path, sound.subarray(0, sound.length >> 1)),
  "is not ours": (path) => writeFileSync(path, "null\n"),
  "is of a newer version": (path) =>
    writeFileSync(path, '{"format":99,"history":[],"proofs":[]}\n'),
  "has another bit": (path, sound) => {
    const changed = Buffer.from(sound);
    changed.writeUInt8(changed.readUInt8(sound.length >> 1) ^ 1, sound.length >> 1);
    writeFileSync(path, changed);
  },
  "is a folder": (path) => {
    rmSync(path);
    mkdirSync(path);
  },
};

let backend: Server;
let calls = 0;
beforeAll(async () => {
  backend = createServer((socket) => {
    calls++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => {
    backend.listen(0, "127.0.0.1", resolve);
  });
});
afterAll(() => new Promise((resolve) => backend.close(resolve)));
beforeEach(() => {
  calls = 0;
});

/** The state of an installation that enrolled and whose owner agreed. */
async function enrolled() {
  const folder = temporaryFolder();
  const { port } = backend.address() as AddressInfo;
  const more = [
    `backend: { url: "127.0.0.1:${port}" }`,
    `keys: { secretFile: ${join(folder, "secret")} }`,
  ].join("\n");
  const state = join(folder, "state");
  const text = `stateDir: ${state}\ndevices: [{ host: 127.0.0.1, profile: test/plain }]\n${more}`;
  const config = parseConfig(text);
  const parts = { clock: createSystemClock(), chance: createChance(3) };
  openBook(config).grant({ locale: "en", scopes: [] });
  const offer = { consent: CONSENT, claimToken: "" };
  const reopen = () => openIdentity(config, parts).identity();
  const identity = reopen();
  await enrolDevice(identity, (await directPort()).port, offer);
  return { folder, state, more, config, identity, reopen };
}

/** The sealed keys, by name. */
function readKeys(state: string): Record<string, string> {
  const folder = join(state, "keys");
  const read = (name: string) => readFileSync(join(folder, name), "base64");
  return Object.fromEntries(readdirSync(folder).map((name) => [name, read(name)]));
}

/** Runs a daemon there until it ends; nobody answers at the heat pump's port. */
async function endOf(folder: string, more: string): Promise<unknown> {
  const daemon = startDaemon(folder, 1, more);
  await daemon.seen("never").catch(() => undefined);
  return await daemon.stop().catch((fault: unknown) => fault);
}

describe.each([
  { name: "consent.json", command: "heatpool consent" },
  { name: "identity.json", command: "heatpool" },
])("$name", ({ name, command }) => {
  it.each(Object.keys(DAMAGES))(
    "that %s ends the daemon with words, and nobody is called",
    async (damage) => {
      const { folder, state, more } = await enrolled();
      const path = join(state, name);
      const sound = readFileSync(path);
      const keys = readKeys(state);
      DAMAGES[damage]?.(path, sound);
      const fault = await endOf(folder, more);
      expect(fault).toBeInstanceOf(HeatpoolError);
      expect(fault).toMatchObject({
        code: "STATE_INVALID",
        message: expect.stringContaining(path),
        hint: expect.stringContaining(damage === "is a folder" ? "heatpool" : command),
      });
      expect(calls).toBe(0);
      expect(readKeys(state)).toEqual(keys);
    },
  );
});

/** More tell nothing that these do not. */
const FLIPS_MAX = 250;

/** What `read` says where one bit of `sound` is another, in every byte or in some everywhere. */
function outcomesOf(sound: Buffer, path: string, read: () => unknown): Set<string> {
  const outcomes = new Set<string>();
  const step = Math.ceil(sound.length / FLIPS_MAX);
  for (let at = 0; at < sound.length; at += step) {
    const changed = Buffer.from(sound);
    changed.writeUInt8(changed.readUInt8(at) ^ (1 << ((at / step) & 7)), at);
    writeFileSync(path, changed);
    try {
      outcomes.add(JSON.stringify(read()));
    } catch (fault) {
      outcomes.add(fault instanceof HeatpoolError ? fault.code : String(fault));
    }
  }
  writeFileSync(path, sound);
  return outcomes;
}

describe("a folder in a file's place", () => {
  it.each(["installation-id", "withdrawal", "erasure-wish"])(
    "named %s ends the daemon with words, and nobody is called",
    async (name) => {
      const { folder, state, more } = await enrolled();
      rmSync(join(state, name), { force: true });
      mkdirSync(join(state, name));
      const fault = await endOf(folder, more);
      expect(fault).toBeInstanceOf(HeatpoolError);
      expect(fault).toMatchObject({ code: "STATE_INVALID", hint: expect.any(String) });
      expect(String(fault)).toContain(join(state, name));
      expect(calls).toBe(0);
    },
  );
});

describe("a file that is lost", () => {
  it("leaves the keys that it named where they are", async () => {
    const { state, identity } = await enrolled();
    const kept = readKeys(state);
    rmSync(join(state, "identity.json"));
    expect(identity.prepare().names).toEqual({ tls: "tls-2", kem: "kem-2" });
    expect(readKeys(state)).toMatchObject(kept);
  });

  it("or cannot be read, and is a receipt, leaves the erasure done", async () => {
    const { state, config } = await enrolled();
    const parts = { config, clock: createSystemClock(), chance: createChance(3), log: () => {} };
    writeFileSync(join(state, WISH_FILE), "answered\n");
    for (const damaged of ["", "{", "null", "[]"]) {
      writeFileSync(join(state, RECEIPT_FILE), damaged);
      const erasure = openErasure(parts, async () => {});
      expect(erasure.state()).toEqual({ status: "erased" });
    }
  });
});

describe("one bit of a small file", () => {
  it("of the identity, its id, a key or the secret makes no other identity", async () => {
    const { folder, state, identity, reopen } = await enrolled();
    const outcomes = (path: string, read: () => unknown) =>
      outcomesOf(readFileSync(path), path, read);
    const refused = new Set(["STATE_INVALID"]);
    expect(outcomes(join(state, "identity.json"), () => identity.record())).toEqual(refused);
    expect(outcomes(join(state, "installation-id"), () => reopen().record())).toEqual(refused);
    const keys = () => reopen().keys().kid;
    expect(outcomes(join(state, "keys/tls-1"), keys)).toEqual(refused);
    expect(outcomes(join(state, "keys/kem-1"), keys)).toEqual(refused);
    expect(outcomes(join(folder, "secret"), keys)).toEqual(
      new Set(["STATE_INVALID", JSON.stringify(keys())]),
    );
  });

  it("of what else is remembered is left out or told, and changes no number", () => {
    const folder = temporaryFolder();
    const at = (name: string) => openCheckedFile(join(folder, name));
    const written = {
      limits: at("uplink-limits.json"),
      models: at("models.json"),
      alarms: at("alarms.json"),
    };
    const first = recallLimits(written.limits);
    const wished = { ...first, uploadIntervalSeconds: 900, windowBatches: 3 };
    rememberLimits(written.limits, wished, first);
    expect(recallLimits(written.limits)).toEqual(wished);
    const outcomes = (file: { path: string }, read: () => unknown) =>
      outcomesOf(readFileSync(file.path), file.path, read);
    expect(outcomes(written.limits, () => recallLimits(written.limits))).toEqual(
      new Set([JSON.stringify(first)]),
    );
    written.models.write(JSON.stringify({ format: 1, seq: 41, highest: { a: 7 }, installed: {} }));
    expect(openModelBook(written.models).memory.seq).toBe(41);
    expect(outcomes(written.models, () => openModelBook(written.models).memory)).toEqual(
      new Set(["STATE_INVALID"]),
    );
    openAlarmBook(written.alarms).mute({ deviceId: "a", part: "x", untilMs: 7 });
    expect(outcomes(written.alarms, () => openAlarmBook(written.alarms).list())).toEqual(
      new Set(["STATE_INVALID"]),
    );
  });
});
