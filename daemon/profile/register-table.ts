/** Register tables as people keep them: one row per register. */
import { HeatpoolError } from "#core/errors.js";
import type { TableRow } from "#core/profile/register-differences.js";
import type { Space } from "#core/profile/register-range.js";
import { type CsvRow, readCsvRows } from "./csv-rows.js";

const COLUMNS = ["table", "address", "words", "type", "word_order", "scale", "unit", "access"];
const SPACES: readonly string[] = ["coil", "discrete", "holding", "input"] satisfies Space[];
const ADDRESS_MAX = 65_535;

/** @throws HeatpoolError `USAGE`, naming the line, for a file that is no register table */
export function readRegisterTable(file: string): readonly TableRow[] {
  return readCsvRows(file, COLUMNS).map((row) => toTableRow(file, row));
}

function toTableRow(file: string, { line, cells }: CsvRow): TableRow {
  const address = toAddress(cells.address ?? "");
  const space = SPACES.find((one) => one === cells.table) as Space | undefined;
  if (address === undefined || space === undefined) {
    const wrong = space === undefined ? `table ${cells.table}` : `address ${cells.address}`;
    throw new HeatpoolError("USAGE", `${file}:${line} ${wrong} is not possible`, {
      hint: `Tables are ${SPACES.join(", ")}; addresses count from 0 to ${ADDRESS_MAX}.`,
    });
  }
  return {
    space,
    address,
    words: Number(cells.words),
    type: cells.type ?? "",
    wordOrder: cells.word_order === "little" ? "low-first" : "high-first",
    scale: Number(cells.scale),
    unit: cells.unit ?? "",
    // The reference writes it into the name.
    access: cells.name_en?.includes("[write-only]") === true ? "w" : (cells.access ?? ""),
  };
}

/** A Modbus address as written in decimal; `undefined` for anything else. */
export function toAddress(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= ADDRESS_MAX ? Number(text) : undefined;
}
