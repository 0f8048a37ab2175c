/** Register tables of the reference: one row per register, as `csv-parse` reads them. */
import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";

/** A row. Addresses count from 0. */
export interface TableRow {
  readonly table: "input" | "holding" | "coil" | "discrete";
  readonly address: number;
  readonly words: number;
  readonly type: string;
  readonly wordOrder: "big" | "little";
  readonly scale: number;
  readonly unit: string;
  readonly access: "r" | "rw" | "w";
  readonly nameEn: string;
  readonly nameDe: string;
  readonly enumValues: string;
  readonly sources: readonly string[];
  readonly confidence: string;
}

/** Every record of a CSV file with a header line. */
export function readCsv(file: string): readonly Readonly<Record<string, string>>[] {
  return parse(readFileSync(file, "utf8"), { columns: true });
}

/** Rows of a register table, by address. */
export function readRegisterTable(file: string): readonly TableRow[] {
  return readCsv(file)
    .map((row) => ({
      table: row.table as TableRow["table"],
      address: Number(row.address),
      words: Number(row.words),
      type: row.type ?? "",
      wordOrder: row.word_order as TableRow["wordOrder"],
      scale: Number(row.scale),
      unit: (row.unit ?? "").replace(/^L\/min$/, "l/min"),
      access: row.access as TableRow["access"],
      nameEn: row.name_en ?? "",
      nameDe: row.name_de ?? "",
      enumValues: row.enum_values ?? "",
      sources: (row.source ?? "").split("; "),
      confidence: row.confidence ?? "",
    }))
    .sort((a, b) => a.address - b.address);
}
