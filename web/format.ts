/** Numbers and times as people of the chosen language write them. */
import type { Metric, Value, Words } from "./answers.js";
import { language, locale, say } from "./texts.js";

export function formatNumber(value: number, decimals = 1): string {
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return new Intl.NumberFormat(locale.value, digits).format(value);
}

export function formatTime(atMs: number): string {
  const style = { dateStyle: "short", timeStyle: "short" } as const;
  return new Intl.DateTimeFormat(locale.value, style).format(atMs);
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${formatNumber(bytes / 1024)} KiB`;
  return `${formatNumber(bytes / (1024 * 1024))} MiB`;
}

/** A value as it stands in a table, without its unit. */
export function formatValue({ value, kind, meaning, decimals }: Value): string {
  if (value === undefined) return "–";
  if (meaning !== undefined) return inWords(meaning);
  if (kind === "flag") return say(value === 0 ? "no" : "yes");
  return formatNumber(value, decimals ?? (Number.isInteger(value) ? 0 : 2));
}

/** What a code or flag means; its number where nobody says. */
export function formatState({ kind, codes }: Metric, value: number): string {
  const known = codes?.find((one) => one.value === value);
  if (known !== undefined) return inWords(known.label);
  if (kind === "flag") return say(value === 0 ? "no" : "yes");
  return String(value);
}

export function inWords(words: Words): string {
  return words[language.value];
}
