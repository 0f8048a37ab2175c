/**
 * Asks for news of the catalogue, until the signal: once a day, sooner when it failed or when there
 * is nothing to use yet. A daily question costs a few kilobytes and is early enough to notice within
 * three days that somebody holds news back.
 */
import { backoffMs, createUniform } from "#core/backoff.js";
import type { Chance, Clock } from "#core/clock.js";
import type { Log } from "../host/log.js";
import type { Catalogue } from "./catalogue.js";

const DAY_MS = 86_400_000;
/** A fleet that started together does not come back together. */
const SPREAD_MS = 3 * 3_600_000;
/** After a failure, from minutes to hours. */
const AGAIN = { baseMs: 10 * 60_000, capMs: 6 * 3_600_000 };
/** After a failure somebody may have to mend something; nobody is asked more often than this. */
const AGAIN_MIN_MS = 60_000;

/** What refreshing works with. */
export interface RefreshSchedule {
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
}

export async function runRefreshes(deps: RefreshSchedule, signal: AbortSignal): Promise<void> {
  const { catalogue, clock, chance, log } = deps;
  const random = createUniform(chance);
  let failures = 0;
  let told = "";
  while (!signal.aborted) {
    const report = await catalogue.refresh(signal);
    if (signal.aborted) return;
    const { freshness, targetsVersion, lastFault } = catalogue.state();
    const isFresh = report.outcome === "fresh";
    const news = `${freshness} ${targetsVersion} ${isFresh ? "" : report.fault.code}`;
    // A line per change of state, not per question.
    if (news !== told) {
      const facts = { freshness, version: targetsVersion, why: lastFault };
      log(isFresh ? "info" : "warn", isFresh ? "catalogue.fresh" : "catalogue.failed", facts);
    }
    told = news;
    failures = isFresh ? 0 : failures + 1;
    const waitMs = isFresh
      ? DAY_MS - random() * SPREAD_MS
      : AGAIN_MIN_MS + backoffMs(failures, AGAIN, random);
    await clock.sleep(waitMs, signal);
  }
}
