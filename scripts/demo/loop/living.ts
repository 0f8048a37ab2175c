/**
 * Life in the homes that go on: the quiet fortnight, the fault at one of them, the notice, the
 * mending, the end; and what the others said meanwhile.
 */
import type { AlarmFacts, Home } from "./home.js";
import { type Leaping, liveUntil } from "./leaping.js";
import { STEP_MS } from "./simulated-home.js";

/** What was seen. */
export interface LifeFacts {
  readonly polls: number;
  readonly pollsFailed: number;
  readonly modbusRequests: number;
  readonly fault: string;
  readonly alarm: {
    readonly source: string;
    readonly model: string;
    readonly severity: string;
    readonly parts: readonly string[];
    readonly possible: readonly string[];
    /** What the owner read when it began. */
    readonly told: string;
    readonly hoursAfterFault: number;
    readonly toldHoursAfterFault: number;
    readonly resolvedHoursAfterMending: number;
    readonly endToldHoursAfterMending: number;
  };
  /** Alarms, without hints: those are information, and count apart. */
  readonly alarmsOfTheFaultyHome: number;
  readonly alarmsOfNeighbours: number;
  readonly hintsOfNeighbours: readonly string[];
  /** Kind and severity. */
  readonly noticesOfNeighbours: readonly string[];
  readonly snapshotsUnaccounted: number;
  readonly daysLived: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
/** A device that is new is watched silently for this long. */
const QUIET_DAYS = 14;
/** The fan fails on a morning after it. */
const FAULT_HOURS = 9;
const FAULT = { fault: "fan_failure", severity: 1 } as const;
/** From the notice until somebody has mended it. */
const MENDING_HOURS = 3;
/** The story is over by then, or has failed. */
const ALARM_DAYS_MAX = 4;
const RESOLVED_DAYS_MAX = 5;
export const LIVED_DAYS_MAX = QUIET_DAYS + 1 + ALARM_DAYS_MAX + RESOLVED_DAYS_MAX;

/** From poll to poll: the quiet fortnight, the fault, the notice, the mending, the end. */
export async function live(
  living: readonly Home[],
  note: (text: string) => void,
  leaping: Leaping,
): Promise<LifeFacts> {
  const { time } = leaping;
  const [home, ...neighbours] = living;
  if (home === undefined) throw new Error("nobody lives on");
  const fromMs = time.nowMs();
  const goOn = (isOver: () => boolean, days: number) => liveUntil(living, leaping, isOver, days);
  const letters = () =>
    home.mailbox.letters.filter(({ kind, severity }) => kind === "anomaly" && severity !== "info");

  const startMs = Math.ceil(fromMs / DAY_MS + QUIET_DAYS) * DAY_MS + FAULT_HOURS * HOUR_MS;
  home.heatPump.suffer([{ ...FAULT, startMs, endMs: startMs + WEEK_MS }]);
  await goOn(() => time.nowMs() >= startMs, QUIET_DAYS + 2);
  note(`${home.name}: its fan fails (${living.length} homes polled for ${QUIET_DAYS} days)`);
  await goOn(() => letters().length > 0, ALARM_DAYS_MAX);
  const [told] = letters();
  if (told === undefined) throw new Error("the owner was not told");
  note(`${home.name}: "${told.title}"`);

  const mendedMs = Math.ceil(time.nowMs() / STEP_MS) * STEP_MS + MENDING_HOURS * HOUR_MS;
  home.heatPump.suffer([{ ...FAULT, startMs, endMs: mendedMs }]);
  await goOn(() => letters().some(({ isResolved }) => isResolved), RESOLVED_DAYS_MAX);
  const end = letters().find(({ isResolved }) => isResolved);
  if (end === undefined) throw new Error("the owner was not told that it is over");
  note(`${home.name}: "${end.title}"`);

  const alarms = await home.alarms();
  const [alarm] = alarms.filter((one) => one.kind === "machine" && isAlarm(one));
  if (alarm === undefined) throw new Error("no alarm is kept");
  const others = (await Promise.all(neighbours.map((one) => one.alarms()))).flat();
  const statuses = await Promise.all(living.map((one) => one.status()));
  const sum = (of: (one: Home) => number) => living.reduce((all, one) => all + of(one), 0);
  const hours = (toMs: number, sinceMs: number) => Math.round((toMs - sinceMs) / 360_000) / 10;
  return {
    polls: sum((one) => one.polls().good),
    pollsFailed: sum((one) => one.polls().failed),
    modbusRequests: sum((one) => one.heatPump.requests().answered),
    fault: FAULT.fault,
    alarm: {
      ...described(alarm),
      told: `${told.title}. ${told.body}`,
      hoursAfterFault: hours(alarm.raisedAtMs, startMs),
      toldHoursAfterFault: hours(told.arrivedAtMs, startMs),
      resolvedHoursAfterMending: hours(alarm.resolvedAtMs ?? Number.NaN, mendedMs),
      endToldHoursAfterMending: hours(end.arrivedAtMs, mendedMs),
    },
    alarmsOfTheFaultyHome: alarms.filter(isAlarm).length,
    alarmsOfNeighbours: others.filter(isAlarm).length,
    hintsOfNeighbours: others.filter((one) => !isAlarm(one)).map(({ text }) => text.en),
    noticesOfNeighbours: neighbours.flatMap(({ mailbox }) =>
      mailbox.letters.map(({ kind, severity }) => `${kind} ${severity}`),
    ),
    snapshotsUnaccounted: statuses.reduce((all, { backlog }) => all + backlog.unaccounted, 0),
    daysLived: Math.round((time.nowMs() - fromMs) / (DAY_MS / 10)) / 10,
  };
}

/** Parts that are unusual together and parts that change slowly are told as information. */
function isAlarm({ severity }: AlarmFacts): boolean {
  return severity !== "info";
}

function described({ source, model, severity, parts, possible }: AlarmFacts) {
  return { source, model, severity, parts: parts.map(({ id }) => id), possible };
}
