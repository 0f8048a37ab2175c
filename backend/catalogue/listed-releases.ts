/**
 * What the published catalogue lists, in memory, for those who ask for every push.
 *
 * Operators sign and import in another process, so the folder is looked at; between two looks the
 * answer may be as old as that.
 */
import { type Release, toReleases } from "#core/catalogue/release.js";
import type { Clock } from "#core/clock.js";
import type { OwnCatalogue } from "./create-catalogue.js";

/** Releases and the version of the list. */
export interface Listed {
  /** 0: nothing was ever published. */
  readonly version: number;
  readonly releases: readonly Release[];
}

/** The list, as it was at the last look. */
export interface ListedReleases {
  listed(): Listed;
  /** Looks at the folder. Resolves with whether the list is another one. */
  look(): Promise<boolean>;
  /** Looks again and again until `signal`. */
  run(signal: AbortSignal): Promise<void>;
}

/** A release is pushed within this time of its publication by another process. */
const LOOK_MS = 2_000;

export function createListedReleases(deps: {
  readonly catalogue: Pick<OwnCatalogue, "newest" | "newestVersion">;
  readonly clock: Clock;
  /** The list is another one. */
  onChange(): void;
  /** A look that failed; there will be another. */
  onFault(fault: unknown): void;
}): ListedReleases {
  const { catalogue, clock, onChange, onFault } = deps;
  let listed: Listed = { version: 0, releases: [] };
  /** Targets are written first; daemons see them when the timestamp leads there. */
  const isPublished = async (version: number): Promise<boolean> => {
    const snapshot = await catalogue.newest("snapshot");
    const timestamp = await catalogue.newest("timestamp");
    return (
      snapshot?.signed.meta["targets.json"].version === version &&
      timestamp?.signed.meta["snapshot.json"].version === snapshot.version
    );
  };
  const look = async (): Promise<boolean> => {
    const version = await catalogue.newestVersion("targets");
    if (version === undefined || version === listed.version) return false;
    const targets = await catalogue.newest("targets");
    if (targets === undefined || !(await isPublished(targets.version))) return false;
    listed = { version: targets.version, releases: toReleases(targets.signed.targets) };
    onChange();
    return true;
  };
  return {
    listed: () => listed,
    look,
    async run(signal) {
      while (!signal.aborted) {
        await clock.sleep(LOOK_MS, signal);
        if (!signal.aborted) await look().catch(onFault);
      }
    },
  };
}
