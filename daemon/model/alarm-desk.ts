/**
 * From what a watch says cell by cell to the alarms of the house, and the notices about them.
 *
 * What is raised follows from the present state, not from the moment of a change: so a restart, a
 * new model or a muted part cannot leave an alarm behind or raise it twice. While a device is in a
 * quiet time an alarm that is on stays as it is.
 *
 * A device speaks at most once a day, unless it is urgent. An end is a notice too: it waits for its
 * day, and is not told at all when the event comes back meanwhile.
 */
import type { Severity } from "#core/anomaly/alarm.js";
import { CELL_SECONDS, CELLS_PER_DAY } from "#core/anomaly/channel.js";
import type { Language } from "#core/anomaly/explanation-text.js";
import { TOGETHER } from "#core/anomaly/watch.js";
import type { Notice } from "../notify/notify.js";
import type { Alarm, AlarmKind } from "./alarm.js";
import type { AlarmBook } from "./alarm-book.js";
import type { WriteTime } from "./alarm-words.js";
import {
  type CellFacts,
  type Wanted,
  wantedMachine,
  wantedSensor,
  wantedSlow,
} from "./wanted-alarms.js";

/** What the desk works with. */
export interface AlarmDeskParts {
  readonly book: AlarmBook;
  readonly language: Language;
  readonly writeTime: WriteTime;
  /** Never waits, never throws. */
  readonly tell: (notice: Notice) => void;
  readonly onChange: (alarm: Alarm, change: AlarmChangeKind) => void;
}

/** What happened to an alarm. */
export type AlarmChangeKind = "raised" | "reopened" | "changed" | "resolved";

/** Takes cells. */
export interface AlarmDesk {
  /** Says whether an alarm changed. */
  judge(facts: CellFacts): boolean;
}

const CELL_MS = CELL_SECONDS * 1000;
/** A new alarm this soon after the last is the same event. */
const REOPEN_MS = 24 * 3_600_000;
/** At most one notice a day and device, unless it is critical; an end is one, too. */
const NOTICE_MS = 24 * 3_600_000;
/** At most one hint a month and part. */
const HINT_MS = 30 * 24 * 3_600_000;
const RANKS: readonly Severity[] = ["info", "warning", "critical"];

