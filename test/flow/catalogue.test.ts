/**
 * A model's way into the catalogue of a daemon: keys made by the operator's commands, metadata
 * served by the real door, fetched over gRPC. And what a thief of the backend cannot do.
 */
import { createHash, createPrivateKey } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { type Role, readMetadata, writeMetadata } from "#core/catalogue/metadata.js";
import { createMetadataFolder } from "../../backend/catalogue/metadata-folder.js";
import { openOnlineKeys } from "../../backend/catalogue/online-keys.js";
import {
  addSignature,
  makeSnapshot,
  makeTargets,
  makeTimestamp,
} from "../../backend/catalogue/sign-metadata.js";
import { readStoreKey } from "../../backend/host/store-key.js";
import type { Catalogue, MetadataSource } from "../../daemon/catalogue/catalogue.js";
import { openCatalogue } from "../../daemon/catalogue/create-catalogue.js";
import { createEffectiveTime } from "../../daemon/catalogue/effective-time.js";
import { createMemoryMetadataStore } from "../../daemon/catalogue/memory-metadata-store.js";
import { createSystemClock } from "../../daemon/host/system-clock.js";
import { askDaemon, controlSocketPath } from "../../daemon/local/control-socket.js";
import { connectMetadata } from "../../daemon/uplink/metadata-client.js";
import { type Ceremony, holdCeremony } from "../support/ceremony.js";
import { createChance } from "../support/chance.js";
import { openBook, startDaemon } from "../support/daemon-run.js";
import { openDoor } from "../support/door.js";
import { createFakeBehind } from "../support/fake-behind.js";
import { settle } from "../support/fake-clock.js";
import { temporaryFolder } from "../support/folder.js";
import { aRelease, DAY_MS } from "../support/tuf-repository.js";

const signal = new AbortController().signal;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** The door over a ceremony's files, and a daemon that asks it. */
async function openPool(folder = temporaryFolder()): Promise<{
  ceremony: Ceremony;
  daemon: Catalogue;
  client: MetadataSource;
  /** Instead of the published bytes. */
  answers: Map<string, Uint8Array>;
}> {
  const ceremony = await holdCeremony(folder);
  const files = createMetadataFolder(join(ceremony.catalogueDir, "metadata"));
  const answers = new Map<string, Uint8Array>();
  const metadata = async (role: Role, version: number | undefined) =>
    answers.get(role) ?? (await files.read(role, version));
  const door = await openDoor({ behind: Object.assign(createFakeBehind(), { metadata }) });
  closing.push(() => door.close());
  const client = connectMetadata(() => ({
    address: `127.0.0.1:${door.ports.main}`,
    caFile: undefined,
    tlsMinVersion: "TLSv1.3",
    claimTokenFile: undefined,
    insecureLoopback: true,
  }));
  const daemon = await openCatalogue({
    store: createMemoryMetadataStore(),
    source: client,
    time: createEffectiveTime(ceremony.clock, 0),
    pinnedRoot: readFileSync(ceremony.at("1.root.json")),
    folder: ceremony.at("private"),
  });
  return { ceremony, daemon, client, answers };
}

async function release(ceremony: Ceremony, releases: readonly ReturnType<typeof aRelease>[]) {
  const { at, run, config } = ceremony;
  writeFileSync(at("releases.json"), JSON.stringify(releases));
  const out = await ceremony.nextTargets("targets-1", ["--add", at("releases.json")]);
  await run("keys", "import", "-c", config, out);
}

