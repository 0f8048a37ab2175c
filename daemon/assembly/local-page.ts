/** The page in the house, as the other rooms see it. */
import type { SentBatches } from "../local/sent-batches.js";

export interface LocalPage {
  /** Remembers what leaves the house, byte for byte. */
  readonly sent: SentBatches;
  run(signal: AbortSignal): Promise<void>;
}
