/**
 * Roots after the trusted one, fetched ahead until there is none: tuf-js tells the end of the chain
 * only by an error class that it does not export, so it is given exactly as many as there are.
 */
import {
  BYTES_MAX,
  demandAllGood,
  type MetadataFile,
  readMetadata,
  signersOf,
} from "#core/catalogue/metadata.js";
import type { MetadataSource } from "./catalogue.js";

/** A daemon that slept for years catches up within a few cycles. */
const ROOTS_A_CYCLE_MAX = 32;

/** Roots by version; the last may be what kept the next from being read. */
export interface RootChain {
  readonly roots: ReadonlyMap<number, Buffer>;
  /** Thrown at the version after the last. */
  readonly fault: unknown;
  /** The last one, or the trusted one. */
  readonly newest: MetadataFile<"root">;
  /** Whether more may follow in the next cycle. */
  readonly isCut: boolean;
}

export async function fetchRoots(
  source: MetadataSource,
  trusted: MetadataFile<"root">,
  signal: AbortSignal,
): Promise<RootChain> {
  const roots = new Map<number, Buffer>();
  let newest = trusted;
  let fault: unknown;
  while (roots.size < ROOTS_A_CYCLE_MAX) {
    try {
      const version = newest.version + 1;
      const bytes = await source.fetch("root", version, BYTES_MAX.root, signal);
      if (bytes === undefined) return { roots, fault, newest, isCut: false };
      const next = readMetadata("root", bytes);
      demandAllGood(next, [signersOf(newest, "root"), signersOf(next, "root")]);
      roots.set(version, next.bytes);
      // A root of another version ends here; tuf-js refuses it.
      if (next.version !== version) return { roots, fault, newest, isCut: false };
      newest = next;
    } catch (error) {
      fault = error;
      break;
    }
  }
  return { roots, fault, newest, isCut: fault === undefined };
}
