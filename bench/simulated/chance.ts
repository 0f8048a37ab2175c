/** Seeded chance of the simulator: the same seed gives the same numbers everywhere. */
import { createRandom } from "../gen.mjs";

/** Draws of one stream. */
export interface Draws {
  /** Uniform in [0, 1). */
  uniform(): number;
  between(low: number, high: number): number;
  /** Mean 0, deviation 1. */
  gauss(): number;
}

/** Streams of one seed are apart by `stream`, so that a longer weather changes no sensor's noise. */
export function createDraws(seed: number, stream: number): Draws {
  const uniform = createRandom(seed * 7919 + stream * 104_729 + 17);
  return {
    uniform,
    between: (low, high) => low + (high - low) * uniform(),
    gauss: () => {
      // Never the logarithm of 0.
      const first = 1 - uniform();
      return Math.sqrt(-2 * Math.log(first)) * Math.cos(2 * Math.PI * uniform());
    },
  };
}
