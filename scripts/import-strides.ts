/** Rows of circuits, zones, rooms and boosters folded into one line with a stride. */
import type { TableRow } from "./csv-register-table.js";

/** A row that stands alone, or the first of many with their stride. */
export interface Folded {
  readonly row: TableRow;
  /** `{ circuit: 2 }` */
  readonly stride: string | undefined;
  /** `{ circuit: [a] }`, where rows of one line have different sources. */
  readonly only: string | undefined;
  /** Names with the parameter in braces. */
  readonly nameEn: string;
  readonly nameDe: string;
}

/** Where the parameter stands in a name, and how often it repeats. */
const FAMILIES = [
  {
    pattern: /^Zone \d+ room [1-8] /,
    first: /^Zone 1 room 1 /,
    steps: [
      { name: "zone", next: /^Zone 2 room 1 /, count: 10 },
      { name: "room", next: /^Zone 1 room 2 /, count: 8 },
    ],
    replace: [
      [/Zone 1 room 1 /, "Zone {zone} room {room} "],
      [/Zonenmodul 1 Raum 1 /, "Zonenmodul {zone} Raum {room} "],
    ],
  },
  {
    pattern: /^Zone \d+ room 9 /,
    first: /^Zone 1 room 9 /,
    steps: [{ name: "zone", next: /^Zone 2 room 9 /, count: 10 }],
    replace: [
      [/Zone 1 /, "Zone {zone} "],
      [/Zonenmodul 1 /, "Zonenmodul {zone} "],
    ],
  },
  {
    pattern: /^Zone \d+ (?!room)/,
    first: /^Zone 1 (?!room)/,
    steps: [{ name: "zone", next: /^Zone 2 (?!room)/, count: 10 }],
    replace: [
      [/Zone 1 /, "Zone {zone} "],
      [/Zonenmodul 1 /, "Zonenmodul {zone} "],
    ],
  },
  {
    pattern: /^HC [A-G] /,
    first: /^HC A /,
    steps: [{ name: "circuit", next: /^HC B /, count: 7 }],
    replace: [
      [/^HC A /, "Circuit {CIRCUIT} "],
      [/\b(HK|Heizkreis) A\b/, "$1 {CIRCUIT}"],
    ],
  },
  {
    pattern: /^Booster [AB] /,
    first: /^Booster A /,
    steps: [{ name: "booster", next: /^Booster B /, count: 2 }],
    replace: [[/Booster A /, "Booster {BOOSTER} "]],
  },
] as const;

/** Rows by address, repeated ones only once. Throws where a repetition is not regular. */
export function foldRows(rows: readonly TableRow[]): readonly Folded[] {
  return rows.flatMap((row): readonly Folded[] => {
    const family = FAMILIES.find(
      ({ pattern, first }) => pattern.test(row.nameEn) || first.test(row.nameEn),
    );
    if (family === undefined) {
      return [{ row, stride: undefined, only: undefined, nameEn: row.nameEn, nameDe: row.nameDe }];
    }
    if (!family.first.test(row.nameEn)) return [];
    const rest = row.nameEn.replace(family.first, "");
    const strides = family.steps.map(({ name, next }) => {
      const second = rows.find(
        (one) => next.test(one.nameEn) && one.nameEn.replace(next, "") === rest,
      );
      if (second === undefined) throw new Error(`no second row for ${row.nameEn}`);
      return `${name}: ${second.address - row.address}`;
    });
    const expected = family.steps.reduce((product, { count }) => product * count, 1);
    const found = rows.filter(
      (one) => family.pattern.test(one.nameEn) && one.nameEn.replace(family.pattern, "") === rest,
    );
    if (found.length !== expected)
      throw new Error(`${found.length} rows of ${row.nameEn}, not ${expected}`);
    let [nameEn, nameDe] = [row.nameEn, row.nameDe];
    for (const [pattern, by] of family.replace) {
      nameEn = nameEn.replace(pattern, by);
      nameDe = nameDe.replace(pattern, by);
    }
    const stride = `{ ${strides.join(", ")} }`;
    return splitBySources(found).map(({ sources, positions }) => ({
      row: { ...row, sources },
      stride,
      only: positions.length === found.length ? undefined : onlyOf(positions),
      nameEn,
      nameDe,
    }));
  });
}

/** Only circuits differ: some tables list circuit A alone. */
function onlyOf(positions: readonly number[]): string {
  const letters = positions.map((position) => "abcdefg"[position] ?? "");
  return `{ circuit: [${letters.join(", ")}] }`;
}

function splitBySources(rows: readonly TableRow[]) {
  const groups = new Map<string, { sources: readonly string[]; positions: number[] }>();
  for (const [position, { sources }] of rows.entries()) {
    const key = sources.join();
    const group = groups.get(key) ?? { sources, positions: [] };
    groups.set(key, group);
    group.positions.push(position);
  }
  return [...groups.values()];
}
