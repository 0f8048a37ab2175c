/**
 * What two descriptions of a device say differently, register by register: two profiles, or a
 * profile and a register table. Words of people (labels, comments) are not compared.
 */
import type { Profile, ProfileRegister } from "./profile.js";
import type { Space } from "./register-range.js";

/** A row of a register table. Addresses count from 0. */
export interface TableRow {
  readonly space: Space;
  readonly address: number;
  readonly words: number;
  /** `int16`, `float32`, `enum`, `bitmask`, … */
  readonly type: string;
  readonly wordOrder: "high-first" | "low-first";
  readonly scale: number;
  readonly unit: string;
  readonly access: string;
}

/** One thing that is said differently of one register. */
export interface Difference {
  readonly place: string;
  readonly field: string;
  readonly from: string;
  readonly to: string;
}

/** Everything that is different. Places are `input 1000`, or `@40 holding 3` for another unit. */
export interface Differences {
  /** Only the second has them. */
  readonly added: readonly string[];
  /** Only the first has them. */
  readonly removed: readonly string[];
  readonly changed: readonly Difference[];
  /** How many stand in both. */
  readonly compared: number;
}

type Facts = Readonly<Record<string, string>>;

/** What one of a unit is in the unit that all of its kind are compared in. */
const UNITS: Readonly<Record<string, readonly [unit: string, factor: number]>> = {
  W: ["kW", 0.001],
  Wh: ["kWh", 0.001],
  MWh: ["kWh", 1000],
  mbar: ["bar", 0.001],
  "l/h": ["l/min", 1 / 60],
  "L/min": ["l/min", 1],
  "m³/h": ["l/min", 1000 / 60],
  "l/m": ["l/min", 1],
  "‰": ["%", 0.1],
  K: ["°C", 1],
  min: ["h", 1 / 60],
  minute: ["h", 1 / 60],
  minutes: ["h", 1 / 60],
  s: ["h", 1 / 3600],
  days: ["d", 1],
  "K*min": ["K·min", 1],
  "°min": ["K·min", 1],
  /** Degree minutes, in the papers of NIBE. */
  DM: ["K·min", 1],
  rps: ["Hz", 1],
};

/** Encodings that a table calls a code, a set of flags, or yes and no. */
const LOOSE: Readonly<Record<string, RegExp>> = {
  enum: /^(u?int(8|16)|bool|bits|nonzero)$/,
  bitmask: /^(uint(8|16)|int16|bits)$/,
  bool: /^(u?int(8|16)|bool|bits|nonzero)$/,
};

/** A number in as many digits as tables have; 1/60 stands there with 16. */
const DIGITS = 9;

/** What `b` says differently from `a`. */
export function compareProfiles(a: Profile, b: Profile): Differences {
  const [before, after] = [a, b].map(
    (one) => new Map(one.registers.map((register) => [placeOf(register, one), register])),
  );
  return compare(before ?? new Map(), after ?? new Map(), (left, right) => [
    factsOf(left),
    factsOf(right),
  ]);
}

/** What a register table says differently from a profile. Tables know no units of Modbus. */
export function compareWithTable(profile: Profile, rows: readonly TableRow[]): Differences {
  const words = new Map<string, { register: ProfileRegister; word: number }[]>();
  for (const register of profile.registers) {
    for (let word = 0; word < register.format.words; word++) {
      const key = `${register.manualSpace} ${register.address + word}`;
      words.set(key, [...(words.get(key) ?? []), { register, word }]);
    }
  }
  const read = new Set(
    rows.flatMap(({ space, address }) => words.get(`${space} ${address}`) ?? []),
  );
  const readIds = new Set([...read].map(({ register }) => register.id));
  const changed = rows.flatMap((row) => {
    const candidates = words.get(`${row.space} ${row.address}`) ?? [];
    const found = candidates.map((one) => differ(placeOfRow(row), ...rowFacts(one, row)));
    return found.sort((x, y) => x.length - y.length)[0] ?? [];
  });
  return {
    added: rows.filter((row) => !words.has(`${row.space} ${row.address}`)).map(placeOfRow),
    removed: profile.registers
      .filter((one) => !readIds.has(one.id))
      .map((one) => placeOf(one, profile)),
    changed,
    compared: rows.filter((row) => words.has(`${row.space} ${row.address}`)).length,
  };
}

