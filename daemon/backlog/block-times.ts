/**
 * When the rows of a journal block were taken, now that more is known about the clock.
 *
 * Sealed bytes never change, so a batch is sealed only when its times are resolved. Rows taken with
 * a trusted clock keep their time. Rows of this boot are moved by what the clock has turned out to
 * be, rows of an earlier boot by what it had turned out to be then. Where that boot never knew, its
 * rows lie between the last trusted time before and the start of this boot; when that leaves more
 * doubt than training allows, the truth is not known and they are not sent.
 */
import type { Clock } from "#core/clock.js";
import { startOf, type UnsealedBlock } from "./journal.js";

/** Doubt up to which the middle is taken; the backend keeps more out of averages and training. */
const TIME_ERROR_MS_MAX = 60_000;

/** A verdict on a block's times. */
export type BlockTimes =
  /** `startMs`: when the first row was taken; `undefined`: as the block says. */
  | { readonly kind: "resolved"; readonly startMs: number | undefined }
  | { readonly kind: "wait" }
  | { readonly kind: "unresolvable" };

const WAIT: BlockTimes = { kind: "wait" };
const UNRESOLVABLE: BlockTimes = { kind: "unresolvable" };

/**
 * Verdicts for `blocks`, in their order.
 *
 * @param bootTimes when earlier boots began, as far as they knew: Unix milliseconds by hexadecimal id
 */
export function resolveTimes(
  blocks: readonly UnsealedBlock[],
  clock: Clock,
  bootId: Uint8Array,
  sealedThroughMs: number,
  bootTimes: ReadonlyMap<string, number> = new Map(),
): readonly BlockTimes[] {
  const isSynced = clock.isSynced();
  const bootMs = clock.nowMs() - clock.monotonicMs();
  let trustedMs = sealedThroughMs;
  return blocks.map((block): BlockTimes => {
    if (block.clockSynced) {
      trustedMs = Math.max(trustedMs, endOf(block));
      return { kind: "resolved", startMs: undefined };
    }
    const bootedAtMs = bootTimes.get(bootName(block.bootId));
    if (bootedAtMs !== undefined) {
      const startMs = Math.round(bootedAtMs + block.firstMonotonicMs);
      trustedMs = Math.max(trustedMs, startMs + spanOf(block));
      return { kind: "resolved", startMs };
    }
    if (!isSynced) return WAIT;
    const isThisBoot = Buffer.compare(block.bootId, bootId) === 0;
    if (isThisBoot) {
      return { kind: "resolved", startMs: Math.round(bootMs + block.firstMonotonicMs) };
    }
    const verdict = placeEarlierBoot(block, trustedMs, bootMs);
    if (verdict.kind === "resolved") trustedMs = (verdict.startMs ?? 0) + spanOf(block);
    return verdict;
  });
}

/** A boot's id as a key. */
export function bootName(bootId: Uint8Array): string {
  return Buffer.from(bootId).toString("hex");
}

/** The middle between the last trusted time and the start of this boot, if that is near enough. */
function placeEarlierBoot(block: UnsealedBlock, trustedMs: number, bootMs: number): BlockTimes {
  if (trustedMs === 0) return UNRESOLVABLE;
  const earliestMs = trustedMs + block.rows.stepMs;
  const latestMs = bootMs - spanOf(block);
  const errorMs = (latestMs - earliestMs) / 2;
  if (errorMs < 0 || errorMs > TIME_ERROR_MS_MAX) return UNRESOLVABLE;
  return { kind: "resolved", startMs: Math.round((earliestMs + latestMs) / 2) };
}

function endOf(block: UnsealedBlock): number {
  return startOf(block) + spanOf(block);
}

function spanOf(block: UnsealedBlock): number {
  return (block.rows.rows - 1) * block.rows.stepMs;
}