export function createAlarmDesk(parts: AlarmDeskParts): AlarmDesk {
  const { book, onChange } = parts;

  const raise = (facts: CellFacts, kind: AlarmKind, wanted: Wanted) => {
    const atMs = facts.cell * CELL_MS;
    const { severity, source, model } = wanted;
    const said = wanted.explain();
    const last = book.list().find((one) => one.deviceId === facts.deviceId && one.kind === kind);
    const isSame =
      last?.resolvedAtMs !== undefined &&
      last.answer === undefined &&
      atMs - last.resolvedAtMs < REOPEN_MS;
    if (isSame && last !== undefined) {
      const { resolvedAtMs: _, ...open } = last;
      // Silently: what is told was told, and an end that was not told is still owed.
      const again = { ...open, ...said, severity };
      book.change(again);
      onChange(again, "reopened");
      return;
    }
    const isTold =
      isNoticeDue(book, facts.deviceId, severity, atMs) &&
      (kind !== "slow" || isHintDue(book, facts.deviceId, wanted, atMs));
    const alarm = book.add({
      ...{ deviceId: facts.deviceId, kind, source, model, severity, raisedAtMs: atMs },
      ...said,
      // That a slow change is over is no news.
      isEndOwed: isTold && kind !== "slow",
      ...(isTold && { toldAtMs: atMs }),
    });
    if (isTold) tellOf(parts, alarm, atMs);
    onChange(alarm, "raised");
  };
  const update = (facts: CellFacts, open: Alarm, wanted: Wanted): boolean => {
    const known = new Set(open.parts.map(({ id }) => id));
    const isJoined = wanted.parts.some(({ id }) => !known.has(id));
    const isWorse = RANKS.indexOf(wanted.severity) > RANKS.indexOf(open.severity);
    if (!isJoined && !isWorse) return false;
    const severity = isWorse ? wanted.severity : open.severity;
    // Parts that were unusual together were a hint; now one of them alarms.
    const isFirst = open.parts.every(({ id }) => id.startsWith(TOGETHER));
    const isNotice = isWorse && (severity === "critical" || isFirst);
    const atMs = facts.cell * CELL_MS;
    const { title, text, parts: named, possible } = wanted.explain();
    const changed = {
      ...{ ...open, title, text, parts: named, possible, severity },
      ...(isNotice && { toldAtMs: atMs, isEndOwed: true }),
    };
    book.change(changed);
    if (isNotice) tellOf(parts, changed, atMs, open.isEndOwed ? `/${severity}` : "");
    onChange(changed, "changed");
    return true;
  };
  const settle = (
    facts: CellFacts,
    kind: AlarmKind,
    wanted: Wanted | undefined,
    isHeld: boolean,
  ) => {
    const open = book.open(facts.deviceId, kind);
    if (wanted !== undefined) {
      if (open !== undefined) return update(facts, open, wanted);
      raise(facts, kind, wanted);
      return true;
    }
    if (open === undefined || isHeld) return false;
    const atMs = facts.cell * CELL_MS;
    const resolved = { ...open, resolvedAtMs: atMs };
    book.change(resolved);
    onChange(resolved, "resolved");
    return true;
  };
  /** Tells an end whose day has come. */
  const tellEnd = (deviceId: string, atMs: number): boolean => {
    const ended = book
      .list()
      .findLast(
        (one) => one.deviceId === deviceId && one.resolvedAtMs !== undefined && one.isEndOwed,
      );
    if (ended === undefined || !isNoticeDue(book, deviceId, "info", atMs)) return false;
    const told = { ...ended, toldAtMs: atMs, isEndOwed: false };
    book.change(told);
    tellOf(parts, told, atMs);
    return true;
  };
  return {
    judge(facts) {
      const isHeld = facts.watched === undefined || facts.cell < facts.quietUntil;
      const machine = settle(facts, "machine", wantedMachine(parts, facts), isHeld);
      const sensor = settle(facts, "sensor", wantedSensor(parts, facts), false);
      // What alarms is not hinted at.
      const isAlarm = book.open(facts.deviceId, "machine") !== undefined;
      const slow = settle(facts, "slow", isAlarm ? undefined : wantedSlow(parts, facts), isHeld);
      const end = tellEnd(facts.deviceId, facts.cell * CELL_MS);
      return machine || sensor || slow || end;
    },
  };
}

function isNoticeDue(book: AlarmBook, deviceId: string, severity: Severity, atMs: number): boolean {
  if (severity === "critical") return true;
  return !book
    .list()
    .some(
      (one) =>
        one.deviceId === deviceId &&
        one.toldAtMs !== undefined &&
        Math.abs(atMs - one.toldAtMs) < NOTICE_MS,
    );
}

/** A hint at one part is told once a month. */
function isHintDue(book: AlarmBook, deviceId: string, { parts }: Wanted, atMs: number): boolean {
  const ids = new Set(parts.map(({ id }) => id));
  return !book
    .list()
    .some(
      (one) =>
        one.deviceId === deviceId &&
        one.kind === "slow" &&
        one.toldAtMs !== undefined &&
        atMs - one.toldAtMs < HINT_MS &&
        one.parts.some(({ id }) => ids.has(id)),
    );
}

/** The notice of an alarm, or of its end. What was told already is told again as another subject. */
function tellOf({ tell, language }: AlarmDeskParts, alarm: Alarm, atMs: number, more = ""): void {
  const { id, deviceId, kind, severity } = alarm;
  const isCritical = severity === "critical";
  tell({
    kind: kind === "sensor" ? "data-quality" : "anomaly",
    subject: `alarm/${deviceId}/${id}${more}`,
    severity: isCritical ? "alarm" : severity,
    atMs,
    isResolved: alarm.resolvedAtMs !== undefined,
    facts: { device: deviceId, title: alarm.title[language], text: alarm.text[language] },
  });
}

/** Quiet times: a new installation, and whatever was changed since. */
export const QUIET_NEW_CELLS = 14 * CELLS_PER_DAY;
export const QUIET_CHANGED_CELLS = 3 * CELLS_PER_DAY;
/** How long a part is muted that the owner called no problem. */
export const MUTE_MS = 14 * 24 * 3_600_000;
