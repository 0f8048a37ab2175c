/**
 * `heatpool-backend publish` and `models list|revoke|rollback`: releases in the state directory.
 * They need no running backend. What they enter waits for the catalogue to be signed.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { HeatpoolError } from "#core/errors.js";
import { openFileReleaseStore } from "../publish/file-release-store.js";
import { createPublishing, type Published } from "../publish/publish.js";
import type { ReleaseFacts } from "../publish/release-store.js";
import { loadConfig, type Machine } from "./machine.js";

/** What all of them are given. */
export interface ModelOptions {
  readonly config: string;
  /** Left out: `store-key` in stateDir. */
  readonly storeKey?: string;
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

const STORE_KEY_BYTES = 32;
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
  const { publishing } = openModels(machine, options);
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

export async function listModels(machine: Machine, options: ModelOptions): Promise<void> {
  const releases = await openModels(machine, options).store.list();
  if (options.json === true) return machine.print(JSON.stringify({ releases }));
  machine.print(HEADINGS);
  for (const release of releases) machine.print(describe(release));
}

/** @throws HeatpoolError `NOT_FOUND` */
export async function revokeModel(
  machine: Machine,
  modelId: string,
  release: string,
  options: ModelOptions,
): Promise<void> {
  const { publishing } = openModels(machine, options);
  tell(machine, options, await publishing.revoke(modelId, toRelease(release)));
}

/** @throws HeatpoolError `NOT_FOUND` */
export async function rollBackModel(
  machine: Machine,
  modelId: string,
  release: string,
  options: ModelOptions,
): Promise<void> {
  const { publishing } = openModels(machine, options);
  tell(machine, options, await publishing.rollBack(modelId, toRelease(release)));
}

function openModels({ clock, chance }: Machine, options: ModelOptions) {
  const { places } = loadConfig(options.config);
  const stateDir = dirname(places.storeDir);
  const storeKey = readStoreKey(options.storeKey ?? join(stateDir, "store-key"));
  const store = openFileReleaseStore({ folder: join(stateDir, "models"), storeKey, chance });
  // A running backend hands to its catalogue what lies in the folder.
  const catalogue = { propose: async () => "waiting" as const };
  return { store, publishing: createPublishing({ store, catalogue, clock, chance }) };
}

function readStoreKey(path: string): Buffer {
  let key: Buffer;
  try {
    key = readFileSync(path);
  } catch (cause) {
    throw new HeatpoolError("STATE_INVALID", `there is no store key at ${path}`, {
      cause,
      hint: "It seals the content keys: 32 random bytes, readable by the backend alone.",
    });
  }
  if (key.length === STORE_KEY_BYTES) return key;
  throw new HeatpoolError("STATE_INVALID", `${path} has ${key.length} bytes, not 32`);
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
  machine.print(
    options.json === true
      ? JSON.stringify({ ...facts, catalogue })
      : `${modelId} release ${release} ${what}; it waits for the signed catalogue.`,
  );
}

const HEADINGS = "model                 release     bytes  trained     for";

function describe({
  modelId,
  release,
  length,
  revoked,
  trainedAtMs,
  heatpumpModels,
}: ReleaseFacts) {
  return [
    modelId.padEnd(20),
    String(release).padStart(8),
    String(length).padStart(9),
    new Date(trainedAtMs).toISOString().slice(0, 10),
    `${heatpumpModels.join(", ")}${revoked ? "  (taken back)" : ""}`,
  ].join("  ");
}
