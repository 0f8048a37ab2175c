/**
 * When the staged machine leaps: to the next poll, or over a wait that needs none, and only while no
 * exchange is under way.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Link } from "../link.js";
import type { Home } from "./home.js";
import type { MachineTime } from "./machine-time.js";
import { STEP_MS } from "./simulated-home.js";

/** What leaps, what has to be still, and when to end. */
export interface Leaping {
  readonly time: MachineTime;
  /** The wire between all homes and the backend. */
  readonly link: Link;
  readonly signal: AbortSignal;
}

const DAY_MS = 86_400_000;
/** What is due is due a moment later. */
const AFTER_MS = 2;
/** A leap over a wait of the product, where no poll is due. */
const SMALL_MS = 250;
const SMALL_LEAPS_MAX = 2_400;
/** An answer takes less than this, unless the machine is busy with other things. */
const STILL_MS = 25;

/** Small leaps until something has happened that takes no poll. */
export async function until(
  happened: () => boolean | Promise<boolean>,
  what: string,
  homes: readonly Home[],
  { time, link, signal }: Leaping,
): Promise<void> {
  for (let tries = 0; tries < SMALL_LEAPS_MAX; tries++) {
    signal.throwIfAborted();
    if (await happened()) return;
    await Promise.all(homes.map((home) => home.atRest(0)));
    await stillness(link);
    time.leapTo(time.nowMs() + SMALL_MS);
  }
  throw new Error(`did not happen: ${what}`);
}

/** From poll to poll; a daemon that lost its stream gets its next try in between. */
export async function liveUntil(
  living: readonly Home[],
  { time, link, signal }: Leaping,
  isOver: () => boolean,
  daysMax: number,
): Promise<void> {
  const lastMs = time.nowMs() + daysMax * DAY_MS;
  while (!isOver() && time.nowMs() < lastMs) {
    signal.throwIfAborted();
    const nowMs = time.nowMs();
    const slotMs = Math.floor(nowMs / STEP_MS + 1) * STEP_MS;
    const tries = living.flatMap((home) => home.retryAtMs() ?? []).filter((atMs) => atMs > nowMs);
    const toMs = Math.min(slotMs, ...tries);
    const more = toMs === slotMs ? 1 : 0;
    const polls = living.map((home) => home.polls().good + home.polls().failed + more);
    const before = moved(link);
    time.leapTo(toMs + AFTER_MS);
    await Promise.all(living.map((home, index) => home.atRest(polls[index] ?? 0)));
    if (moved(link) !== before) await stillness(link);
  }
}

/** Exchanges between homes and backend are over when nothing moves any more. */
async function stillness(link: Link): Promise<void> {
  let before: number;
  do {
    before = moved(link);
    await pause(STILL_MS);
  } while (moved(link) !== before);
}

export function moved({ bytesUp, bytesDown }: Link): number {
  return bytesUp + bytesDown;
}
