/** One release of a model, as the catalogue lists it. The pair of names stays in this file. */
import { HeatpoolError } from "#core/errors.js";
import { customSchema, type Signed } from "./metadata-schema.js";

/** A model file that may be opened, and by whom it can be used. */
export interface Release {
  readonly modelId: string;
  /** Rises with every release of a model. */
  readonly release: number;
  /** Of the encrypted file, below the folder of models. */
  readonly path: string;
  readonly length: number;
  readonly sha256: string;
  readonly plainSha256: string;
  readonly plainLen: number;
  readonly heatpumpModels: readonly string[];
  /** Form of the content. */
  readonly schema: string;
  /** Oldest version of the daemon that can use it. */
  readonly minDaemon: string;
  /** Not to be used any more, though it was good once. */
  readonly revoked: boolean;
  readonly kInstallations: number;
  readonly trainedAtMs: number;
}

type Targets = Signed<"targets">["targets"];

/** Path of the encrypted file of a release. */
export function pathOf(modelId: string, release: number): string {
  return `${modelId}/${release}/model.enc`;
}

export function toReleases(targets: Targets): Release[] {
  return Object.entries(targets).map(([path, { length, hashes, custom }]) => ({
    modelId: custom.model_id,
    release: custom.release,
    path,
    length,
    sha256: hashes.sha256,
    plainSha256: custom.plain_sha256,
    plainLen: custom.plain_len,
    heatpumpModels: custom.heatpump_models,
    schema: custom.schema,
    minDaemon: custom.min_daemon,
    revoked: custom.revoked,
    kInstallations: custom.k_installations,
    trainedAtMs: Date.parse(custom.trained_at),
  }));
}

/** @throws HeatpoolError `INVALID_ARGUMENT` no catalogue may list it, with every reason */
export function checkRelease(release: Omit<Release, "path">): void {
  const { error } = customSchema.safeParse(fromRelease(release).custom);
  if (error === undefined) return;
  const faults = error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new HeatpoolError("INVALID_ARGUMENT", `no catalogue may list it: ${faults.join("; ")}`);
}

/** What the catalogue lists about `release`: everything but its path. */
export function fromRelease(release: Omit<Release, "path">): Targets[string] {
  return {
    length: release.length,
    hashes: { sha256: release.sha256 },
    custom: {
      model_id: release.modelId,
      release: release.release,
      heatpump_models: [...release.heatpumpModels],
      schema: release.schema,
      plain_sha256: release.plainSha256,
      plain_len: release.plainLen,
      min_daemon: release.minDaemon,
      revoked: release.revoked,
      k_installations: release.kInstallations,
      trained_at: toInstant(release.trainedAtMs),
    },
  };
}

/** Seconds, UTC: the one spelling of instants in metadata. */
export function toInstant(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
