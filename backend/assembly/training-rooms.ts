/** Training, put together: the same for the scheduled job and for the command. */
import { availableParallelism } from "node:os";
import type { Chance, Clock } from "#core/clock.js";
import type { Config, Places } from "../config.js";
import { openFileReleaseStore } from "../publish/file-release-store.js";
import { type CatalogueEntries, createPublishing } from "../publish/publish.js";
import { readNewestContent } from "../publish/published-content.js";
import type { ReleaseStore } from "../publish/release-store.js";
import { countDays, dayOf } from "../registry/day-bitmap.js";
import type { Identities } from "../registry/identity.js";
import type { InstallationState, Registry } from "../registry/registry.js";
import type { SnapshotStore } from "../store/snapshot-store.js";
import { createCandidateDesk } from "../train/candidate-desk.js";
import { createTraining } from "../train/create-training.js";
import { readLabelledSets } from "../train/labelled-sets.js";
import { createThreadFitter } from "../train/thread-fitter.js";
import type { Training } from "../train/training.js";
import type { CandidateDesk } from "../train/training-desk.js";

/** What both have at hand. */
export interface TrainingParts {
  readonly config: Config;
  readonly places: Places;
  /** Left out: none was ever made, so nothing can be sealed. */
  readonly storeKey: Buffer | undefined;
  readonly version: string;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly store: SnapshotStore;
  readonly registry: Registry;
  readonly identities: Pick<Identities, "find">;
  readonly isErased: (installationId: string) => boolean;
  readonly onProgress: (text: string) => void;
}

/** Oldest daemon that can use what training makes. */
const MIN_DAEMON = "0.1.0";
const SCHEMA = "anomaly/1";
/** Days that a registry remembers. */
const DAYS_REMEMBERED = 64;
/** Which machines are held out follows from it; another number is another choice. */
const SEED = 1;

export function openTraining(parts: TrainingParts): Training {
  const { config, clock, identities } = parts;
  const { training, cohort, privacy, eligibility } = config;
  const releases = openReleases(parts);
  const threads = training.threads === 0 ? availableParallelism() - 1 : training.threads;
  return createTraining({
    ...{ store: parts.store, registry: parts.registry, clock, version: parts.version },
    rules: {
      installationsMin: eligibility.coldStartInstallations,
      readingsMin: eligibility.coldStartReadings,
      publishInstallationsMin: training.publishInstallationsMin,
      probationDays: cohort.probationDays,
      countUnverified: cohort.countUnverified,
      closedTestPool: privacy.closedTestPool,
    },
    windowMonths: Math.min(training.windowMonths, config.retention.rawMonths),
    seed: SEED,
    scopesOf: (state) => scopesOf(state, identities),
    isErased: parts.isErased,
    isVerified: (id) => config.identity.mode === "token" || identities.find(id) !== undefined,
    daysWithData: (state) => countDays(state.withData, dayOf(clock.nowMs()), DAYS_REMEMBERED),
    openFitter: () => createThreadFitter(threads),
    ...(training.labelledSets !== undefined && {
      labelled: readLabelledSets.bind(undefined, training.labelledSets),
    }),
    published: async (modelId) =>
      releases === undefined ? undefined : await readNewestContent(releases, modelId),
    onProgress: parts.onProgress,
  });
}

/** What is needed to decide about candidates. */
export type CandidateParts = Pick<
  TrainingParts,
  "places" | "storeKey" | "clock" | "chance" | "store"
>;

/** @param catalogue `undefined`: no keys were ever made, so nothing is published */
export function openCandidates(
  parts: CandidateParts,
  catalogue: CatalogueEntries | undefined,
): CandidateDesk {
  const { clock, chance } = parts;
  const store = openReleases(parts);
  if (store === undefined || catalogue === undefined)
    return createCandidateDesk(parts.store, undefined);
  const publishing = createPublishing({ store, catalogue, clock, chance });
  return createCandidateDesk(parts.store, async (candidate, plain) => {
    const { modelId, heatpumpModel, card } = candidate;
    const { facts, catalogue: listed } = await publishing.publish({
      ...{ modelId, plain, schema: SCHEMA, minDaemon: MIN_DAEMON },
      heatpumpModels: [heatpumpModel],
      kInstallations: card.installations,
      trainedAtMs: candidate.madeAtMs,
    });
    return { release: facts.release, isListed: listed === "published" };
  });
}

/** A withdrawn consent is none, whatever the installation said when it last came. */
function scopesOf(
  { installationId, consentScopes }: InstallationState,
  identities: Pick<Identities, "find">,
): readonly string[] {
  const identity = identities.find(installationId);
  const last = identity?.consents.at(-1);
  if (identity !== undefined && identity.revokedAtMs > 0) return [];
  if (last === undefined) return consentScopes;
  return last.withdrawnAtMs > 0 ? [] : last.record.scopes;
}

function openReleases({
  places,
  storeKey,
  chance,
}: Omit<CandidateParts, "clock" | "store">): ReleaseStore | undefined {
  if (storeKey === undefined) return undefined;
  return openFileReleaseStore({ folder: places.modelsDir, storeKey, chance });
}
