/**
 * Community models of a running daemon, put together: the catalogue that says which may be trusted,
 * the way in, and what is in use. Loaded only where a root is pinned: the crypto takes megabytes.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Chance } from "#core/clock.js";
import type { ConsentRecord } from "#core/enrolment/consent-record.js";
import { createX25519PairOf } from "#core/envelope/key-agreement.js";
import { HeatpoolError } from "#core/errors.js";
import type { Catalogue, CatalogueState } from "../catalogue/catalogue.js";
import { openCatalogue } from "../catalogue/create-catalogue.js";
import { createEffectiveTime } from "../catalogue/effective-time.js";
import { openLevelMetadataStore } from "../catalogue/level-metadata-store.js";
import { runRefreshes } from "../catalogue/run-refreshes.js";
import type { Config } from "../config.js";
import type { DeviceIdentity } from "../enrolment/device-identity.js";
import type { Log } from "../host/log.js";
import type { StateFile } from "../host/state-file.js";
import type { SystemClock } from "../host/system-clock.js";
import { type ActiveModels, createActiveModels } from "../model/active-models.js";
import { inspectModel } from "../model/inspect-model.js";
import type { TrustedModels } from "../model/model.js";
import { openModelBook } from "../model/model-book.js";
import { openModelCache } from "../model/model-cache.js";
import { createModelReceiver, type ReceiverParts } from "../model/receive-models.js";
import { restoreModels } from "../model/restore-models.js";
import type { AskingLine } from "../uplink/asking-line.js";
import { connectMetadata } from "../uplink/metadata-client.js";
import { hasIdentity, toOwnEndpoint } from "./backend-ways.js";

/** What they are put together from. */
export interface ModelParts {
  readonly config: Config;
  readonly clock: SystemClock;
  readonly chance: Chance;
  readonly log: Log;
  readonly version: string;
  /** When this package was built; 0: not known. */
  readonly builtAtMs: number;
  readonly identity: DeviceIdentity;
  /** On which the backend is asked; left out: one for this alone. */
  readonly line?: AskingLine;
  /** Where grants are kept. */
  readonly file: StateFile;
  /** Of this house. */
  readonly heatpumpModels: readonly string[];
}

/** Models of a running daemon. */
export interface DaemonModels {
  readonly active: ActiveModels;
  /** For the owner. */
  describe(): { readonly catalogue: CatalogueState; readonly models: unknown };
  /** One term of consent: takes models as connections open, until it is closed. */
  open(record: ConsentRecord): ReturnType<typeof createModelReceiver>;
  /** Asks for news of the catalogue until `signal`. */
  run(signal: AbortSignal): Promise<void>;
  /** Forgets models, grants and files: the owner withdrew. */
  wipe(): void;
  close(): Promise<void>;
}

/** `undefined`: the configuration names no root, so there are no models. */
export async function openModels(parts: ModelParts): Promise<DaemonModels | undefined> {
  const { config, clock, chance, log, identity } = parts;
  const { backend, stateDir, runtimeDir } = config;
  if (backend?.rootFile === undefined) return undefined;
  const pinnedRoot = await readRoot(backend.rootFile);
  const store = await openLevelMetadataStore(join(stateDir, "catalogue"), (cause) =>
    log("error", "catalogue.lost", { why: String(cause) }),
  );
  const time = createEffectiveTime(clock, parts.builtAtMs);
  // With the certificate of that moment: it may have been renewed.
  const source = connectMetadata(
    () => toOwnEndpoint(backend, hasIdentity(config) ? identity : undefined),
    parts.line,
  );
  const opened = await openCatalogue({
    store,
    source,
    time,
    pinnedRoot,
    folder: join(runtimeDir, "catalogue"),
  });
  const catalogue: typeof opened = {
    ...opened,
    refresh: (signal) => source.during(() => opened.refresh(signal)),
  };
  const nowS = (): number => Math.floor((time.nowMs() ?? 0) / 1000);
  const active = createActiveModels(nowS);
  const book = openModelBook(parts.file);
  const cache = openModelCache(config.cacheDir);
  const ending = new AbortController();
  const shared: Omit<ReceiverParts, "consentVersion"> = {
    installationId: identity.installationId,
    heatpumpModels: parts.heatpumpModels,
    daemonVersion: parts.version,
    device: {
      kid: () => identity.keys().kid,
      find(kid) {
        const key = identity.kemKey(kid);
        return key === undefined ? undefined : createX25519PairOf(key);
      },
    },
    catalogue: toTrusted(catalogue, ending.signal),
    ...{ book, cache, inspect: inspectModel, chance, clock, log },
    effectiveNowS: nowS,
    learnTime: (atS) => time.learn(atS * 1000),
    isInUse: (modelId) => active.list().some(({ target }) => target.modelId === modelId),
    onActive: active.take,
  };
  for (const model of await restoreModels(shared)) active.take(model);
  return {
    active,
    describe: () => ({
      catalogue: catalogue.state(),
      models: {
        inUse: active.list().map(({ target, grantedUntilS }) => ({
          modelId: target.modelId,
          release: target.release,
          grantedUntil: new Date(grantedUntilS * 1000).toISOString(),
        })),
        refused: book.memory.refused,
      },
    }),
    open: (record) => createModelReceiver({ ...shared, consentVersion: record.version }),
    run: (signal) => runRefreshes({ catalogue, clock, chance, log }, signal),
    wipe() {
      active.wipe();
      book.wipe();
      cache.keepOnly([]);
    },
    async close() {
      ending.abort();
      active.wipe();
      await store.close();
    },
  };
}

/** The catalogue, as far as models need it. */
function toTrusted(catalogue: Catalogue, signal: AbortSignal): TrustedModels {
  return {
    get version() {
      return catalogue.trusted()?.version ?? 0;
    },
    get directorKeys() {
      return catalogue.trusted()?.directorKeys.keys ?? {};
    },
    findTarget: (path) => catalogue.trusted()?.at(path),
    refresh: async () => {
      await catalogue.refresh(signal);
    },
  };
}

async function readRoot(path: string): Promise<Uint8Array> {
  return await readFile(path).catch((cause: unknown) => {
    throw new HeatpoolError("CONFIG_INVALID", `backend.rootFile: ${path} cannot be read`, {
      cause,
      hint: "Copy the operator's 1.root.json there.",
    });
  });
}