describe("from the workstation to the daemon", () => {
  it("a release is listed after its signature, over the wire", async () => {
    const { ceremony, daemon } = await openPool();
    expect(await daemon.refresh(signal)).toEqual({ outcome: "fresh" });
    expect(daemon.trusted()?.find({ heatpumpModel: "AERO_SLM" })).toBeUndefined();
    await release(ceremony, [aRelease()]);
    expect(await daemon.refresh(signal)).toEqual({ outcome: "fresh" });
    expect(daemon.trusted()?.find({ heatpumpModel: "AERO_SLM" })).toEqual(aRelease());
  });

  it("a list that is longer than a message comes in pieces", async () => {
    const { ceremony, daemon } = await openPool();
    const many = Array.from({ length: 300 }, (_, number) => aRelease({ release: number + 1 }));
    await release(ceremony, many);
    expect(await daemon.refresh(signal)).toEqual({ outcome: "fresh" });
    expect(daemon.trusted()?.find({ modelId: "aero-slm" })?.release).toBe(300);
  });

  it("more than was listed is cut off while it comes", async () => {
    const { daemon, answers } = await openPool();
    answers.set("timestamp", Buffer.alloc(300_000, " "));
    expect(await daemon.refresh(signal)).toMatchObject({
      fault: { code: "CATALOGUE_REFUSED", message: /more than 16384 bytes/ },
    });
  });

  it("what there is not is undefined, what has no such name is refused", async () => {
    const { client } = await openPool();
    expect(await client.fetch("root", 2, 10_000, signal)).toBeUndefined();
    const wrong = [
      client.fetch("mirrors" as Role, 1, 10_000, signal),
      client.fetch("../root" as Role, 1, 10_000, signal),
      client.fetch("timestamp", 1, 10_000, signal),
      client.fetch("root", undefined, 10_000, signal),
    ];
    for (const one of wrong) await expect(one).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });
});

describe("a backend that runs", () => {
  it("serves what was imported, signs on its own, and says autoSign in its status", async () => {
    const more =
      "tls: { insecureLoopback: true }\nenrolment: { claimTokens: off }\ncatalogue: { autoSign: true }";
    // The admin client tells gRPC its deadline by this clock.
    const ceremony = await holdCeremony(temporaryFolder(), more, Date.now());
    const { run, lines, stop, config, clock } = ceremony;
    lines.length = 0;
    const serving = run("serve", "-c", config);
    const find = () => lines.find((line) => line.includes("backend.listening"));
    while (find() === undefined) await settle();
    const { mainPort, adminPort } = JSON.parse(find() ?? "");
    const client = connectMetadata(() => ({
      address: `127.0.0.1:${mainPort}`,
      caFile: undefined,
      tlsMinVersion: "TLSv1.3",
      claimTokenFile: undefined,
      insecureLoopback: true,
    }));
    const versionOf = async () => {
      const bytes = await client.fetch("timestamp", undefined, 16_384, signal);
      return bytes === undefined ? 0 : readMetadata("timestamp", bytes).version;
    };
    expect(await versionOf()).toBe(1);
    await run("status", "--json", "-c", config, "--admin", `127.0.0.1:${adminPort}`);
    expect(lines.find((line) => line.includes('"warnings"'))).toMatch(
      /autoSign.*any model to every daemon/,
    );
    await clock.advance(DAY_MS / 2);
    while ((await versionOf()) === 1) await clock.advance(600_000);
    expect(await versionOf()).toBe(2);
    stop();
    await serving;
  }, 120_000);
});

describe("a daemon that runs", () => {
  it("asks for the catalogue with consent, and only then", async () => {
    const folder = temporaryFolder();
    const now = Date.now();
    const ceremony = await holdCeremony(folder, "", now);
    const files = createMetadataFolder(join(ceremony.catalogueDir, "metadata"));
    const asked: string[] = [];
    const metadata = async (role: Role, version: number | undefined) => {
      asked.push(role);
      return await files.read(role, version);
    };
    const door = await openDoor({ behind: Object.assign(createFakeBehind(), { metadata }) });
    closing.push(() => door.close());
    const url = `127.0.0.1:${door.ports.main}`;
    const root = ceremony.at("1.root.json");
    const backend = `backend: { url: "${url}", insecureLoopback: true, rootFile: "${root}" }`;
    // Nobody answers for the heat pump: the catalogue does not wait for it.
    const daemon = startDaemon(folder, 1, backend);
    closing.push(() => daemon.stop());
    await daemon.seen("poll.failed");
    expect(asked).toEqual([]);
    openBook(daemon.config).grant({ locale: "en", scopes: [] });
    const socket = controlSocketPath(daemon.config.runtimeDir);
    await askDaemon(createSystemClock(), socket, "POST /consent/granted");
    await daemon.seen("catalogue.fresh");
    expect(asked).toEqual(["root", "timestamp", "snapshot", "targets"]);
    const status = await askDaemon(createSystemClock(), socket, "GET /status");
    expect(status).toMatchObject({ catalogue: { freshness: "FRESH", rootVersion: 1 } });
  }, 120_000);
});

