/**
 * The catalogue: which models exist and may be trusted.
 *
 * The backend is only a messenger here. What counts is who signed: a root that is pinned, its
 * successors, and the keys that they name; tuf-js judges that, and `refresh.ts` closes what it
 * leaves open. A refresh that fails changes nothing but what was verified on the way, never raises
 * a crash, and leaves the last complete catalogue in use. Once it is older than three days the
 * state says STALE; models stay usable until their grants end.
 *
 * Nothing of the network decides when something expired before the clock is right or a signed time
 * was seen: a Pi starts without knowing the time.
 */
import type { Role } from "#core/catalogue/metadata.js";
import type { PublicKey } from "#core/catalogue/public-key.js";
import type { Release } from "#core/catalogue/release.js";
import type { HeatpoolError } from "#core/errors.js";

/** A release that the signed catalogue lists. */
export type TrustedTarget = Release;

/** Keys that may sign grants. */
export interface DirectorKeys {
  /** By key id. */
  readonly keys: Readonly<Record<string, PublicKey>>;
  /** With the root that lists them. */
  readonly expiresAtMs: number;
}

/** The last complete catalogue; it does not change under the reader. */
export interface TrustedCatalogue {
  /** Of the signed list of models: what a grant calls `catalogue_version`. */
  readonly version: number;
  readonly directorKeys: DirectorKeys;
  /** The newest release that is not revoked, of a model or for a heat pump. */
  find(of: { modelId: string } | { heatpumpModel: string }): TrustedTarget | undefined;
  /** The release of exactly this path, revoked or not. */
  at(path: string): TrustedTarget | undefined;
}

/** `NONE` nothing was ever trusted · `STALE` no news for longer than a timestamp lives. */
export type Freshness = "NONE" | "FRESH" | "STALE";

/** How the catalogue is, for the owner. */
export interface CatalogueState {
  readonly freshness: Freshness;
  readonly rootVersion: number;
  readonly targetsVersion: number;
  /** Of the newest trusted timestamp; 0: none. */
  readonly signedAtMs: number;
  /** Refreshes since the start that were refused, i.e. not merely without an answer. */
  readonly refusals: number;
  readonly lastFault: string | undefined;
}

/** What became of a refresh. */
export type RefreshReport =
  | { readonly outcome: "fresh" }
  /** `UNAVAILABLE`: nobody answered. `CATALOGUE_REFUSED`: it must not be trusted. */
  | { readonly outcome: "failed"; readonly fault: HeatpoolError };

/** The catalogue, as the rest of the daemon uses it. */
export interface Catalogue {
  /** `undefined` before the first complete refresh of all times. */
  trusted(): TrustedCatalogue | undefined;
  state(): CatalogueState;
  /** Asks for news. Never throws for what others did; several calls at once are one. */
  refresh(signal: AbortSignal): Promise<RefreshReport>;
}

/** Where metadata come from; `daemon/uplink` asks the backend. */
export interface MetadataSource {
  /**
   * A file, or `undefined` when there is no such version. At most `bytesMax` are read.
   *
   * @param version left out: the newest
   * @throws HeatpoolError `UNAVAILABLE` no answer · `CATALOGUE_REFUSED` longer than `bytesMax`
   */
  fetch(
    role: Role,
    version: number | undefined,
    bytesMax: number,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined>;
}
