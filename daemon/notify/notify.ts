/**
 * Telling the owner: what is worth a notice, and how often. A notice is one event as a person is
 * told it: said once, said again when it is over.
 *
 * Nothing here waits for anything else, and nothing else waits for it: a broker or a mail server
 * that is down costs notices, counted, never a reading.
 */

/** What happened. */
export type NoticeKind =
  | "anomaly"
  | "data-quality"
  | "device-silent"
  | "backlog-nearly-full"
  | "became-eligible"
  | "model-updated"
  | "test";

/** How much it matters. `alarm` is told at night too. */
export type Severity = "info" | "warning" | "alarm";

/** One event for the owner. */
export interface Notice {
  readonly kind: NoticeKind;
  /** The same while it is about the same thing, e.g. `device-silent/heatpump`. */
  readonly subject: string;
  readonly severity: Severity;
  readonly atMs: number;
  /** Whether what was told before is over. */
  readonly isResolved: boolean;
  /** Facts that the texts of this kind name. */
  readonly facts: Readonly<Record<string, string | number>>;
}

/** A notice in words. */
export interface Message {
  readonly kind: NoticeKind;
  readonly subject: string;
  readonly severity: Severity;
  readonly isResolved: boolean;
  readonly atMs: number;
  readonly language: "de" | "en";
  /** One line. */
  readonly title: string;
  /** A few sentences. */
  readonly body: string;
}

/** A way to reach the owner. */
export interface Notifier {
  /** As the owner named it, for log and counters. */
  readonly name: string;
  /**
   * Resolves when the other side has taken it.
   *
   * @throws HeatpoolError `UNAVAILABLE` it may work later · any other code: it will not
   */
  notify(message: Message, signal: AbortSignal): Promise<void>;
}

/** What became of notices, for status and metrics. */
export interface NotifierState {
  readonly name: string;
  readonly sent: number;
  /** Given up: refused, too old, or one too many. */
  readonly dropped: number;
  readonly waiting: number;
  /** The last failure in words; empty: none since the last success. */
  readonly fault: string;
}

/** Where the parts of the program report what the owner should know. */
export interface NoticeDesk {
  /** Takes a notice; never waits, never throws. */
  tell(notice: Notice): void;
  states(): readonly NotifierState[];
  /** Sends one message by one channel, or by all, at once. Resolves with what failed, by name. */
  test(name?: string): Promise<ReadonlyMap<string, string>>;
  /** Lives until the signal. */
  run(signal: AbortSignal): Promise<void>;
}
