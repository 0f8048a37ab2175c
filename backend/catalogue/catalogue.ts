/**
 * The catalogue: signed metadata of all published models, as TUF defines it.
 *
 * Root and targets are signed on a workstation and only brought in here; snapshot and timestamp are
 * signed by this backend, again every twelve hours. Whoever holds the backend can therefore keep a
 * fleet from learning of a new model, for three days unnoticed, but cannot add one: unless the
 * operator chose `catalogue.autoSign`, which puts the targets key here as well.
 *
 * Nothing is published that was not verified as a daemon would, and no version number ever stands
 * for two files. `metadata-folder.ts` keeps the files, `online-keys.ts` the keys, `publish.ts`
 * decides what may follow what.
 */
import type { Role } from "#core/catalogue/metadata.js";
import type { Release } from "#core/catalogue/release.js";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How long a signature of each role is good. */
export const LIFE_MS: Readonly<Record<Role, number>> = {
  root: 365 * DAY_MS,
  targets: 90 * DAY_MS,
  snapshot: 7 * DAY_MS,
  timestamp: 3 * DAY_MS,
};
/** Snapshot and timestamp are signed again this often. */
export const RESIGN_MS = 12 * HOUR_MS;

/** Who signs: the roles of TUF, and the director, who grants. */
export type KeyRole = Role | "director";
/** Roles whose keys live on the backend. */
export const ONLINE_ROLES = ["snapshot", "timestamp", "director"] as const;
export type OnlineRole = (typeof ONLINE_ROLES)[number] | "targets";

/** The newest published file of a role. */
export interface RoleState {
  readonly version: number;
  readonly expiresAtMs: number;
  readonly keyIds: readonly string[];
  readonly threshold: number;
}

/** What the operator sees. */
export interface CatalogueState {
  readonly roles: Readonly<Partial<Record<Role, RoleState>>>;
  readonly directorKeyIds: readonly string[];
  /** Keys that this backend holds and no published root lists, e.g. while one is rotated. */
  readonly pendingKeyIds: readonly string[];
  readonly releases: readonly Release[];
  readonly proposed: readonly Release[];
  readonly autoSign: boolean;
  readonly warnings: readonly string[];
}

/** The catalogue, as the rest of the backend uses it. */
export interface Catalogue {
  /** A published file; `version` left out only for the timestamp. `undefined`: there is none. */
  metadata(role: Role, version: number | undefined): Promise<Uint8Array | undefined>;
  state(): Promise<CatalogueState>;
  /**
   * Enters a release, or that it is revoked. With `autoSign` it is published at once; else it waits
   * for the workstation. What is listed already is left.
   *
   * @throws HeatpoolError `INVALID_ARGUMENT` the path is taken by other bytes
   */
  propose(release: Omit<Release, "path">): Promise<"published" | "waiting">;
  /** Signs snapshot and timestamp when they are due. Resolves with whether they were. */
  resign(): Promise<boolean>;
  /** Signs a grant. @throws HeatpoolError `NOT_FOUND` no director key is both held and listed */
  signAsDirector(bytes: Uint8Array): Promise<{ keyId: string; signature: Buffer }>;
}
