/**
 * A snapshot as a person reads it: one line per reading, with what it is called on the device's own
 * display, its unit, and why it has no value where it has none. Pure.
 */
import { findMetric } from "#core/measurement/metrics.js";
import type { Quality, Reading, Snapshot } from "#core/measurement/snapshot.js";
import { type AnyProfile, isMqttProfile } from "#core/profile/mqtt-profile.js";
import type { ProfileRegister } from "#core/profile/profile.js";

/** Languages of the product. */
export type Language = "de" | "en";

/** A reading with everything needed to show it; also the shape of `--json`. */
export interface ShownReading {
  readonly metric: string;
  readonly label: string;
  /** `undefined` where there is none; JSON leaves it out. */
  readonly value: number | undefined;
  readonly unit: string;
  readonly quality: Quality;
  /** What a code or a state means. */
  readonly meaning: string | undefined;
}

const QUALITY_TEXTS: Readonly<Record<Quality, Record<Language, string>>> = {
  good: { de: "gut", en: "good" },
  reread: { de: "zweimal gelesen", en: "read twice" },
  absent: { de: "nicht vorhanden", en: "absent" },
  implausible: { de: "unplausibel", en: "implausible" },
  "read-error": { de: "Lesefehler", en: "read error" },
  quarantined: { de: "vom Gerät verweigert", en: "refused by the device" },
  "not-due": { de: "diesmal nicht gelesen", en: "not read this time" },
};

/** @param all also what only this house sees: registers that serve no metric of the catalogue */
export function showReadings(
  snapshot: Snapshot,
  profile: AnyProfile,
  language: Language,
  all: boolean,
): readonly ShownReading[] {
  return snapshot.readings
    .filter(({ metric }) => all || findMetric(metric) !== undefined)
    .map((reading) => showReading(reading, profile, language));
}

/** Lines of a table: metric, label, value, unit, quality. */
export function renderSnapshotTable(
  snapshot: Snapshot,
  profile: AnyProfile,
  language: Language,
  all = false,
): readonly string[] {
  const rows = showReadings(snapshot, profile, language, all).map((one) => [
    one.metric,
    one.label,
    one.meaning ?? formatValue(one),
    one.unit,
    QUALITY_TEXTS[one.quality][language],
  ]);
  const titles = {
    de: ["Messgröße", "Bezeichnung", "Wert", "Einheit", "Güte"],
    en: ["metric", "label", "value", "unit", "quality"],
  };
  const table = [titles[language], ...rows];
  const widths = titles[language].map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0)),
  );
  return table.map((row) => alignRow(row, widths));
}

/** Values stand to the right, everything else to the left. */
const VALUE_COLUMN = 2;

function alignRow(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === VALUE_COLUMN ? cell.padStart(width) : cell.padEnd(width);
    })
    .join("  ")
    .trimEnd();
}

function showReading(
  { metric, value, quality }: Reading,
  profile: AnyProfile,
  language: Language,
): ShownReading {
  const known = findMetric(metric);
  const register = registerOf(metric, profile);
  const label = known?.label ?? register?.label;
  return {
    metric,
    label: label?.[language] ?? metric,
    value,
    unit: known?.unit ?? register?.unit ?? "",
    quality,
    meaning: value === undefined ? undefined : meaningOf(value, register, language),
  };
}

/** What registers and points have in common for the reader. */
type Described = Pick<ProfileRegister, "id" | "label" | "unit" | "codes" | "isFlags">;

/** The register or point that serves a metric first, or the one of that id. */
function registerOf(metric: string, profile: AnyProfile): Described | undefined {
  const [id = metric] = profile.candidates.get(metric) ?? [];
  const all: readonly Described[] = isMqttProfile(profile) ? profile.points : profile.registers;
  return all.find((one) => one.id === id);
}

function meaningOf(
  value: number,
  register: Described | undefined,
  language: Language,
): string | undefined {
  if (register === undefined || register.codes.size === 0) return undefined;
  const exact = register.codes.get(value);
  if (exact !== undefined) return exact[language];
  if (!register.isFlags) return undefined;
  const set = [...register.codes].filter(([mask]) => mask !== 0 && (value & mask) === mask);
  return set.map(([, label]) => label[language]).join(" + ") || undefined;
}

function formatValue({ metric, value }: ShownReading): string {
  if (value === undefined) return "-";
  const decimals = findMetric(metric)?.resolution.decimals;
  return decimals === undefined ? String(value) : value.toFixed(decimals);
}
