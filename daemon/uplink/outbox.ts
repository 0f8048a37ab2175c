/**
 * What goes out next on a welcomed stream: tables the backend asked for, then losses, then batches
 * within the window. The current epoch goes first; older ones drain beside it, oldest first, at the
 * rate the backend set.
 */
import type { Clock } from "#core/clock.js";
import type { DeliverRequest } from "#proto/heatpool/telemetry/v1/telemetry.js";
import type { Backlog, BacklogEntry, BatchNumber, Fate } from "../backlog/backlog.js";
import type { Coding } from "./coding.js";
import { advance, type Lane, look, peek, rewind, settleLane, waitedMs } from "./lane.js";
import type { UplinkLimits } from "./limits.js";
import type { Suspicion } from "./suspicion.js";
import type { Answered, TakeBack } from "./take-back.js";
import type { Window } from "./window.js";
import {
  type Declaration,
  findDevice,
  listPriors,
  toBatch,
  toLossReport,
  toTable,
} from "./wire.js";

/** What to do next. */
type Next =
  | { readonly kind: "send"; readonly request: DeliverRequest }
  /** Nothing may go out before something happens, or before `ms` have passed. */
  | { readonly kind: "wait"; readonly ms: number }
  /** A batch belongs to a device that the hello did not declare. */
  | { readonly kind: "redeclare" }
  /** A batch cannot go, and the backend does not know how to pass over it. */
  | { readonly kind: "unfit"; readonly what: string };

/** What the outbox works with. */
export interface OutboxDeps {
  readonly backlog: Backlog;
  readonly clock: Clock;
  readonly declaration: Declaration;
  readonly window: Window;
  readonly coding: Coding;
  readonly takeBack: TakeBack;
  readonly suspicion: Suspicion;
  /** Whether the backend answers when a number is taken back. */
  readonly mayTakeBack: boolean;
  limits(): UplinkLimits;
  /** Time after which an unsent batch counts as backlog. */
  intervalMs(): number;
}

/** Chooses messages, one at a time. */
export interface Outbox {
  next(): Promise<Next>;
  /** No batch before this monotonic time. */
  pauseUntil(monotonicMs: number): void;
  /** Losses up to `number` are known to the backend. */
  lossesKnown(number: number): void;
  /** New batches or losses may be there. */
  refresh(): void;
  /** A number was taken back. */
  answered(answer: Answered): void;
  /** The backend dropped what is on its way in the current epoch: it goes out again. */
  resendFresh(): void;
}

/** Loss entries in one report. */
const LOSSES_AT_A_TIME = 256;
/** "Until something happens". */
const LONG_MS = 3_600_000;
/** Of a batch's request around its block, at most. */
const REQUEST_OVERHEAD_BYTES = 128;
/** When the disk cannot note that a number is taken back. */
const DISK_RETRY_MS = 60_000;
const WAIT: Next = { kind: "wait", ms: LONG_MS };

/**
 * @param lanes in the order of the hello's epochs: the current one, then the others, oldest first
 * @param unknownTables ids that the welcome asks for
 */
