/**
 * Explanations in German and English. Words only: what is said was decided before. Time is written
 * by whoever knows the owner's time zone.
 */
import { channelAt, channelIndex } from "./channel.js";
import type { ExplainedPart, Explanation } from "./explain.js";
import type { PlanPart } from "./feature-plan.js";

/** Languages an owner can choose. */
export type Language = "de" | "en";

const MODES: Readonly<Record<PlanPart["mode"], Readonly<Record<Language, string>>>> = {
  off: { de: "Stillstand", en: "Standstill" },
  heating: { de: "Heizen", en: "Heating" },
  hot_water: { de: "Warmwasser", en: "Hot water" },
  cooling: { de: "Kühlen", en: "Cooling" },
  defrost: { de: "Abtauen", en: "Defrosting" },
  unknown: { de: "Betrieb", en: "Operation" },
  running: { de: "Betrieb", en: "Running" },
  day: { de: "Tageswert", en: "Over a day" },
};

const WORDS = {
  de: { expected: "erwartet", since: "seit", maybe: "Möglich wäre", or: "oder" },
  en: { expected: "expected", since: "since", maybe: "It could be", or: "or" },
} as const;

/** Digits behind the decimal sign, by unit. */
const DIGITS: Readonly<Record<string, number>> = { bar: 1, "°C": 1, K: 1, kW: 2, "%": 0, Hz: 0 };
const DIGITS_ELSE = 1;

/**
 * `Heating, low pressure: 4.0 bar, expected 4.6 ± 0.2, since Tuesday 14:00`.
 *
 * @param writeTime says a cell as the owner would
 */
export function sayPart(
  explained: ExplainedPart,
  language: Language,
  writeTime: (cell: number) => string,
): string {
  const { part, measured, expected, spread, sinceCell } = explained;
  const { unit } = channelAt(channelIndex(part.target));
  const say = (value: number) => writeNumber(value, unit, language);
  const words = WORDS[language];
  const unitText = unit === "" ? "" : ` ${unit}`;
  const since = Number.isNaN(sinceCell) ? "" : `, ${words.since} ${writeTime(sinceCell)}`;
  return `${namePart(part, language)}: ${say(measured)}${unitText}, ${words.expected} ${say(expected)} ± ${say(spread)}${since}`;
}

/** `Heating, low pressure` */
export function namePart(part: PlanPart, language: Language): string {
  return `${MODES[part.mode][language]}, ${channelAt(channelIndex(part.target)).label[language]}`;
}

/** `It could be: fouled evaporator or fan does not run properly.`; empty when nothing looks alike. */
export function sayPossible({ possible }: Explanation, language: Language): string {
  if (possible.length === 0) return "";
  const { maybe, or } = WORDS[language];
  return `${maybe}: ${possible.map(({ label }) => label[language]).join(` ${or} `)}.`;
}

function writeNumber(value: number, unit: string, language: Language): string {
  const text = value.toFixed(DIGITS[unit] ?? DIGITS_ELSE).replace("-", "−");
  return language === "de" ? text.replace(".", ",") : text;
}
