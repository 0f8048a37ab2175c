/**
 * The point list of a gateway: which data point its installer put at which address. What could make
 * two points one, or read beside the mark, is refused with the line.
 */
import { HeatpoolError } from "#core/errors.js";
import type { Space } from "#core/profile/register-range.js";
import type { AssignedPoint } from "#core/profile/template.js";
import { type CsvRow, readCsvRows } from "./csv-rows.js";
import { toAddress } from "./register-table.js";

/** Columns that a list must have; `word_order` and `unit_id` may be there too. */
export const POINT_COLUMNS = ["point", "table", "address", "type", "scale"] as const;

const SPACES = ["coil", "discrete", "holding", "input"] satisfies Space[];
/** Words of each type. */
const TYPES: Readonly<Record<string, number>> = {
  int16: 1,
  uint16: 1,
  int8: 1,
  uint8: 1,
  bool: 1,
  int32: 2,
  uint32: 2,
  float32: 2,
};
const ORDERS: Readonly<Record<string, "high-first" | "low-first" | undefined>> = {
  "": undefined,
  big: "high-first",
  little: "low-first",
  "high-first": "high-first",
  "low-first": "low-first",
};
const UNIT_MAX = 255;
const ADDRESS_MAX = 65_535;

/** A point and the line that it is from. */
interface Listed {
  readonly line: number;
  readonly assigned: AssignedPoint;
  readonly words: number;
}

/**
 * @param firstAddress 1 where the list counts from 1, 0 where it counts as on the wire
 * @throws HeatpoolError `USAGE`, naming every faulty line
 */
export function readPointList(
  file: string,
  known: ReadonlySet<string>,
  firstAddress: 0 | 1,
): readonly AssignedPoint[] {
  const listed: Listed[] = [];
  const faults: string[] = [];
  for (const row of readCsvRows(file, POINT_COLUMNS)) {
    // A gateway's list has more than a template knows; what stays without address is not read.
    if ((row.cells.address ?? "") === "") continue;
    const point = toPoint(row, known, firstAddress);
    const fault = typeof point === "string" ? point : findClash(point, listed);
    if (fault !== undefined) faults.push(`${file}:${row.line} ${fault}`);
    else if (typeof point !== "string") listed.push(point);
  }
  if (faults.length === 0 && listed.length > 0) return listed.map((one) => one.assigned);
  const told = faults.length > 0 ? faults : [`${file}:1 no point has an address`];
  throw new HeatpoolError("USAGE", `${told.length} problem(s)\n  ${told.join("\n  ")}`, {
    hint: `Points are: ${[...known].join(", ")}. Types are: ${Object.keys(TYPES).join(", ")}.`,
  });
}

/** The point of a row, or what is wrong with it. */
function toPoint(
  { line, cells }: CsvRow,
  known: ReadonlySet<string>,
  firstAddress: 0 | 1,
): Listed | string {
  const { point = "", table, type = "", scale = "", word_order = "", unit_id = "" } = cells;
  if (!known.has(point)) return `the template has no point ${JSON.stringify(point)}`;
  const space = SPACES.find((one) => one === table);
  if (space === undefined) return `table ${table}: must be ${SPACES.join(", ")}`;
  const words = TYPES[type];
  if (words === undefined) return `type ${JSON.stringify(type)} is not known`;
  const isBits = space === "coil" || space === "discrete";
  if (isBits && type !== "bool") return `${space} ${cells.address} holds a bool, not ${type}`;
  const printed = toAddress(cells.address ?? "");
  const address = printed === undefined ? undefined : printed - firstAddress;
  if (address === undefined || address < 0 || address + words - 1 > ADDRESS_MAX) {
    return `address ${cells.address} is not possible for ${words} word(s)`;
  }
  if (!(word_order in ORDERS)) return `word_order ${word_order}: must be big or little`;
  const factor = scale === "" ? undefined : Number(scale);
  if (factor !== undefined && !(Number.isFinite(factor) && factor !== 0)) {
    return `scale ${scale} is no number`;
  }
  const unitId = unit_id === "" ? undefined : Number(unit_id);
  if (unitId !== undefined && !(Number.isInteger(unitId) && unitId >= 0 && unitId <= UNIT_MAX)) {
    return `unit_id ${unit_id}: must be a number from 0 to ${UNIT_MAX}`;
  }
  const wordOrder = ORDERS[word_order];
  const place = { point, space, address, encoding: type };
  return { line, words, assigned: { ...place, scale: factor, wordOrder, unitId } };
}

/** A point that is listed twice, or words that two points share. */
function findClash({ assigned, words }: Listed, before: readonly Listed[]): string | undefined {
  for (const { line, assigned: other, words: otherWords } of before) {
    if (other.point === assigned.point) return `${assigned.point} is already in line ${line}`;
    const isSamePlace = other.space === assigned.space && other.unitId === assigned.unitId;
    const isTouching =
      assigned.address < other.address + otherWords && other.address < assigned.address + words;
    if (isSamePlace && isTouching) {
      return `address ${assigned.address} is already ${other.point} in line ${line}`;
    }
  }
  return undefined;
}
