/**
 * Alarms in words, in both languages: what departs, measured against expected, since when, what it
 * could be and what to look at. A possibility, never a diagnosis.
 */
import { CELL_SECONDS, type ChannelId, channelAt } from "#core/anomaly/channel.js";
import type { Explanation } from "#core/anomaly/explain.js";
import { type Language, sayPart, sayPossible } from "#core/anomaly/explanation-text.js";
import type { PlanPart } from "#core/anomaly/feature-plan.js";
import type { Finding } from "#core/anomaly/finding.js";
import type { AlarmSource, Words } from "./alarm.js";

/** Says an instant as the owner would. */
export type WriteTime = (atMs: number, language: Language) => string;

/** Title and text. */
export interface AlarmWords {
  readonly title: Words;
  readonly text: Words;
}

const CELL_MS = CELL_SECONDS * 1000;
const LANGUAGES = ["de", "en"] as const;

const WORDS = {
  de: {
    above: "höher als erwartet",
    below: "niedriger als erwartet",
    departs: "Die Wärmepumpe läuft anders als gewohnt",
    check: "Prüfen",
    sensor: "Messwert unglaubwürdig",
    community: "Verglichen mit dem Modell der Gemeinschaft",
    local: "Verglichen mit der eigenen Vergangenheit dieser Wärmepumpe",
    since: "seit",
  },
  en: {
    above: "higher than expected",
    below: "lower than expected",
    departs: "The heat pump runs differently than usual",
    check: "Check",
    sensor: "a reading cannot be right",
    community: "Compared with the community's model",
    local: "Compared with this heat pump's own past",
    since: "since",
  },
} as const;

const AIR: Words = {
  de: "Verdampfer und Ventilator auf Laub, Schmutz und Eis ansehen",
  en: "look at evaporator and fan for leaves, dirt and ice",
};
const WATER: Words = {
  de: "Schmutzfänger, Absperrventile, Pumpe und Anlagendruck ansehen",
  en: "look at strainer, shut-off valves, pump and water pressure",
};
const ELECTRIC: Words = {
  de: "nachsehen, ob ein Heizstab läuft oder Einstellungen geändert wurden",
  en: "see whether an electric heater runs or settings were changed",
};
const CURVE: Words = {
  de: "Heizkurve, Zeitprogramm und Außenfühler ansehen",
  en: "look at heating curve, schedule and outdoor sensor",
};
const TANK: Words = {
  de: "Solltemperatur und Fühler des Warmwasserspeichers ansehen",
  en: "look at set temperature and sensor of the hot water tank",
};
const REFRIGERANT: Words = {
  de: "den Kältekreis von einem Fachbetrieb ansehen lassen, wenn es anhält",
  en: "let a specialist look at the refrigerant circuit if it lasts",
};
const SENSOR: Words = {
  de: "Fühler, Kabel und Sitz des Fühlers ansehen",
  en: "look at the sensor, its cable and where it sits",
};

/** What to look at first, by what departs. */
const CHECKS: Readonly<Partial<Record<ChannelId, Words>>> = {
  low: AIR,
  fan: AIR,
  def: AIR,
  evaporator: AIR,
  high: WATER,
  return: WATER,
  flowRate: WATER,
  condenserOut: WATER,
  power: ELECTRIC,
  kw: ELECTRIC,
  flow: CURVE,
  frequency: CURVE,
  starts: CURVE,
  tank: TANK,
  dhw: TANK,
};

/** Words for a machine that departs. */
export function sayMachine(
  explanation: Explanation,
  source: AlarmSource,
  writeTime: WriteTime,
): AlarmWords {
  const say = (language: Language) => {
    const words = WORDS[language];
    const time = (cell: number) => writeTime(cell * CELL_MS, language);
    const parts = explanation.parts.map((part) => sayPart(part, language, time));
    const compared = source === "local" ? words.local : words.community;
    const possible = sayPossible(explanation, language);
    const checks = checksOf(explanation.parts).map((check) => check[language]);
    const text = [
      ...parts.map((part) => `${part}.`),
      ...(possible === "" ? [] : [possible]),
      ...(checks.length === 0 ? [] : [`${words.check}: ${checks.join("; ")}.`]),
      `${compared}.`,
    ];
    return { title: titleOf(explanation, parts[0], language), text: text.join(" ") };
  };
  return inBoth(say);
}

