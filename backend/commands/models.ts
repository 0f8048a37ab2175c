/**
 * `heatpool-backend publish` and `models list|revoke|rollback`: releases in the state directory.
 *
 * They need no running backend, and one that runs sees within seconds what they did: both write the
 * same catalogue, one after the other.
 */
import { readFileSync } from "node:fs";
import { HeatpoolError } from "#core/errors.js";
import { openModels } from "../assembly/open-models.js";
import type { Published } from "../publish/publish.js";
import type { ReleaseFacts } from "../publish/release-store.js";
import { openFileIdentityStore } from "../registry/file-identity-store.js";
import type { Identity } from "../registry/identity.js";
import { loadConfig, loadStoreKey, type Machine } from "./machine.js";

/** What all of them are given. */
export interface ModelOptions {
  readonly config: string;
  readonly json?: boolean;
}

/** What a candidate is, beside its content. */
export interface PublishOptions extends ModelOptions {
  readonly model: string;
  readonly for: readonly string[];
  readonly schema: string;
  readonly minDaemon: string;
  readonly installations: string;
}

const COUNT = /^\d{1,7}$/;
const VERSION = /^\d{1,5}\.\d{1,5}\.\d{1,5}$/;

/** @throws HeatpoolError `INVALID_ARGUMENT` what no daemon would take · `STATE_INVALID` no store key */
export async function publishModel(
  machine: Machine,
  file: string,
  options: PublishOptions,
): Promise<void> {
  if (!COUNT.test(options.installations) || !VERSION.test(options.minDaemon))
    throw new HeatpoolError("USAGE", "--installations is a number, --min-daemon like 1.0.0");
  const { publishing } = openHere(machine, options);
  const published = await publishing.publish({
    modelId: options.model,
    plain: readContent(file),
    heatpumpModels: options.for,
    schema: options.schema,
    minDaemon: options.minDaemon,
    kInstallations: Number(options.installations),
    trainedAtMs: machine.clock.nowMs(),
  });
  tell(machine, options, published);
}

/** All releases: whether the catalogue lists them, and who has them. */
export async function listModels(machine: Machine, options: ModelOptions): Promise<void> {
  const { places } = loadConfig(options.config);
  const { store, catalogue } = openHere(machine, options);
  const known = await (await openFileIdentityStore(places.identitiesDir)).all();
  const { releases: published } = await catalogue.state();
  const releases = (await store.list()).map((facts) => {
    const listed = published.find(
      ({ modelId, release }) => modelId === facts.modelId && release === facts.release,
    );
    const isWaiting = listed === undefined || (facts.revoked && !listed.revoked);
    const installedAt = known.filter(({ models }) => models?.[facts.modelId] === facts.release);
    return { ...facts, isWaiting, installedAt: installedAt.map(toId) };
  });
  if (options.json === true) return machine.print(JSON.stringify({ releases }));
  machine.print(HEADINGS);
  for (const release of releases) machine.print(describe(release));
}

function toId({ installationId }: Identity): string {
  return installationId;
}

/** @throws HeatpoolError `NOT_FOUND` */
export async function revokeModel(
  machine: Machine,
  modelId: string,
  release: string,
  options: ModelOptions,
): Promise<void> {
  const { publishing } = openHere(machine, options);
  tell(machine, options, await publishing.revoke(modelId, toRelease(release)));
}

/** @throws HeatpoolError `NOT_FOUND` */
export async function rollBackModel(
  machine: Machine,
  modelId: string,
  release: string,
  options: ModelOptions,
): Promise<void> {
  const { publishing } = openHere(machine, options);
  tell(machine, options, await publishing.rollBack(modelId, toRelease(release)));
}

function openHere(machine: Machine, { config: file }: ModelOptions) {
  const { config, places } = loadConfig(file);
  const storeKey = loadStoreKey(places, machine);
  return openModels({ config, places, ...machine, storeKey });
}

function readContent(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new HeatpoolError("USAGE", `${file} cannot be read`, { cause });
  }
}

function toRelease(text: string): number {
  const release = Number(text);
  if (Number.isSafeInteger(release) && release >= 1) return release;
  throw new HeatpoolError("USAGE", `release ${text}: a whole number from 1`);
}

function tell(machine: Machine, options: ModelOptions, { facts, catalogue }: Published): void {
  const { modelId, release, length, revoked } = facts;
  const what = revoked ? "is taken back" : `is sealed, ${length} bytes`;
  const when =
    catalogue === "published"
      ? "the catalogue says so"
      : "the catalogue says so once targets are signed: `keys export`, `keys sign-targets`, `keys import`";
  machine.print(
    options.json === true
      ? JSON.stringify({ ...facts, catalogue })
      : `${modelId} release ${release} ${what}; ${when}.`,
  );
}

const HEADINGS = "model                 release     bytes  trained     installed  for";

function describe(release: ReleaseFacts & { isWaiting: boolean; installedAt: readonly string[] }) {
  const notes = [
    ...(release.revoked ? ["taken back"] : []),
    ...(release.isWaiting ? ["waits for a signature"] : []),
  ];
  return [
    release.modelId.padEnd(20),
    String(release.release).padStart(8),
    String(release.length).padStart(9),
    new Date(release.trainedAtMs).toISOString().slice(0, 10),
    String(release.installedAt.length).padStart(9),
    `${release.heatpumpModels.join(", ")}${notes.length > 0 ? `  (${notes.join(", ")})` : ""}`,
  ].join("  ");
}
