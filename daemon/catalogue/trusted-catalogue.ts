/** The last complete catalogue, for those who look models up. */
import {
  demandAllGood,
  demandThreshold,
  type MetadataFile,
  readMetadata,
  signersOf,
} from "#core/catalogue/metadata.js";
import { toReleases } from "#core/catalogue/release.js";
import { HeatpoolError } from "#core/errors.js";
import type { TrustedCatalogue, TrustedTarget } from "./catalogue.js";
import type { Remembered } from "./metadata-store.js";

/**
 * From what was accepted last, if `root` still vouches for it.
 *
 * @returns `undefined` nothing was accepted, or its signer is not trusted any more
 */
export function createTrustedCatalogue(
  root: MetadataFile<"root">,
  accepted: Remembered["accepted"],
): { catalogue: TrustedCatalogue; expiresAtMs: number } | undefined {
  const targets = readAccepted(root, accepted.targets);
  if (targets === undefined || accepted.timestamp === undefined) return undefined;
  const releases = toReleases(targets.signed.targets);
  const byPath = new Map(releases.map((one) => [one.path, one]));
  const catalogue: TrustedCatalogue = {
    version: targets.version,
    directorKeys: {
      keys: root.signed.heatpool.director_keys,
      expiresAtMs: root.expiresAtMs,
    },
    find: (of) => newest(releases.filter((one) => !one.revoked && isMeant(one, of))),
    at: (path) => byPath.get(path),
  };
  return { catalogue, expiresAtMs: timestampExpiry(accepted.timestamp, targets) };
}

function readAccepted(
  root: MetadataFile<"root">,
  bytes: Buffer | undefined,
): MetadataFile<"targets"> | undefined {
  if (bytes === undefined) return undefined;
  try {
    const targets = readMetadata("targets", bytes);
    const signers = signersOf(root, "targets");
    demandThreshold(targets, signers);
    demandAllGood(targets, [signers]);
    return targets;
  } catch (error) {
    if (error instanceof HeatpoolError) return undefined;
    throw error;
  }
}

/** The timestamp was verified when it was accepted; here only its date counts. */
function timestampExpiry(bytes: Buffer, targets: MetadataFile<"targets">): number {
  try {
    return Math.min(readMetadata("timestamp", bytes).expiresAtMs, targets.expiresAtMs);
  } catch (error) {
    if (error instanceof HeatpoolError) return 0;
    throw error;
  }
}

function isMeant(one: TrustedTarget, of: Parameters<TrustedCatalogue["find"]>[0]): boolean {
  return "modelId" in of
    ? one.modelId === of.modelId
    : one.heatpumpModels.includes(of.heatpumpModel);
}

/** The highest release of a model; of several models that fit, the one that was trained last. */
function newest(releases: readonly TrustedTarget[]): TrustedTarget | undefined {
  const byModel = new Map<string, TrustedTarget>();
  for (const one of releases) {
    const other = byModel.get(one.modelId);
    if (other === undefined || one.release > other.release) byModel.set(one.modelId, one);
  }
  const isBefore = (one: TrustedTarget, other: TrustedTarget): boolean =>
    one.trainedAtMs === other.trainedAtMs
      ? one.modelId < other.modelId
      : one.trainedAtMs > other.trainedAtMs;
  return [...byModel.values()].sort((one, other) => (isBefore(one, other) ? -1 : 1))[0];
}