/** Words for readings that cannot be right. */
export function saySensor(findings: readonly Finding[], writeTime: WriteTime): AlarmWords {
  const say = (language: Language) => {
    const words = WORDS[language];
    const said = findings.map(({ channel, detail, since }) => {
      const time = writeTime(since * CELL_MS, language);
      return `${channelAt(channel).label[language]}: ${sayDetail(detail, language)}, ${words.since} ${time}.`;
    });
    const names = findings.map(({ channel }) => channelAt(channel).label[language]);
    return {
      title: `${[...new Set(names)].join(", ")}: ${words.sensor}`,
      text: [...said, `${words.check}: ${SENSOR[language]}.`].join(" "),
    };
  };
  return inBoth(say);
}

function titleOf(explanation: Explanation, said: string | undefined, language: Language): string {
  const words = WORDS[language];
  const [part] = explanation.parts;
  if (part === undefined || said === undefined) return words.departs;
  const [what = words.departs] = said.split(": ", 1);
  return `${what}: ${part.share < 0 ? words.below : words.above}`;
}

/** What to look at, each said once. */
export function checksOf(parts: readonly { readonly part: PlanPart }[]): readonly Words[] {
  return [...new Set(parts.map(({ part }) => CHECKS[part.target] ?? REFRIGERANT))];
}

/** One finding: which channel, and what is wrong with it. */
export function sayFinding({ channel, detail }: Pick<Finding, "channel" | "detail">): Words {
  const say = (language: Language) =>
    `${channelAt(channel).label[language]}: ${sayDetail(detail, language)}`;
  return { de: say("de"), en: say("en") };
}

/** What a finding says in English, in German. Numbers stay. */
const DETAILS: readonly (readonly [en: RegExp, de: string])[] = [
  [/^stands at (.*)$/, "steht bei $1"],
  [/^reads like degrees Fahrenheit$/, "liest sich wie Grad Fahrenheit"],
  [/^reads like degrees Celsius.*$/, "liest sich wie Grad Celsius statt Fahrenheit"],
  [/^is a thousand times what it was$/, "ist tausendmal so groß wie zuvor"],
  [/^is a thousandth of what it was$/, "ist ein Tausendstel von zuvor"],
  [
    /^is never possible: .*$/,
    "ist nie möglich: andere Einheit, oder Datenwörter in falscher Reihenfolge",
  ],
  [/^(\d+) of (\d+) cells beyond what can be$/, "$1 von $2 Abschnitten außerhalb des Möglichen"],
  [/^(\d+) jumps in a day$/, "$1 Sprünge an einem Tag"],
  [/^(\d+) of (\d+) cells without a value$/, "$1 von $2 Abschnitten ohne Wert"],
  [/^has no values$/, "liefert keine Werte"],
  [/^flow and return look swapped$/, "Vor- und Rücklauf wirken vertauscht"],
  [/^COP is 1.*$/, "Leistungszahl ist 1: Wärmeleistung als elektrische gelesen"],
];

function sayDetail(detail: string, language: Language): string {
  if (language === "en") return detail;
  const [from, to] = DETAILS.find(([en]) => en.test(detail)) ?? [/^$/, ""];
  return detail.replace(from, to);
}

/** An alarm of which nothing could be judged since then: neither that it goes on nor that it is over. */
export function sayWaiting(sinceMs: number, language: Language, writeTime: WriteTime): string {
  const since = writeTime(sinceMs, language);
  return language === "de"
    ? `Der Alarm wartet: Seit ${since} war nichts zu beurteilen, denn die Wärmepumpe lief nicht so oder Messwerte fehlen.`
    : `The alarm waits: since ${since} nothing could be judged, as the heat pump did not run like this or readings are missing.`;
}

/** The same in both languages. */
export function inBoth(say: (language: Language) => { title: string; text: string }): AlarmWords {
  const [de, en] = LANGUAGES.map(say);
  return {
    title: { de: de?.title ?? "", en: en?.title ?? "" },
    text: { de: de?.text ?? "", en: en?.text ?? "" },
  };
}