export function createOutbox(
  deps: OutboxDeps,
  lanes: readonly Lane[],
  start: { unknownTables: readonly Uint8Array[]; lossAckedThrough: number },
): Outbox {
  const { backlog, clock, declaration, window, coding } = deps;
  const priors = listPriors(declaration);
  const tables = new Map(
    declaration.devices
      .filter(({ table }) => start.unknownTables.some((id) => Buffer.compare(id, table.id) === 0))
      .map(({ table }) => [Buffer.from(table.id).toString("hex"), table]),
  );
  const voided: { epochId: string; sequenceFrom: number; sequenceTo: number }[] = [];
  let pausedUntilMs = 0;
  let backlogFreeAtMs = 0;
  let lossesSent = start.lossAckedThrough;
  let lossesAcked = start.lossAckedThrough;
  let mayHaveLosses = true;

  async function nextLosses(): Promise<DeliverRequest | undefined> {
    if (!mayHaveLosses || lossesSent > lossesAcked) return undefined;
    const losses = await backlog.losses(lossesSent, LOSSES_AT_A_TIME);
    mayHaveLosses = losses.length === LOSSES_AT_A_TIME;
    const newest = losses.at(-1);
    if (newest === undefined) return undefined;
    lossesSent = newest.number;
    for (const { batches } of losses) if (batches !== undefined) voided.push(batches);
    return toLossReport(losses, declaration.devices);
  }

  /** Whether the numbers before `entry` are accounted for at the backend. */
  async function isHoleExplained(lane: Lane, entry: BacklogEntry): Promise<boolean> {
    const first = lane.sentThrough + 1;
    if (entry.sequence === first) return true;
    if (lossesSent > lossesAcked || mayHaveLosses) return false;
    const epoch = backlog.epochs().find((one) => one.epochId === lane.epochId);
    const isVoid = (sequence: number) =>
      epoch?.voids.some(({ from, to }) => from <= sequence && sequence <= to) === true ||
      voided.some(
        (one) =>
          one.epochId === lane.epochId &&
          one.sequenceFrom <= sequence &&
          sequence <= one.sequenceTo,
      );
    const numbers = Array.from({ length: entry.sequence - first }, (_, k) => first + k);
    if (numbers.every(isVoid)) return true;
    if (window.has(lane.index)) return false;
    if (lane.holeReportedBefore === entry.sequence) return true;
    // The backend lost what it had once decided, or we did: name the numbers that never come.
    lane.holeReportedBefore = entry.sequence;
    const at = clock.nowMs();
    backlog.recordLoss({
      class: "lost",
      // What went before the oldest that waits had its ack once.
      reason: epoch?.firstUnacked === entry.sequence ? "backend-forgot" : "corrupt-store",
      deviceId: undefined,
      fromMs: at,
      toMs: at,
      snapshots: 0,
      readings: 0,
      batches: { epochId: lane.epochId, sequenceFrom: first, sequenceTo: entry.sequence - 1 },
    });
    await backlog.flush();
    mayHaveLosses = true;
    return false;
  }

  /** `undefined`: the batch continues one that has no ack. */
  function code(lane: Lane, entry: BacklogEntry, device: number, isBacklog: boolean) {
    const table = declaration.devices[device]?.table;
    if (table === undefined) return undefined;
    const isFresh = lane === lanes[0] && !isBacklog;
    return isFresh ? coding.fresh({ entry, device, table }) : coding.alone(entry, table);
  }

  async function retract(
    lane: Lane,
    entry: BacklogEntry,
    { fate, detail }: { fate: Fate; detail: string },
  ): Promise<Next> {
    if (!deps.mayTakeBack) return { kind: "unfit", what: detail };
    const isNoted = await backlog.retract(entry, fate, detail);
    look(lane);
    return { kind: "wait", ms: isNoted ? 0 : DISK_RETRY_MS };
  }

  /** Why `entry` cannot go, and what is to become of it. */
  function judge({ epochId, sequence, sealed }: BacklogEntry, bytes: number) {
    const standing = deps.suspicion.of({ epochId, sequence });
    if (standing.kind === "condemned") return { fate: standing.reason, detail: standing.detail };
    const { snapshotsMax, batchBytesMax } = deps.limits();
    const isTooLong = sealed.rows > snapshotsMax;
    if (!isTooLong && bytes + REQUEST_OVERHEAD_BYTES <= batchBytesMax) return undefined;
    const detail = isTooLong
      ? `${sealed.rows} snapshots, at most ${snapshotsMax}`
      : `${bytes} bytes, the way takes ${batchBytesMax}`;
    const fate: Fate = sealed.rows > 1 ? "split" : "too-large";
    return { fate, detail };
  }

  /** Whether a batch is a suspect, or behind one, and has to wait for what is on its way. */
  function mustWait({ epochId, sequence }: BacklogEntry): boolean {
    if (window.size === 0) return false;
    const isAlone = (one: BatchNumber) => deps.suspicion.of(one).kind === "alone";
    const { oldest } = window;
    return isAlone({ epochId, sequence }) || (oldest !== undefined && isAlone(oldest.entry));
  }

  /** The backend has other batches under these numbers: what it has not goes aside, one by one. */
  async function nextBlocked(lane: Lane): Promise<Next | undefined> {
    if (!lane.isBlocked || !deps.mayTakeBack || deps.takeBack.awaits(lane.epochId))
      return undefined;
    const [entry] = await backlog.after(lane.epochId, 0, 1);
    const detail = "numbered by an older copy of this disk";
    return entry && (await retract(lane, entry, { fate: "forked", detail }));
  }

  async function nextBatch(lane: Lane): Promise<Next | undefined> {
    const blocked = await nextBlocked(lane);
    if (blocked !== undefined) return blocked;
    const entry = await peek(lane, backlog);
    if (entry === undefined) return undefined;
    const bytes = entry.sealed.block.length;
    const verdict = judge(entry, bytes);
    if (verdict !== undefined) return await retract(lane, entry, verdict);
    if (mustWait(entry)) return WAIT;
    if (!(await isHoleExplained(lane, entry)))
      return mayHaveLosses ? { kind: "wait", ms: 0 } : WAIT;
    const device = findDevice(declaration.devices, entry);
    if (device < 0) return { kind: "redeclare" };
    if (!window.fits(bytes, deps.limits())) return WAIT;
    const nowMs = clock.monotonicMs();
    const isBacklog = waitedMs(entry, clock.nowMs()) > deps.intervalMs();
    if (isBacklog && nowMs < backlogFreeAtMs) return { kind: "wait", ms: backlogFreeAtMs - nowMs };
    const coded = code(lane, entry, device, isBacklog);
    if (coded === undefined) return WAIT;
    const sentBytes = coded.sealed.block.length;
    // In another codec it may have become larger.
    const late = judge(entry, sentBytes);
    if (late !== undefined) return await retract(lane, entry, late);
    const rate = deps.limits().backlogBytesPerSecond;
    if (isBacklog && rate > 0)
      backlogFreeAtMs = Math.max(nowMs, backlogFreeAtMs) + (bytes / rate) * 1000;
    advance(lane, entry);
    window.add({ epoch: lane.index, entry, bytes: sentBytes, sentAtMs: nowMs });
    const { sequence } = entry;
    const place = { device, epoch: lane.index, sequence, isBacklog, priors };
    return { kind: "send", request: toBatch(coded, place) };
  }

  return {
    async next() {
      for (const [name, table] of tables) {
        tables.delete(name);
        return { kind: "send", request: toTable(table) };
      }
      const question = deps.takeBack.next();
      if (question !== undefined) return { kind: "send", request: question };
      const report = await nextLosses();
      if (report !== undefined) return { kind: "send", request: report };
      const pauseMs = pausedUntilMs - clock.monotonicMs();
      if (pauseMs > 0) return { kind: "wait", ms: pauseMs };
      const [fresh, ...older] = lanes;
      const first = fresh === undefined ? undefined : await nextBatch(fresh);
      if (first !== undefined && first.kind !== "wait") return first;
      for (const lane of older) {
        const next = await nextBatch(lane);
        if (next === undefined) continue;
        if (next.kind !== "wait") return next;
        return { kind: "wait", ms: Math.min(next.ms, first?.ms ?? LONG_MS) };
      }
      return first ?? WAIT;
    },
    pauseUntil(monotonicMs) {
      pausedUntilMs = monotonicMs;
    },
    lossesKnown(number) {
      lossesAcked = Math.max(lossesAcked, number);
      lossesSent = Math.max(lossesSent, lossesAcked);
    },
    refresh() {
      mayHaveLosses = true;
      for (const lane of lanes) lane.isDrained = false;
    },
    answered({ epochId, sequence, result }) {
      const lane = lanes.find((one) => one.epochId === epochId);
      if (result === "voided") {
        voided.push({ epochId, sequenceFrom: sequence, sequenceTo: sequence });
      } else if (lane !== undefined && !lane.isBlocked) settleLane(lane, sequence);
      for (const one of lanes) look(one);
    },
    resendFresh() {
      const [fresh] = lanes;
      if (fresh === undefined) return;
      window.drop(fresh.index);
      rewind(fresh);
    },
  };
}
