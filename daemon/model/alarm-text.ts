/** Alarms and scores as lines for a person. Pure. */
import type { Language } from "#core/anomaly/explanation-text.js";
import type { Alarm, AlarmAnswer } from "./alarm.js";
import type { WriteTime } from "./alarm-words.js";
import type { ExplainedModelPart, ScoredDevice } from "./scorer.js";

const TEXTS = {
  de: {
    severity: { info: "Hinweis", warning: "Warnung", critical: "Dringend" },
    source: {
      community: "Modell der Gemeinschaft",
      local: "eigenes Modell",
      data: "Messwerte",
      none: "noch kein Modell, nur Messwerte werden geprüft",
    },
    since: "seit",
    over: "vorbei seit",
    score: "Auffälligkeit",
    calm: "kein Alarm",
    alarm: "Alarm",
    kept: "Tage aufgezeichnet",
    learning: "lernt gerade",
    answered: "beantwortet",
    answer: {
      fault: "echter Fehler",
      changed: "selbst geändert",
      fine: "kein Problem",
      serviced: "gewartet",
    },
    said: {
      fault: "Notiert: ein echter Fehler. Der Alarm bleibt, bis er vorbei ist.",
      changed: "Notiert. Drei Tage lang wird nichts gemeldet, während das Neue gelernt wird.",
      fine: "Notiert. Diese Teile werden 14 Tage lang nicht gemeldet.",
      serviced: "Notiert. Langsame Veränderungen werden von heute an neu gezählt.",
    },
    expected: "erwartet",
    own: "diese Anlage weicht von ihrer Familie ab um",
    data: "Sensor oder Daten",
    unjudged: "nichts zu beurteilen seit",
  },
  en: {
    severity: { info: "Note", warning: "Warning", critical: "Urgent" },
    source: {
      community: "the community's model",
      local: "own model",
      data: "readings",
      none: "no model yet, only readings are checked",
    },
    since: "since",
    over: "over since",
    score: "anomaly score",
    calm: "no alarm",
    alarm: "alarm",
    kept: "days recorded",
    learning: "learning now",
    answered: "answered",
    answer: {
      fault: "a real fault",
      changed: "changed on purpose",
      fine: "not a problem",
      serviced: "serviced",
    },
    said: {
      fault: "Noted: a real fault. The alarm stays until it is over.",
      changed: "Noted. Nothing is told for three days, while what is new is learnt.",
      fine: "Noted. These parts are not told for 14 days.",
      serviced: "Noted. Slow change is counted anew from today.",
    },
    expected: "expected",
    own: "this machine differs from its family by",
    data: "sensor or data",
    unjudged: "nothing to judge it by since",
  },
} as const;

/** One alarm. */
export function renderAlarm(alarm: Alarm, language: Language, writeTime: WriteTime): string[] {
  const texts = TEXTS[language];
  const { id, deviceId, severity, title, text, source, raisedAtMs, resolvedAtMs, answer } = alarm;
  const over =
    resolvedAtMs === undefined ? "" : `, ${texts.over} ${writeTime(resolvedAtMs, language)}`;
  const answered = answer === undefined ? "" : `, ${texts.answered}: ${texts.answer[answer]}`;
  return [
    `#${id} ${texts.severity[severity]}, ${deviceId}: ${title[language]}`,
    `   ${texts.since} ${writeTime(raisedAtMs, language)}${over}${answered} (${texts.source[source]})`,
    `   ${text[language]}`,
  ];
}

/** A line per device, and one for each reading of it that cannot be right. */
export function renderScores(
  devices: readonly ScoredDevice[],
  language: Language,
  writeTime: WriteTime,
): string[] {
  const texts = TEXTS[language];
  return devices.flatMap(({ deviceId, score, isAlarmOn, waitsSinceMs, model, findings }) => {
    const facts = [
      isAlarmOn ? texts.alarm : texts.calm,
      ...(waitsSinceMs === undefined
        ? []
        : [`${texts.unjudged} ${writeTime(waitsSinceMs, language)}`]),
      ...(score === undefined ? [] : [`${texts.score} ${say(score, language)}`]),
      `${texts.source[model.source]}${model.label === "" ? "" : ` ${model.label}`}`,
      `${model.daysKept} ${texts.kept}`,
      ...(model.isLearning ? [texts.learning] : []),
    ];
    const wrong = findings.map(({ text, sinceMs }) => {
      const since = `${texts.since} ${writeTime(sinceMs, language)}`;
      return `  ${texts.data}: ${text[language]}, ${since}`;
    });
    return [`${deviceId}: ${facts.join(", ")}`, ...wrong];
  });
}

/** Parts of a model, the loudest first. */
export function renderParts(parts: readonly ExplainedModelPart[], language: Language): string[] {
  const texts = TEXTS[language];
  return [...parts]
    .sort((a, b) => b.share - a.share)
    .map(({ part, label, unit, share, measured, expected, absorbed }) => {
      const of = unit === "" ? "" : ` ${unit}`;
      const now =
        measured === undefined || expected === undefined
          ? ""
          : `: ${say(measured, language)}${of}, ${texts.expected} ${say(expected, language)}${of}`;
      const own = absorbed === 0 ? "" : `; ${texts.own} ${say(absorbed, language)}${of}`;
      return `  ${say(share, language)} ${part} (${label[language]})${now}${own}`;
    });
}

function say(value: number, language: Language): string {
  const text = value.toFixed(2).replace("-", "−");
  return language === "de" ? text.replace(".", ",") : text;
}

/** What an answer does. */
export function sayAnswered(answer: AlarmAnswer, language: Language): string {
  return TEXTS[language].said[answer];
}
