/**
 * One epoch on its way through a stream: which of its batches is next. Numbers go out without
 * holes; a hole is passed over only after the loss ledger explained it to the backend.
 */
import type { Backlog, BacklogEntry, EpochState } from "../backlog/backlog.js";

/** Where an epoch stands on this stream. */
export interface Lane {
  readonly epochId: string;
  /** Index into the hello's epochs; 0 is the current one. */
  readonly index: number;
  sentThrough: number;
  ackedThrough: number;
  /** Read ahead, not yet sent. */
  ready: BacklogEntry[];
  /** Nothing more was there when we last looked. */
  isDrained: boolean;
  /** The backend knows other bytes under these numbers: nothing of it may be sent. */
  isBlocked: boolean;
  /** The backend knows more numbers than we gave: what waits is sent to be compared, not stored. */
  isRepeat: boolean;
  /** A hole before this number was already reported by us. */
  holeReportedBefore: number;
}

/** Batches read at a time: enough to keep the window full, little to hold. */
const READ_AHEAD = 4;

export function createLane(epochId: string, index: number, ackedThrough: number): Lane {
  return {
    epochId,
    index,
    sentThrough: ackedThrough,
    ackedThrough,
    ready: [],
    isDrained: false,
    isBlocked: false,
    isRepeat: false,
    holeReportedBefore: 0,
  };
}

/** The backend remembers what it decided of so many batches of an epoch, and some more. */
const REPEATS_MAX = 1_000;

/**
 * The lane of an epoch of which the backend knows more numbers than we do: an older image of this
 * disk was restored, or its last commits were sent from memory and never reached the disk. What
 * waits is known there by its number, so it is sent again: the same bytes are acknowledged as a
 * repeat, other bytes end the stream, and then `isForked` keeps them here.
 */
export function createRepeatLane(
  { epochId, firstUnacked }: EpochState,
  index: number,
  { known, isForked }: { known: number; isForked: boolean },
): Lane {
  const isBlocked = isForked || known - firstUnacked >= REPEATS_MAX;
  return { ...createLane(epochId, index, firstUnacked - 1), isBlocked, isRepeat: true };
}

/** The next batch of the lane, without taking it out. */
export async function peek(lane: Lane, backlog: Backlog): Promise<BacklogEntry | undefined> {
  if (lane.ready.length === 0 && !lane.isDrained && !lane.isBlocked) {
    lane.ready = [...(await backlog.after(lane.epochId, lane.sentThrough, READ_AHEAD))];
    lane.isDrained = lane.ready.length === 0;
  }
  return lane.ready[0];
}

/** The batch at the head has been sent. */
export function advance(lane: Lane, entry: BacklogEntry): void {
  lane.ready.shift();
  lane.sentThrough = entry.sequence;
}

/** Nothing counts as sent that has no ack. */
export function rewind(lane: Lane): void {
  lane.sentThrough = lane.ackedThrough;
  lane.ready = [];
  lane.isDrained = false;
}

/** The backend decided up to `through`, by batches or by passing over what the ledger voided. */
export function settleLane(lane: Lane, through: number): void {
  lane.ackedThrough = Math.max(lane.ackedThrough, through);
  lane.sentThrough = Math.max(lane.sentThrough, through);
  lane.ready = lane.ready.filter(({ sequence }) => sequence > lane.sentThrough);
}

/** How long a batch has been complete, by the wall clock that also dated it. */
export function waitedMs({ sealed }: BacklogEntry, nowMs: number): number {
  return nowMs - (sealed.slot + sealed.rows) * sealed.stepMs;
}
