/** What is said of a device that is scored: for status, vitals and `heatpool model explain`. */
import { EVIDENCE_AGE_MAX } from "#core/anomaly/alarm.js";
import { CELL_SECONDS, channelAt, channelIndex } from "#core/anomaly/channel.js";
import type { Language } from "#core/anomaly/explanation-text.js";
import { LAST_NUMBERS } from "#core/anomaly/normal-state.js";
import type { Alarm } from "./alarm.js";
import type { AlarmBook } from "./alarm-book.js";
import { sayFinding, sayWaiting, type WriteTime } from "./alarm-words.js";
import type { Scored } from "./scored-device.js";
import type { ExplainedModelPart, ScoredDevice, ScorerVital } from "./scorer.js";

const CELL_MS = CELL_SECONDS * 1000;

/** How a device is watched. */
export function describe(one: Scored, book: AlarmBook, nowMs: number): ScoredDevice {
  const { device, watch, shelf } = one;
  const { deviceId } = device;
  const { model } = watch;
  const { learnedUntil, days } = shelf.current ?? { learnedUntil: "", days: 0 };
  return {
    deviceId,
    score: watch.score,
    isAlarmOn: isOn(book, deviceId),
    ...waiting(one, nowMs),
    model: {
      source: model?.source ?? ("none" as const),
      label: model?.label ?? "",
      parts: model?.model.parts.filter(({ isUsable }) => isUsable).length ?? 0,
      ...(shelf.current !== undefined && { local: { learnedUntil, days } }),
      daysKept: one.days.length,
      isLearning: one.learning !== undefined,
    },
    findings: watch.findings.map((finding) => ({
      ...{ kind: finding.kind, channel: channelAt(finding.channel).id },
      ...{ sinceMs: finding.since * CELL_MS, text: sayFinding(finding) },
    })),
    ...watch.counts,
    dropped: one.dropped,
    modelsRefused: one.refused,
  };
}

/** The machine's alarm waits for evidence: it does not run like this at present, or says nothing. */
function waiting({ watch }: Scored, nowMs: number): { readonly waitsSinceMs?: number } {
  const cell = watch.watch?.judgedCell;
  if (cell === undefined || !(nowMs - cell * CELL_MS > EVIDENCE_AGE_MAX * CELL_MS)) return {};
  return { waitsSinceMs: cell * CELL_MS };
}

/** The alarm, and in words since when it waits, if it does at this moment. */
export function tellWaiting(alarm: Alarm, one: Scored, nowMs: number, writeTime: WriteTime): Alarm {
  if (alarm.kind !== "machine" || alarm.resolvedAtMs !== undefined) return alarm;
  const { waitsSinceMs } = waiting(one, nowMs);
  if (waitsSinceMs === undefined) return alarm;
  const say = (language: Language) =>
    `${alarm.text[language]} ${sayWaiting(waitsSinceMs, language, writeTime)}`;
  return { ...alarm, waitsSinceMs, text: { de: say("de"), en: say("en") } };
}

function isOn(book: AlarmBook, deviceId: string): boolean {
  return (["machine", "sensor"] as const).some((kind) => book.open(deviceId, kind) !== undefined);
}

/** Numbers about it. */
export function vitalsOf(one: Scored, book: AlarmBook): readonly ScorerVital[] {
  const { deviceId } = one.device;
  const labels = { device: deviceId };
  const { rowsScored, rowsOutOfReach } = one.watch.counts;
  const score = one.watch.score;
  return [
    ...(score === undefined
      ? []
      : [
          {
            name: "heatpool_anomaly_score",
            help: "How far the machine departs from normal; above 1 is alarming",
            value: score,
            labels,
          },
        ]),
    {
      name: "heatpool_alarm_active",
      help: "Whether an alarm is on",
      value: isOn(book, deviceId) ? 1 : 0,
      labels,
    },
    {
      name: "heatpool_rows_scored_total",
      help: "Operating rows that were scored",
      value: rowsScored,
      labels,
    },
    {
      name: "heatpool_rows_out_of_reach_total",
      help: "Parts of rows in conditions that the model never saw",
      value: rowsOutOfReach,
      labels,
    },
    {
      name: "heatpool_scorer_dropped_total",
      help: "Snapshots that did not fit into the queue of the scorer",
      value: one.dropped,
      labels,
    },
  ];
}

/** The parts of its model. */
export function explainModel({ watch }: Scored): readonly ExplainedModelPart[] {
  const { model, watch: live } = watch;
  if (model === undefined || live === undefined) return [];
  const { last, fits } = live.reader.live;
  return model.model.plan.parts.flatMap((part, index) => {
    if (model.model.parts[index]?.isUsable !== true) return [];
    const { label, unit } = channelAt(channelIndex(part.target));
    const measured = last[index * LAST_NUMBERS] ?? Number.NaN;
    const expected = last[index * LAST_NUMBERS + 1] ?? Number.NaN;
    return {
      ...{ part: part.id, label, unit, share: live.reader.shares[index] ?? 0 },
      ...(!Number.isNaN(expected) && { measured, expected }),
      absorbed: fits[index]?.deviation[0] ?? 0,
    };
  });
}
