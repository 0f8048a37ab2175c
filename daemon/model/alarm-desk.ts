/**
 * From what a watch says cell by cell to the alarms of the house, and the notices about them.
 *
 * What is raised follows from the present state, not from the moment of a change: so a restart, a
 * new model or a muted part cannot leave an alarm behind or raise it twice. While a device is in a
 * quiet time an alarm that is on stays as it is.
 */
import type { Severity } from "#core/anomaly/alarm.js";
import { CELL_SECONDS, CELLS_PER_DAY, channelAt } from "#core/anomaly/channel.js";
import { explainAlarm } from "#core/anomaly/explain.js";
import type { Language } from "#core/anomaly/explanation-text.js";
import { type Finding, TELL_CELLS, TOLD } from "#core/anomaly/finding.js";
import type { NormalModel } from "#core/anomaly/normal-model.js";
import type { Watch } from "#core/anomaly/watch.js";
import type { Notice } from "../notify/notify.js";
import type { Alarm, AlarmKind, AlarmPart, AlarmSource } from "./alarm.js";
import type { AlarmBook } from "./alarm-book.js";
import { type AlarmWords, sayMachine, saySensor, type WriteTime } from "./alarm-words.js";

/** What is known of a device in one cell. */
export interface CellFacts {
  readonly deviceId: string;
  readonly cell: number;
  readonly findings: readonly Finding[];
  /** Nothing is raised and nothing resolved before it. */
  readonly quietUntil: number;
  readonly severity: Severity;
  /** `undefined`: there is no model; only findings are told. */
  readonly watched:
    | {
        readonly watch: Watch;
        readonly model: NormalModel;
        readonly source: AlarmSource;
        readonly label: string;
      }
    | undefined;
}

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
/** At most one notice a day and device, unless it is critical. */
const NOTICE_MS = 24 * 3_600_000;
const RANKS: readonly Severity[] = ["info", "warning", "critical"];

/** What should be on. */
interface Wanted {
  readonly parts: readonly AlarmPart[];
  readonly severity: Severity;
  readonly source: AlarmSource;
  readonly model: string;
  /** Said only when it is needed: most cells change nothing. */
  readonly explain: () => AlarmWords & {
    readonly parts: readonly AlarmPart[];
    readonly possible: readonly string[];
  };
}

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
      // Silently: what is told was told.
      const again = { ...open, ...said, severity, isEndOwed: false };
      book.change(again);
      onChange(again, "reopened");
      return;
    }
    const isTold = isNoticeDue(book, facts.deviceId, severity, atMs);
    const alarm = book.add({
      ...{ deviceId: facts.deviceId, kind, source, model, severity, raisedAtMs: atMs },
      ...said,
      isEndOwed: isTold,
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
    const isNotice = isWorse && severity === "critical";
    const atMs = facts.cell * CELL_MS;
    const { title, text, parts: named, possible } = wanted.explain();
    const changed = {
      ...{ ...open, title, text, parts: named, possible, severity },
      ...(isNotice && { toldAtMs: atMs, isEndOwed: true }),
    };
    book.change(changed);
    if (isNotice) tellOf(parts, changed, atMs, open.isEndOwed ? "/critical" : "");
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
    const resolved = { ...open, resolvedAtMs: atMs, isEndOwed: false };
    book.change(resolved);
    if (open.isEndOwed) tellOf(parts, resolved, atMs);
    onChange(resolved, "resolved");
    return true;
  };
  return {
    judge(facts) {
      const isHeld = facts.watched === undefined || facts.cell < facts.quietUntil;
      const machine = settle(facts, "machine", wantedMachine(parts, facts), isHeld);
      const sensor = settle(facts, "sensor", wantedSensor(parts, facts), false);
      return machine || sensor;
    },
  };
}

/** The alarm of the machine's parts that the owner wants to hear of. */
function wantedMachine(desk: AlarmDeskParts, facts: CellFacts): Wanted | undefined {
  const { watched, cell, deviceId } = facts;
  if (watched === undefined || watched.watch.alarm.raisedAt === undefined) return undefined;
  const { watch, model, source, label } = watched;
  const atMs = cell * CELL_MS;
  const heard = watch.alarm.parts.filter((part) => {
    const id = model.plan.parts[part]?.id ?? "";
    return !desk.book.isMuted(deviceId, id, atMs);
  });
  if (heard.length === 0) return undefined;
  const idsOf = (places: readonly number[]) =>
    places.flatMap((part) => model.plan.parts[part]?.id ?? []);
  return {
    parts: idsOf(heard).map((id) => ({ id })),
    severity: facts.severity,
    source,
    model: label,
    explain() {
      const explanation = explainAlarm(model, watch.reader.live, heard);
      const strongest = explanation.parts.map(({ part, share, measured, expected, sinceCell }) => ({
        ...{ id: part.id, share, measured, expected },
        ...(!Number.isNaN(sinceCell) && { sinceMs: sinceCell * CELL_MS }),
      }));
      const named = new Set(strongest.map(({ id }) => id));
      const others = idsOf(heard).flatMap((id) => (named.has(id) ? [] : [{ id }]));
      return {
        ...sayMachine(explanation, source, desk.writeTime),
        parts: [...strongest, ...others],
        possible: explanation.possible.map(({ fault }) => fault),
      };
    },
  };
}

/** The alarm of findings that last. */
function wantedSensor(desk: AlarmDeskParts, facts: CellFacts): Wanted | undefined {
  const lasting = facts.findings.filter(
    ({ kind, since, channel }) =>
      TOLD.has(kind) &&
      facts.cell - since >= TELL_CELLS &&
      !desk.book.isMuted(facts.deviceId, sensorId(channel), facts.cell * CELL_MS),
  );
  if (lasting.length === 0) return undefined;
  const parts = lasting.map(({ channel, since }) => ({
    id: sensorId(channel),
    sinceMs: since * CELL_MS,
  }));
  const explain = () => ({ ...saySensor(lasting, desk.writeTime), parts, possible: [] });
  return { parts, severity: "warning", source: "data", model: "", explain };
}

function sensorId(channel: number): string {
  return `sensor.${channelAt(channel).id}`;
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

/** The notice of an alarm, or of its end. What was told already is told again as another subject. */
function tellOf(
  { tell, language }: AlarmDeskParts,
  alarm: Alarm,
  atMs: number,
  more: "" | "/critical" = "",
): void {
  const { id, deviceId, kind, severity } = alarm;
  const isCritical = severity === "critical";
  tell({
    kind: kind === "machine" ? "anomaly" : "data-quality",
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