function compare<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  toFacts: (a: T, b: T) => readonly [Facts, Facts],
): Differences {
  const both = [...before.keys()].filter((place) => after.has(place));
  return {
    added: [...after.keys()].filter((place) => !before.has(place)),
    removed: [...before.keys()].filter((place) => !after.has(place)),
    changed: both.flatMap((place) => {
      const [left, right] = [before.get(place), after.get(place)];
      if (left === undefined || right === undefined) return [];
      return differ(place, ...toFacts(left, right));
    }),
    compared: both.length,
  };
}

function differ(place: string, from: Facts, to: Facts): readonly Difference[] {
  return Object.keys(from)
    .filter((field) => from[field] !== to[field])
    .map((field) => ({ place, field, from: from[field] ?? "", to: to[field] ?? "" }));
}

function placeOf(register: ProfileRegister, { connection }: Profile): string {
  const { unitId, manualSpace, address, format } = register;
  const unit = unitId === connection.unitId ? "" : `@${unitId} `;
  const { bits } = format;
  const part = bits === undefined ? "" : `.${bits.first}${bits.count > 1 ? `+${bits.count}` : ""}`;
  return `${unit}${manualSpace} ${address}${part}`;
}

function placeOfRow({ space, address }: TableRow): string {
  return `${space} ${address}`;
}

/** All that a profile says of a register and that changes what is read or delivered. */
function factsOf(register: ProfileRegister): Facts {
  const { format } = register;
  const { numerator, denominator, offset } = format.scale;
  const metrics = register.metrics.map(({ metric, priority }) => `${metric} (${priority})`);
  return {
    id: register.id,
    metric: metrics.join(", "),
    encoding: format.encoding,
    words: String(format.words),
    wordOrder: format.words > 1 ? format.wordOrder : "",
    byteOrder: format.byteOrder,
    scale: `${written(numerator / denominator)}${offset === 0 ? "" : ` + ${offset}`}`,
    magnitudes: format.magnitudes.join(", "),
    unit: register.unit,
    access: register.access,
    group: register.group,
    bounds: `${register.min} to ${register.max}`,
    absent: format.absent.map((words) => `[${words.join(", ")}]`).join(" "),
    codes: [...register.codes.keys()].join(", "),
    isInverted: String(format.isInverted),
    conditions: JSON.stringify(register.conditions),
  };
}

/** What both a table and a profile say, the profile's in the first place. */
function rowFacts(
  { register, word }: { readonly register: ProfileRegister; readonly word: number },
  row: TableRow,
): readonly [Facts, Facts] {
  const { format } = register;
  const isPart = format.encoding === "sum" || row.words < format.words;
  const magnitude = format.encoding === "sum" ? (format.magnitudes[word] ?? Number.NaN) : 1;
  const scale = (format.scale.numerator / format.scale.denominator) * magnitude;
  const own = inBase(scale, register.unit);
  const theirs = inBase(row.scale, row.unit);
  const loose = LOOSE[row.unit === "bool" ? "bool" : row.type];
  const isCoded = loose !== undefined;
  const isAlike = isPart || (loose?.test(format.encoding) ?? false);
  const hasOrder = row.words === 2 && !isPart;
  const mine = {
    encoding: isAlike ? row.type : format.encoding,
    wordOrder: hasOrder ? format.wordOrder : "",
    unit: row.unit === "" || isCoded ? "" : own.unit,
    scale: isCoded ? "" : row.unit === "" ? written(scale) : written(own.scale),
    access: register.access,
  };
  return [
    mine,
    {
      encoding: row.type,
      wordOrder: hasOrder ? row.wordOrder : "",
      unit: isCoded ? "" : theirs.unit,
      scale: isCoded ? "" : written(theirs.scale),
      access: row.access,
    },
  ];
}

function inBase(scale: number, unit: string): { readonly scale: number; readonly unit: string } {
  const [base, factor] = UNITS[unit] ?? [unit, 1];
  return { scale: scale * factor, unit: base };
}

function written(value: number): string {
  return String(Number(value.toPrecision(DIGITS)));
}
