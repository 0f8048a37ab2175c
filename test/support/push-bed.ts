/** A backend with models and a catalogue in memory, its real gRPC door, and daemons that listen. */
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "#core/clock.js";
import { type DirectorSigner, describeDirectorKey } from "#core/envelope/dsse.js";
import { createX25519Pair, kidOf } from "#core/envelope/key-agreement.js";
import { toPublicDer, toRawPublic } from "#core/envelope/key-form.js";
import { targetPathOf } from "#core/envelope/model-header.js";
import { signEd25519 } from "#core/envelope/signature.js";
import { formatUuid } from "#core/uuid.js";
import { openFileReleaseStore } from "../../backend/publish/file-release-store.js";
import { type Candidate, createPublishing } from "../../backend/publish/publish.js";
import type { ReleaseFacts } from "../../backend/publish/release-store.js";
import { createPush } from "../../backend/push/create-push.js";
import { openStateFile } from "../../daemon/host/state-file.js";
import type { ActiveModel, InspectModel } from "../../daemon/model/model.js";
import { openModelBook } from "../../daemon/model/model-book.js";
import { openModelCache } from "../../daemon/model/model-cache.js";
import { createModelReceiver, type ReceiverParts } from "../../daemon/model/receive-models.js";
import { createGrpcTransport } from "../../daemon/uplink/grpc-transport.js";
import { createChance } from "./chance.js";

/**
 * Everything of the backend that has to do with models.
 *
 * @param mayHave who may have models; left out: everybody but the `ineligible`
 */
export function createModelBackend(
  folder: string,
  clock: Clock,
  mayHave: (installationId: string) => boolean = () => true,
) {
  const chance = createChance(3);
  const director = generateKeyPairSync("ed25519");
  const { keyId, key } = describeDirectorKey(director.publicKey);
  const sign: DirectorSigner = async (bytes) => ({
    keyId,
    signature: signEd25519(director.privateKey, bytes),
  });
  const listed = { version: 1, releases: [] as ReleaseFacts[] };
  const deviceKeys = new Map<string, Uint8Array>();
  const ineligible = new Set<string>();
  const events: string[] = [];
  /** What each installation said that it has. */
  const records = new Map<string, Readonly<Record<string, number>>>();
  const asked: string[] = [];
  const store = openFileReleaseStore({
    folder: join(folder, "models"),
    storeKey: Buffer.alloc(32, 5),
    chance,
  });
  const publishing = createPublishing({
    store,
    clock,
    chance,
    catalogue: {
      async propose(facts) {
        const others = listed.releases.filter(
          (one) => one.modelId !== facts.modelId || one.release !== facts.release,
        );
        listed.releases = [...others, facts];
        listed.version += 1;
        push.refresh();
        return "published";
      },
    },
  });
  const push = createPush({
    store,
    clock,
    sign,
    listed: () => listed,
    isEligible(id) {
      asked.push(id);
      return !ineligible.has(id) && mayHave(id);
    },
    deviceKey: (id) => deviceKeys.get(id),
    recorded: (id) => records.get(id),
    onInstalled(id, modelId, release) {
      records.set(id, { ...records.get(id), [modelId]: release });
    },
    newPair: () => generateKeyPairSync("x25519"),
    onEvent: (event, _id, facts) => events.push(`${event} ${Object.values(facts).join(" ")}`),
  });
  return {
    store,
    publishing,
    push,
    listed,
    deviceKeys,
    ineligible,
    events,
    /** Whose eligibility was asked for, each time. */
    asked,
    directorKeys: { [keyId]: key },
  };
}

export type ModelBackend = ReturnType<typeof createModelBackend>;

export function candidate(change: Partial<Candidate> = {}): Candidate {
  return {
    modelId: "aero-slm",
    plain: Buffer.from(JSON.stringify({ kind: "demo", trees: [1, 2, 3] })),
    heatpumpModels: ["AERO_SLM"],
    schema: "demo/1",
    minDaemon: "0.1.0",
    kInstallations: 30,
    trainedAtMs: Date.UTC(2026, 9, 1),
    ...change,
  };
}

/** A daemon that listens for models, and what it uses. */
export interface ListeningDaemon {
  readonly installationId: string;
  readonly active: ActiveModel[];
  readonly refusals: string[];
  readonly parts: ReceiverParts;
  /** Resolves when `active` or `refusals` has grown to `count`, together. */
  settled(count: number): Promise<void>;
  connect(): void;
  disconnect(): Promise<void>;
}

export function createListeningDaemon(
  backend: ModelBackend,
  of: { number: number; folder: string; port: number; clock: Clock },
  change: Partial<ReceiverParts> & { inspect?: InspectModel } = {},
): ListeningDaemon {
  const { number, folder, port, clock } = of;
  const id = Buffer.from("123456781234423492345678123400000000", "hex").subarray(0, 16);
  id.writeUInt32BE(number, 12);
  const installationId = formatUuid(id) ?? "";
  const seed = Buffer.alloc(32, 1);
  seed.writeUInt32BE(number, 0);
  const kem = createX25519Pair(seed);
  const spki = toPublicDer("x25519", toRawPublic(kem.publicKey));
  backend.deviceKeys.set(installationId, spki);
  mkdirSync(folder, { recursive: true });
  const active: ActiveModel[] = [];
  const refusals: string[] = [];
  let wake = () => {};
  const parts: ReceiverParts = {
    installationId,
    heatpumpModels: ["AERO_SLM"],
    daemonVersion: "1.0.0",
    consentVersion: 1,
    device: { kid: () => kidOf(spki), find: (kid) => (kid === kidOf(spki) ? kem : undefined) },
    catalogue: {
      get version() {
        return backend.listed.version;
      },
      directorKeys: backend.directorKeys,
      findTarget: (path) =>
        backend.listed.releases.find((one) => targetPathOf(one.modelId, one.release) === path),
      refresh: async () => {},
    },
    book: openModelBook(openStateFile(join(folder, "models.json"))),
    cache: openModelCache(join(folder, "cache")),
    inspect: () => undefined,
    chance: createChance(number),
    clock,
    effectiveNowS: () => Math.floor(clock.nowMs() / 1000),
    learnTime() {},
    isInUse: (modelId) => active.some(({ target }) => target.modelId === modelId),
    log(_level, event, facts) {
      if (event !== "model.refused") return;
      refusals.push(String(facts?.step));
      wake();
    },
    onActive(model) {
      active.push(model);
      wake();
    },
    ...change,
  };
  const receiver = createModelReceiver(parts);
  const transport = createGrpcTransport(
    {
      address: `127.0.0.1:${port}`,
      caFile: undefined,
      tlsMinVersion: "TLSv1.3",
      claimTokenFile: undefined,
      insecureLoopback: true,
    },
    false,
  );
  let stream: ReturnType<typeof transport.open> | undefined;
  return {
    installationId,
    active,
    refusals,
    parts,
    async settled(count) {
      while (active.length + refusals.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    connect() {
      stream = transport.open({ onResponse() {}, onEnd() {} });
      if (stream.models !== undefined) receiver.attach(stream.models);
    },
    async disconnect() {
      stream?.cancel();
      await receiver.close();
    },
  };
}
