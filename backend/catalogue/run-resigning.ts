/** Signs snapshot and timestamp again before they run out, until the signal. */
import type { Clock } from "#core/clock.js";
import type { Catalogue } from "./catalogue.js";

/** The wall clock may step, and an import may come: it is looked at this often. */
const LOOK_MS = 10 * 60_000;

/** @param deps.onFault a signing that failed; it is tried again */
export async function runResigning(
  deps: { catalogue: Catalogue; clock: Clock; onFault: (fault: unknown) => void },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await deps.catalogue.resign().catch(deps.onFault);
    await deps.clock.sleep(LOOK_MS, signal);
  }
}
