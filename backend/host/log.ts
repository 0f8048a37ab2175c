/**
 * The log: one JSON line per change of state. Event names are `room.happening`.
 *
 * Every text is masked here, in the one place that writes: whatever an error quotes, no address
 * gets into a log.
 */
import type { Clock } from "#core/clock.js";

/** Least important first. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

/** How important an event is. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What an event carries beside its name. */
type LogFacts = Readonly<Record<string, string | number | boolean | undefined>>;

/** Writes events. */
export type Log = (level: LogLevel, event: string, facts?: LogFacts) => void;

/** What a log is made of. */
export interface LogParts {
  /** Takes one line, without its line feed. */
  write(line: string): void;
  readonly clock: Pick<Clock, "nowMs">;
  /** Least important event that is written; asked for every event. */
  threshold(): LogLevel;
  /** Takes addresses out of a text. */
  mask(text: string): string;
}

/** A peer may write into the details of an error. */
const TEXT_MAX = 500;
const UUID = /\b([0-9a-f]{4})[0-9a-f]{4}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\b/gi;
const CONTROL = /\p{Cc}/gu;
/** At the end of a text that was cut, half an address or id is no pattern and would stay. */
const CUT_NAME = /[0-9a-f.:-]{1,45}$/i;

export function createLog({ write, clock, threshold, mask }: LogParts): Log {
  const clean = (text: string): string =>
    mask(shorten(text).replace(CONTROL, " ").replace(UUID, "$1…"));
  return (level, event, facts = {}) => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(threshold())) return;
    const time = new Date(clock.nowMs()).toISOString();
    const values = Object.entries(facts).map(([name, fact]) => {
      return [name, typeof fact === "string" ? clean(fact) : fact];
    });
    write(JSON.stringify({ time, level, event, ...Object.fromEntries(values) }));
  };
}

function shorten(text: string): string {
  return text.length <= TEXT_MAX ? text : text.slice(0, TEXT_MAX).replace(CUT_NAME, "…");
}
