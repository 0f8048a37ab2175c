/**
 * The log: one JSON line per change of state, never one per reading at the default level. Event
 * names are `room.happening`. Network addresses are masked here, in the one place that writes, and
 * an installation id never leaves in full.
 */
import type { Clock } from "#core/clock.js";

/** Least important first. */
const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** What an event carries beside its name. */
type LogFacts = Readonly<Record<string, string | number | boolean | undefined>>;

/** Writes events. */
export type Log = (level: LogLevel, event: string, facts?: LogFacts) => void;

/** Longest text of one fact; a peer may write into error details. */
const TEXT_MAX = 500;

/** Uses `write` for each line at `threshold` or above. */
export function createLog(write: (line: string) => void, clock: Clock, threshold: LogLevel): Log {
  const least = LOG_LEVELS.indexOf(threshold);
  return (level, event, facts = {}) => {
    if (LOG_LEVELS.indexOf(level) < least) return;
    const line: Record<string, unknown> = {
      time: new Date(clock.nowMs()).toISOString(),
      level,
      event,
    };
    for (const [name, fact] of Object.entries(facts)) {
      line[name] = typeof fact === "string" ? maskText(fact) : fact;
    }
    write(JSON.stringify(line));
  };
}

const IPV4 = /\b(\d{1,3})\.(\d{1,3})\.\d{1,3}\.\d{1,3}\b/g;
const IPV6 =
  /(?<![\w:])(?=[0-9a-f:]*::|(?:[0-9a-f]*:){4})([0-9a-f]{0,4}):([0-9a-f]{0,4}):[0-9a-f:.]*/gi;
const UUID = /\b([0-9a-f]{4})[0-9a-f]{4}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\b/gi;
const CONTROL = /\p{Cc}/gu;
/** At the end of a text that was cut, half an address or id is no pattern and would stay. */
const CUT_NAME = /[0-9a-f.:-]{1,45}$/i;

/** `192.168.xxx.xxx`, `2001:db8:xxxx:xxxx`, `550e…`: enough to tell two apart, not to find one. */
function maskText(text: string): string {
  const short = text.length <= TEXT_MAX ? text : text.slice(0, TEXT_MAX).replace(CUT_NAME, "…");
  return short
    .replace(CONTROL, " ")
    .replace(UUID, "$1…")
    .replace(IPV4, "$1.$2.xxx.xxx")
    .replace(IPV6, "$1:$2:xxxx:xxxx");
}
