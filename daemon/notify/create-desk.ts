/**
 * The desk: decides which notices are told, keeps a queue per channel, and tries again what may
 * work later. Each channel has its own queue, so that one that is down delays no other.
 */
import { backoffMs } from "#core/backoff.js";
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { Message, Notice, NoticeDesk, Notifier, NotifierState } from "./notify.js";
import { isQuiet, type QuietHours } from "./quiet-hours.js";
import { toMessage } from "./texts.js";
import type { Told } from "./told.js";
import type { Waiting } from "./waiting.js";

/** What the desk works with. */
export interface DeskDeps {
  readonly notifiers: readonly Notifier[];
  readonly told: Told;
  /** Left out: what waits is gone with a restart. */
  readonly waiting?: Waiting;
  readonly language: Message["language"];
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly quietHours?: QuietHours | undefined;
  /** Hour of the day where the owner lives, 0 to 23. */
  readonly localHour: (atMs: number) => number;
  readonly log: (event: string, facts: Readonly<Record<string, string | number>>) => void;
}

/** Messages that wait for one channel; the oldest goes. */
const QUEUE_MAX = 50;
/** A channel is told at most so many in a day; an avalanche helps nobody. */
const PER_DAY_MAX = 30;
/** What could not be told for so long is old news. */
const AGE_MAX_MS = 48 * 3_600_000;
const RETRY = { baseMs: 30_000, capMs: 3_600_000 };
const ATTEMPT_MAX_MS = 30_000;
const DAY_MS = 86_400_000;
/** Quiet hours are looked at this often. */
const LOOK_MS = 5 * 60_000;

interface Channel {
  readonly notifier: Notifier;
  readonly queue: Message[];
  /** When messages of the last day were sent, monotonic. */
  sentAtMs: number[];
  sent: number;
  dropped: number;
  fault: string;
  wake: () => void;
}

export function createDesk(deps: DeskDeps): NoticeDesk {
  const { told, clock, language, log } = deps;
  const channels = deps.notifiers.map((notifier) => toChannel(notifier, deps.waiting));
  return {
    tell(notice) {
      const message = toMessage(notice, language);
      if (message === undefined || !told.isNews(notice)) return;
      try {
        told.note(notice);
      } catch {
        // A full disk: it may be told twice after a restart.
      }
      log("notify.told", {
        kind: notice.kind,
        severity: notice.severity,
        over: notice.isResolved ? 1 : 0,
      });
      for (const channel of channels) enqueue(channel, message);
      keep(deps, channels);
    },
    states: () => channels.map(toState),
    async test(name) {
      const asked = channels.filter((one) => name === undefined || one.notifier.name === name);
      if (asked.length === 0) throw noChannel(name, channels);
      const notice = testNotice(clock.nowMs());
      const message = toMessage(notice, language) as Message;
      const failed = new Map<string, string>();
      for (const { notifier } of asked) {
        const limit = AbortSignal.timeout(ATTEMPT_MAX_MS);
        await notifier.notify(message, limit).catch((fault: unknown) => {
          failed.set(notifier.name, describe(fault));
        });
      }
      return failed;
    },
    async run(signal) {
      const kept = { ...deps, keep: () => keep(deps, channels) };
      await Promise.all(channels.map((channel) => work(kept, channel, signal)));
    },
  };
}

function toChannel(notifier: Notifier, waiting: Waiting | undefined): Channel {
  const queue = [...(waiting?.of(notifier.name) ?? [])];
  return { notifier, queue, sentAtMs: [], sent: 0, dropped: 0, fault: "", wake: () => {} };
}

function keep({ waiting }: DeskDeps, channels: readonly Channel[]): void {
  waiting?.keep(channels.map(({ notifier, queue }) => [notifier.name, queue]));
}

/** A desk at work. */
interface WorkingDeps extends DeskDeps {
  /** Notes what waits now. */
  keep(): void;
}

function toState({ notifier, sent, dropped, queue, fault }: Channel): NotifierState {
  return { name: notifier.name, sent, dropped, waiting: queue.length, fault };
}

function enqueue(channel: Channel, message: Message): void {
  // The end of something that was not told yet takes its beginning away, and needs no telling.
  const waiting = channel.queue.findIndex((one) => one.subject === message.subject);
  if (message.isResolved && waiting >= 0) {
    channel.queue.splice(waiting, 1);
    return;
  }
  channel.queue.push(message);
  if (channel.queue.length > QUEUE_MAX) {
    channel.queue.shift();
    channel.dropped++;
  }
  channel.wake();
}

async function work(deps: WorkingDeps, channel: Channel, signal: AbortSignal): Promise<void> {
  const { clock, random } = deps;
  let failures = 0;
  while (!signal.aborted) {
    const next = pick(deps, channel);
    deps.keep();
    if (next === undefined) {
      await sleepOrWoken(deps, channel, signal);
      continue;
    }
    const fault = await attempt(deps, channel, next, signal);
    deps.keep();
    if (signal.aborted) return;
    if (fault === undefined) {
      failures = 0;
      continue;
    }
    if (fault instanceof HeatpoolError && !fault.retryable) {
      remove(channel, next);
      channel.dropped++;
      continue;
    }
    await clock.sleep(1000 + backoffMs(failures++, RETRY, random), signal);
  }
}

/** The oldest message whose time it is. */
function pick({ clock, quietHours, localHour }: DeskDeps, channel: Channel): Message | undefined {
  const nowMs = clock.nowMs();
  for (const old of channel.queue.filter((one) => nowMs - one.atMs > AGE_MAX_MS)) {
    remove(channel, old);
    channel.dropped++;
  }
  const since = clock.monotonicMs() - DAY_MS;
  channel.sentAtMs = channel.sentAtMs.filter((atMs) => atMs > since);
  if (channel.sentAtMs.length >= PER_DAY_MAX) return undefined;
  const quiet = quietHours !== undefined && isQuiet(quietHours, localHour(nowMs));
  return channel.queue.find((one) => !quiet || one.severity === "alarm");
}

async function attempt(
  { clock, log }: DeskDeps,
  channel: Channel,
  message: Message,
  signal: AbortSignal,
): Promise<unknown> {
  const { notifier } = channel;
  try {
    await notifier.notify(message, AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MAX_MS)]));
  } catch (fault) {
    if (!signal.aborted) {
      channel.fault = describe(fault);
      log("notify.failed", { channel: notifier.name, what: channel.fault });
    }
    return fault;
  }
  remove(channel, message);
  channel.sent++;
  channel.fault = "";
  channel.sentAtMs.push(clock.monotonicMs());
  return undefined;
}

function remove({ queue }: Channel, message: Message): void {
  const place = queue.indexOf(message);
  if (place >= 0) queue.splice(place, 1);
}

async function sleepOrWoken(
  { clock }: DeskDeps,
  channel: Channel,
  signal: AbortSignal,
): Promise<void> {
  const waking = new AbortController();
  channel.wake = () => waking.abort();
  await clock.sleep(LOOK_MS, AbortSignal.any([signal, waking.signal]));
  channel.wake = () => {};
}

function describe(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}

function testNotice(atMs: number): Notice {
  const facts = {};
  return { kind: "test", subject: "test", severity: "info", atMs, isResolved: false, facts };
}

function noChannel(name: string | undefined, channels: readonly Channel[]): HeatpoolError {
  const what = name === undefined ? "no channel is configured" : `no channel named ${name}`;
  const names = channels.map((one) => one.notifier.name).join(", ");
  return new HeatpoolError("NOT_FOUND", what, {
    hint: names === "" ? "List channels under notify in heatpool.yaml." : `There are: ${names}.`,
  });
}
