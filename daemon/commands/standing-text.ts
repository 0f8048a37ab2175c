/** Where this installation stands among others of its model, for a person. Pure. */
import type { Locale } from "#core/enrolment/consent-record.js";
import type { Words } from "../local/house.js";

/** What the daemon says of it. */
export interface Standing {
  /** `30d` */
  readonly window: string;
  readonly ranks: readonly {
    readonly label: Words;
    readonly unit: string;
    readonly heatpumpModel: string;
    readonly value: number;
    readonly betterThanPercent?: number;
    readonly installations?: number;
  }[];
  readonly badges: readonly { readonly title: Words; readonly text: Words }[];
}

const SAYS = {
  en: {
    title: (days: string) => `You among others of your model, ${days} days:`,
    better: (percent: number, of: number) => `better than ${percent} % of ${of}`,
    none: "Nothing can be compared yet: it takes days of data, and enough others.",
    badges: "Earned:",
  },
  de: {
    title: (days: string) => `Sie unter anderen Ihres Modells, ${days} Tage:`,
    better: (percent: number, of: number) => `besser als ${percent} % von ${of}`,
    none: "Noch ist nichts zu vergleichen: Es braucht Tage mit Daten und genug andere.",
    badges: "Verdient:",
  },
} as const;
const DECIMALS = 2;

export function renderStanding(standing: Standing, language: Locale): readonly string[] {
  const says = SAYS[language];
  const { ranks, badges, window } = standing;
  const format = new Intl.NumberFormat(language, { maximumFractionDigits: DECIMALS });
  const lines = ranks.map(({ label, unit, value, betterThanPercent, installations = 0 }) => {
    const own = `  ${label[language]}: ${format.format(value)} ${unit}`.trimEnd();
    if (betterThanPercent === undefined) return own;
    return `${own}, ${says.better(betterThanPercent, installations)}`;
  });
  return [
    says.title(Number.parseInt(window, 10).toString()),
    ...(lines.length === 0 ? [`  ${says.none}`] : lines),
    ...(badges.length === 0 ? [] : [says.badges]),
    ...badges.map(({ title, text }) => `  ${title[language]} – ${text[language]}`),
  ];
}