describe("a thief of the backend (A6)", () => {
  /** All that lies on the backend, opened. */
  async function steal({ at, catalogueDir }: Ceremony) {
    const storeKey = readStoreKey(at("state/store-key"));
    const keys = await openOnlineKeys(join(catalogueDir, "keys"), storeKey, createChance(1)).all();
    const files = createMetadataFolder(join(catalogueDir, "metadata"));
    const keyOf = (role: string) => {
      const key = keys.find((one) => one.role === role);
      if (key === undefined) throw new Error(`no ${role} key`);
      return key.privateKey;
    };
    return { keyOf, files };
  }

  it("with the snapshot, timestamp and director keys cannot bring a model of his own", async () => {
    const { ceremony, daemon } = await openPool();
    await release(ceremony, [aRelease()]);
    await daemon.refresh(signal);
    const { keyOf, files } = await steal(ceremony);
    const bad = aRelease({ release: 2, sha256: "bad".padStart(64, "0") });
    const life = { version: 3, expiresAtMs: ceremony.clock.nowMs() + DAY_MS };
    for (const role of ["snapshot", "timestamp", "director"]) {
      const targets = addSignature(makeTargets(life, [bad]), keyOf(role));
      const snapshot = addSignature(makeSnapshot(life, targets), keyOf("snapshot"));
      const timestamp = makeTimestamp(life, snapshot, ceremony.clock.nowMs());
      await files.write(targets);
      await files.write(snapshot);
      await files.write(addSignature(timestamp, keyOf("timestamp")));
      expect(await daemon.refresh(signal)).toMatchObject({
        fault: { code: "CATALOGUE_REFUSED", message: /targets/ },
      });
      expect(daemon.trusted()?.at(bad.path)).toBeUndefined();
      expect(daemon.trusted()?.find({ modelId: "aero-slm" })).toEqual(aRelease());
    }
  });

  it("cannot make a director key of his own count", async () => {
    const { ceremony, daemon } = await openPool();
    await daemon.refresh(signal);
    const seed = createHash("sha256").update("thief").digest();
    const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
    const thief = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    const { keyOf, files } = await steal(ceremony);
    const root = await files.newest("root");
    if (root === undefined) throw new Error("no root");
    const { signed } = root;
    const next = structuredClone({ ...signed, version: 2 });
    next.heatpool.director_keys = {};
    const draft = readMetadata("root", writeMetadata({ signed: next, signatures: [] }));
    await files.write(addSignature(addSignature(draft, keyOf("timestamp")), thief));
    expect(await daemon.refresh(signal)).toMatchObject({ fault: { code: "CATALOGUE_REFUSED" } });
    expect(Object.keys(daemon.trusted()?.directorKeys.keys ?? {})).toHaveLength(1);
  });
});

describe("mix and match (A4)", () => {
  it("of 3 models and 3 releases, a path, a hash and a release fit only on the diagonal", async () => {
    const { ceremony, daemon } = await openPool();
    const hash = (text: string) => createHash("sha256").update(text).digest("hex");
    const all = ["a", "b", "c"].flatMap((modelId) =>
      [1, 2, 3].map((number) => {
        const sha256 = hash(`${modelId}${number}`);
        return aRelease({ modelId, release: number, sha256, heatpumpModels: [modelId] });
      }),
    );
    await release(ceremony, all);
    await daemon.refresh(signal);
    const trusted = daemon.trusted();
    const fits = all.flatMap((one) =>
      all.map((other) => {
        const found = trusted?.at(one.path);
        const isSame = found?.sha256 === other.sha256 && found.release === other.release;
        return isSame && found.heatpumpModels.includes(other.modelId)
          ? `${one.path} ${other.path}`
          : "";
      }),
    );
    expect(fits.filter((text) => text !== "")).toEqual(all.map(({ path }) => `${path} ${path}`));
  });
});
