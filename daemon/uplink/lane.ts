/**
 * One epoch on its way through a stream: which of its batches is next. Numbers go out without
 * holes; a hole is passed over only after the loss ledger explained it to the backend.
 */
import type { Backlog, BacklogEntry } from "../backlog/backlog.js";

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
    holeReportedBefore: 0,
  };
}

/** The next batch of the lane, without taking it out. */
export async function peek(lane: Lane, backlog: Backlog): Promise<BacklogEntry | undefined> {
  if (lane.ready.length === 0 && !lane.isDrained && !lane.isBlocked) {
    lane.ready = [...(await backlog.after(lane.epochId, lane.sentThrough, READ_AHEAD))];
    lane.isDrained = lane.ready.length === 0;
  }
  return lane.ready[0];
}

/** What is next may have changed. */
export function look(lane: Lane): void {
  lane.ready = [];
  lane.isDrained = false;
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
