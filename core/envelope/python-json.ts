/**
 * JSON as Python's `json.dumps(value, sort_keys=True)` writes it, because a signature covers those
 * bytes: `", "` and `": "`, ASCII with `\uXXXX`, keys in the order of code points.
 *
 * Numbers stay the text they were: Python keeps 1769500000.0 and 1e+22, and 2^53 + 1 exactly.
 */

/** A number with its spelling. */
export class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A JSON value whose numbers are texts and whose objects remember no order. */
export type PythonValue =
  | string
  | boolean
  | null
  | NumberText
  | readonly PythonValue[]
  | PythonObject;

/** Members by name. */
export type PythonObject = ReadonlyMap<string, PythonValue>;

const DEPTH_MAX = 16;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;
const WORD = /true|false|null/y;

/** Reads one value; `undefined` when the text is not JSON, names a member twice or nests too deep. */
export function parsePythonJson(text: string): PythonValue | undefined {
  let at = 0;

  function take(pattern: RegExp): string | undefined {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  }
  function skip(sign: string): boolean {
    take(SPACE);
    if (text[at] !== sign) return false;
    at++;
    take(SPACE);
    return true;
  }
  function string(): string | undefined {
    if (text[at] !== '"') return undefined;
    const start = at;
    do at = text.indexOf('"', at + 1);
    while (at > 0 && isEscaped(text, at));
    if (at < 0) throw new SyntaxError("a string without end");
    at++;
    return JSON.parse(text.slice(start, at)) as string;
  }
  function value(depth: number): PythonValue {
    if (depth > DEPTH_MAX) throw new SyntaxError("too deep");
    if (skip("{")) return object(depth);
    if (skip("[")) return list(depth);
    const characters = string();
    if (characters !== undefined) return characters;
    const number = take(NUMBER);
    if (number !== undefined) return new NumberText(number);
    const word = take(WORD);
    if (word === undefined) throw new SyntaxError(`at ${at}`);
    return word === "null" ? null : word === "true";
  }
  function object(depth: number): PythonObject {
    const members = new Map<string, PythonValue>();
    if (skip("}")) return members;
    do {
      const name = string();
      if (name === undefined || !skip(":")) throw new SyntaxError(`at ${at}`);
      if (members.has(name)) throw new SyntaxError("a member twice");
      members.set(name, value(depth + 1));
    } while (skip(","));
    if (!skip("}")) throw new SyntaxError(`at ${at}`);
    return members;
  }
  function list(depth: number): readonly PythonValue[] {
    const items: PythonValue[] = [];
    if (skip("]")) return items;
    do items.push(value(depth + 1));
    while (skip(","));
    if (!skip("]")) throw new SyntaxError(`at ${at}`);
    return items;
  }

  try {
    take(SPACE);
    const found = value(0);
    take(SPACE);
    return at === text.length ? found : undefined;
  } catch {
    return undefined;
  }
}

/** Whether an odd number of backslashes stands before `at`. */
function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text[before - 1] === "\\") before--;
  return (at - before) % 2 === 1;
}

/** What `json.dumps(value, sort_keys=True)` writes. */
export function writePythonJson(value: PythonValue): string {
  if (value instanceof NumberText) return value.text;
  if (typeof value === "string") return writeString(value);
  if (value === null || typeof value === "boolean") return String(value);
  if (isList(value)) return `[${value.map(writePythonJson).join(", ")}]`;
  const names = [...value.keys()].sort(byCodePoint);
  const members = names.map(
    (name) => `${writeString(name)}: ${writePythonJson(value.get(name) ?? null)}`,
  );
  return `{${members.join(", ")}}`;
}

function isList(value: PythonObject | readonly PythonValue[]): value is readonly PythonValue[] {
  return Array.isArray(value);
}

/** ASCII; UTF-16 units beyond it one by one, so that an astral character is two escapes. */
function writeString(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** JavaScript sorts by UTF-16 units, which puts astral characters before U+E000. */
function byCodePoint(left: string, right: string): number {
  const [one, other] = [[...left], [...right]];
  const place = one.findIndex((sign, index) => sign !== other[index]);
  if (place === -1) return one.length - other.length;
  return (one[place]?.codePointAt(0) ?? 0) - (other[place]?.codePointAt(0) ?? -1);
}
