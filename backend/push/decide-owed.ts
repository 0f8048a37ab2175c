/**
 * Which releases a daemon is owed. Pure; facts in, list out.
 *
 * The newest release of each model that fits and is not taken back; nothing that is older than what
 * the daemon has, since it would refuse it. Who has it already is owed a new grant when the old one
 * comes to its end.
 */
import { isMeantFor, isVersionAtLeast } from "#core/envelope/fit.js";
import type { ReleaseFacts } from "../publish/release-store.js";
import type { InstalledRelease } from "./push.js";

/** What the list depends on. */
export interface OwedFacts {
  /** Unix seconds. */
  readonly nowS: number;
  readonly heatpumpModels: readonly string[];
  readonly daemonVersion: string;
  readonly installed: readonly InstalledRelease[];
  /** What the catalogue lists. */
  readonly releases: readonly ReleaseFacts[];
}

const DAY_S = 86_400;
/** How long a grant holds: the 30-day window and 15 days of grace. */
export const GRANT_LIFE_S = 45 * DAY_S;
/** A grant with less left is renewed while its installation contributes. */
const RENEW_BELOW_S = 30 * DAY_S;

export function decideOwed(facts: OwedFacts): readonly ReleaseFacts[] {
  const newest = new Map<string, ReleaseFacts>();
  for (const release of facts.releases) {
    if (release.revoked || !fits(release, facts)) continue;
    const known = newest.get(release.modelId);
    if (known === undefined || known.release < release.release)
      newest.set(release.modelId, release);
  }
  return [...newest.values()].filter((release) => isOwed(release, facts));
}

function fits({ heatpumpModels, minDaemon }: ReleaseFacts, facts: OwedFacts): boolean {
  const isMeant = isMeantFor(heatpumpModels, facts.heatpumpModels);
  return isMeant && isVersionAtLeast(facts.daemonVersion, minDaemon);
}

function isOwed({ modelId, release }: ReleaseFacts, { installed, nowS }: OwedFacts): boolean {
  const has = installed.find((one) => one.modelId === modelId);
  if (has === undefined || has.release < release) return true;
  return has.release === release && has.grantedUntilS - nowS < RENEW_BELOW_S;
}
