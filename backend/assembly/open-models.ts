/** Models at the operator's, put together: catalogue, sealed releases, publishing and pushing. */
import { createHmac } from "node:crypto";
import { join } from "node:path";
import type { Chance, Clock } from "#core/clock.js";
import { createX25519Pair } from "#core/envelope/key-agreement.js";
import { createLegacyEnvelopes } from "#core/envelope/legacy-envelope.js";
import { HeatpoolError } from "#core/errors.js";
import { createCatalogue, type OwnCatalogue } from "../catalogue/create-catalogue.js";
import { createListedReleases, type ListedReleases } from "../catalogue/listed-releases.js";
import { openOnlineKeys } from "../catalogue/online-keys.js";
import {
  checkSharedFolder,
  joinSharedFolder,
  type SharedFolder,
} from "../catalogue/shared-folder.js";
import type { Config, Places } from "../config.js";
import { mayHaveModels } from "../eligibility/may-have-models.js";
import { readLegacyKey } from "../host/legacy-key.js";
import type { Log } from "../host/log.js";
import type { ModelFiles } from "../http/http.js";
import { createLegacyModels } from "../http/legacy-models.js";
import type { TagId } from "../privacy/log-tag.js";
import { openFileReleaseStore } from "../publish/file-release-store.js";
import { createPublishing, type Publishing } from "../publish/publish.js";
import type { ReleaseStore } from "../publish/release-store.js";
import { createPush } from "../push/create-push.js";
import type { Push } from "../push/push.js";
import type { Identities } from "../registry/identity.js";
import type { Queryable } from "../registry/postgres-database.js";

/** What they are put together from. */
export interface ModelParts {
  readonly config: Config;
  readonly places: Places;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly storeKey: Buffer;
}

/** What publishing needs, with or without a running backend. */
export interface OpenModels {
  readonly parts: ModelParts;
  readonly catalogue: OwnCatalogue;
  readonly store: ReleaseStore;
  readonly publishing: Publishing;
}

const SEED_BYTES = 32;
const IV_BYTES = 16;
/** Keeps what is derived here apart from everything else that the store key is used for. */
const IV_PURPOSE = "heatpool-legacy-iv/v1\0";

export function openModels(parts: ModelParts): OpenModels {
  const { config, places, clock, chance, storeKey } = parts;
  const folder = places.catalogueDir;
  const keys = openOnlineKeys(join(folder, "keys"), storeKey, chance);
  const { autoSign } = config.catalogue;
  const catalogue = createCatalogue({ folder, keys, clock, autoSign });
  const store = openFileReleaseStore({ folder: places.modelsDir, storeKey, chance });
  return {
    parts,
    catalogue,
    store,
    publishing: createPublishing({ store, catalogue, clock, chance }),
  };
}

/** The folders that processes have to share. */
export function listSharedFolders({ catalogueDir, modelsDir }: Places): readonly SharedFolder[] {
  return [
    { name: "catalogue", path: catalogueDir },
    { name: "models", path: modelsDir },
  ];
}

/** @throws HeatpoolError `CONFIG_INVALID` the other processes use other folders */
export async function demandSharedFolders(
  { places, chance, storeKey }: Pick<ModelParts, "places" | "chance"> & { storeKey?: unknown },
  database: Queryable,
): Promise<void> {
  for (const folder of listSharedFolders(places)) {
    // Who has no models joins nobody, but must not stand beside others that have some.
    if (storeKey === undefined) await checkSharedFolder(database, folder);
    else await joinSharedFolder(database, folder, chance);
  }
}

/** To whom models are given. */
export interface Audience {
  readonly identities: Identities;
  isContributing(installationId: string): boolean;
}

/** Where news of a running backend go. */
export interface ModelNews {
  readonly log: Log;
  readonly tag: TagId;
  onFault(fault: unknown): void;
}

/** Models of a running backend. */
export interface RunningModels {
  readonly push: Push;
  /** For clients of the earlier server. */
  readonly files: ModelFiles;
  readonly listed: ListedReleases;
  run(signal: AbortSignal): Promise<void>;
}

/** Hands what lies in the store to the catalogue, and pushes what the catalogue lists. */
export async function startModels(
  { catalogue, store, parts: { places, clock, chance, storeKey } }: OpenModels,
  { identities, isContributing }: Audience,
  { log, tag, onFault }: ModelNews,
): Promise<RunningModels> {
  const listed = createListedReleases({
    catalogue,
    clock,
    onChange() {
      const { version, releases } = listed.listed();
      log("info", "models.listed", { version, releases: releases.length });
      push.refresh();
      void files.refresh().catch(onFault);
    },
    onFault,
  });
  const { legacyKeyFile } = places;
  const files = createLegacyModels({
    store,
    listed: listed.listed,
    envelopes:
      legacyKeyFile === undefined
        ? undefined
        : createLegacyEnvelopes({ key: readLegacyKey(legacyKeyFile) }),
    toIv: (about) =>
      createHmac("sha256", storeKey).update(`${IV_PURPOSE}${about}`).digest().subarray(0, IV_BYTES),
  });
  const push: Push = createPush({
    store,
    listed: listed.listed,
    isEligible: (id) => mayHaveModels(identities.find(id), isContributing(id)),
    deviceKey(id) {
      const known = identities.find(id);
      return known === undefined ? undefined : Buffer.from(known.kemSpki, "base64");
    },
    sign: catalogue.signAsDirector,
    onInstalled(id, modelId, release) {
      identities
        .update(id, (known) =>
          known === undefined || known.models?.[modelId] === release
            ? undefined
            : { ...known, models: { ...known.models, [modelId]: release } },
        )
        .catch(onFault);
    },
    recorded: (id) => identities.find(id)?.models,
    newPair: () => createX25519Pair(chance(SEED_BYTES)),
    clock,
    onEvent: (event, id, facts) => log("info", event, { installation: tag(id), ...facts }),
  });
  // A power cut may have come between sealing a release and proposing it.
  for (const facts of await store.list()) await catalogue.propose(facts).catch(tellRefused(log));
  await listed.look();
  await files.refresh().catch(onFault);
  const run = async (signal: AbortSignal): Promise<void> => {
    await Promise.all([listed.run(signal), push.run(signal)]);
  };
  return { push, listed, files, run };
}

/** One release that cannot be listed keeps nobody from the others, nor the backend from its work. */
function tellRefused(log: Log) {
  return (fault: unknown): void => {
    if (!(fault instanceof HeatpoolError)) throw fault;
    log("error", "models.not-proposed", { why: fault.message });
  };
}
