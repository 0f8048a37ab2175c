/**
 * Badges: what a rank or a contribution earns, as data. An operator may bring a list of its own; its
 * texts are shown to owners as they are.
 */

/** What has to hold. */
export type BadgeRule =
  | {
      readonly kind: "rank";
      /** A quantity with a better end. */
      readonly quantity: string;
      readonly window: "7d" | "30d" | "365d";
      /** Better than so many percent. */
      readonly percentMin: number;
    }
  | {
      readonly kind: "contribution";
      /** Distinct days with data within the last 60. */
      readonly daysMin: number;
    };

/** One badge. */
export interface Badge {
  /** `^[a-z][a-z0-9-]{0,31}$` */
  readonly id: string;
  readonly rule: BadgeRule;
  readonly title: { readonly de: string; readonly en: string };
  readonly text: { readonly de: string; readonly en: string };
}

/** What an installation has to show. */
export interface BadgeFacts {
  /** By quantity and window; left out: not known. */
  rank(quantity: string, window: string): number | undefined;
  readonly daysWithData: number;
}

/** The badges that hold. */
export function earnBadges(badges: readonly Badge[], facts: BadgeFacts): Badge[] {
  return badges.filter(({ rule }) =>
    rule.kind === "contribution"
      ? facts.daysWithData >= rule.daysMin
      : (facts.rank(rule.quantity, rule.window) ?? -1) >= rule.percentMin,
  );
}

/** Those of a pool that brings none of its own. */
export const BADGES: readonly Badge[] = [
  {
    id: "efficient-month",
    rule: { kind: "rank", quantity: "cop_total", window: "30d", percentMin: 75 },
    title: { de: "Sparsamer Monat", en: "Efficient month" },
    text: {
      de: "In den letzten 30 Tagen effizienter als drei Viertel der Anlagen gleichen Modells.",
      en: "More efficient over the last 30 days than three quarters of the same model.",
    },
  },
  {
    id: "efficient-year",
    rule: { kind: "rank", quantity: "spf", window: "365d", percentMin: 75 },
    title: { de: "Sparsames Jahr", en: "Efficient year" },
    text: {
      de: "Jahresarbeitszahl besser als bei drei Vierteln der Anlagen gleichen Modells.",
      en: "A seasonal performance factor above that of three quarters of the same model.",
    },
  },
  {
    id: "steady-runner",
    rule: { kind: "rank", quantity: "starts_per_hour", window: "30d", percentMin: 75 },
    title: { de: "Ruhiger Lauf", en: "Steady runner" },
    text: {
      de: "Weniger Starts je Betriebsstunde als bei drei Vierteln der Anlagen gleichen Modells.",
      en: "Fewer starts per running hour than three quarters of the same model.",
    },
  },
  {
    id: "contributor",
    rule: { kind: "contribution", daysMin: 30 },
    title: { de: "Dabei", en: "Contributor" },
    text: {
      de: "Seit mindestens 30 Tagen mit Daten dabei.",
      en: "At least 30 days of data shared.",
    },
  },
];
