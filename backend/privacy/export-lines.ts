/**
 * An export as text: one JSON record a line. Columns are said before the first row that has them and
 * again when they change; times are ISO 8601, bytes base64.
 */
import type { ExportedInstallation, ExportPart } from "./subject-rights.js";

/** A part with whatever is known of the installation itself. */
export type AnyPart =
  | Exclude<ExportPart, ExportedInstallation>
  | (Omit<ExportedInstallation, "record"> & { readonly record: object });

/** Makes the lines of the parts of one export, in their order. */
export function createExportLines(): (part: AnyPart) => string[] {
  let columns = "";
  return (part) => {
    if (part.kind !== "readings") return [toRecord(part)];
    const { kind: _, rows, receivedAtMs, ...facts } = part;
    const heading = JSON.stringify({ kind: "columns", ...facts });
    const before = heading === columns ? [] : [heading];
    columns = heading;
    const received = toTime(receivedAtMs);
    const lines = rows.map(({ atMs, values }) => {
      const named = values.map((value, k) => [part.columns[k]?.metric, value]);
      return JSON.stringify({
        kind: "row",
        deviceId: part.deviceId,
        time: toTime(atMs),
        received,
        values: Object.fromEntries(named.filter(([, value]) => value !== undefined)),
      });
    });
    return [...before, ...lines];
  };
}

/** All lines of an export. */
export async function* exportLines(parts: AsyncIterable<AnyPart>): AsyncGenerator<string> {
  const toLines = createExportLines();
  for await (const part of parts) yield* toLines(part);
}

/** Everything but readings as one record; times as text, bytes as base64. */
export function toRecord(part: Exclude<AnyPart, { kind: "readings" }>): string {
  return JSON.stringify(part, (name, value) => {
    if (name.endsWith("AtMs") || name === "atMs" || name === "fromMs" || name === "toMs")
      return toTime(value);
    if (name === "day") return toDate(value);
    if (name === "block") return Buffer.from(value.data ?? value).toString("base64");
    return value;
  });
}

/** 0 is a time that nobody knows. */
export function toTime(atMs: number): string {
  return atMs === 0 ? "" : new Date(atMs).toISOString();
}

const DAY_MS = 86_400_000;

/** A day since 1970 (UTC). */
export function toDate(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}
