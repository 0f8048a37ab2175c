/**
 * One line of YAML in braces → its value, for the plain cases; `undefined` for everything else.
 *
 * Profiles have hundreds of such lines, and a YAML parser that knows the whole language takes most
 * of the time of loading one. What is read here is a small part of YAML 1.2 that means the same in
 * it; whatever is unusual (escapes, comments, tags, anchors, odd numbers) is left to the parser.
 */

/**
 * Reads a mapping in braces that is the whole text, but for a comment behind it; `undefined` when
 * it is not plain enough.
 */
export function readFlowLine(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.startsWith("{")) return undefined;
  const cursor: Cursor = { text, at: 0 };
  const mapping = readMapping(cursor);
  if (mapping === STRANGE || !REST.test(text.slice(cursor.at))) return undefined;
  return mapping;
}

interface Cursor {
  readonly text: string;
  at: number;
}

/** Not read here. */
const STRANGE = Symbol("strange");
type Strange = typeof STRANGE;

/** Nothing, or a comment. */
const REST = /^ *$|^ +#/;
/** What may begin a plain scalar; everything with a meaning of its own in YAML is left out. */
const PLAIN_START = /[\p{L}\d°€(]/u;
/** What ends one, or has a meaning inside of it. */
const PLAIN_END = /[,[\]{}:#\t]/g;
const WHOLE = /^-?(?:0|[1-9]\d{0,14})$/;
const DECIMAL = /^-?(?:0|[1-9]\d{0,8})\.\d{1,12}$/;
const FRACTION = /^\d+\/\d+$/;
/** Words that are no text in some spelling. */
const RESERVED = /^(?:null|true|false)$/i;

function skipSpaces(cursor: Cursor): void {
  while (cursor.text[cursor.at] === " ") cursor.at++;
}

function readValue(cursor: Cursor): unknown {
  switch (cursor.text[cursor.at]) {
    case "{":
      return readMapping(cursor);
    case "[":
      return readSequence(cursor);
    case '"':
    case "'":
      return readQuoted(cursor);
    default: {
      const plain = readPlain(cursor);
      return plain === undefined ? STRANGE : resolve(plain);
    }
  }
}

function readMapping(cursor: Cursor): Record<string, unknown> | Strange {
  const mapping: Record<string, unknown> = {};
  cursor.at++;
  for (;;) {
    skipSpaces(cursor);
    const key = readKey(cursor);
    if (key === undefined || key === "__proto__" || Object.hasOwn(mapping, key)) return STRANGE;
    if (cursor.text[cursor.at] !== ":" || cursor.text[cursor.at + 1] !== " ") return STRANGE;
    cursor.at += 2;
    skipSpaces(cursor);
    const value = readValue(cursor);
    if (value === STRANGE) return STRANGE;
    mapping[key] = value;
    const end = readEnd(cursor, "}");
    if (end !== "more") return end === "end" ? mapping : STRANGE;
  }
}

function readSequence(cursor: Cursor): unknown[] | Strange {
  const sequence: unknown[] = [];
  cursor.at++;
  for (;;) {
    skipSpaces(cursor);
    const value = readValue(cursor);
    if (value === STRANGE) return STRANGE;
    sequence.push(value);
    const end = readEnd(cursor, "]");
    if (end !== "more") return end === "end" ? sequence : STRANGE;
  }
}

function readEnd(cursor: Cursor, closing: string): "more" | "end" | "strange" {
  skipSpaces(cursor);
  const mark = cursor.text[cursor.at];
  if (mark !== "," && mark !== closing) return "strange";
  cursor.at++;
  if (mark === closing) return "end";
  return cursor.text[cursor.at] === " " ? "more" : "strange";
}

function readKey(cursor: Cursor): string | undefined {
  const first = cursor.text[cursor.at];
  if (first !== '"' && first !== "'") return readPlain(cursor);
  const key = readQuoted(cursor);
  return typeof key === "string" ? key : undefined;
}

function readQuoted(cursor: Cursor): string | Strange {
  const { text, at } = cursor;
  const end = text.indexOf(text[at] ?? "", at + 1);
  if (end < 0) return STRANGE;
  const inside = text.slice(at + 1, end);
  // A doubled quote goes on behind the end, an escape means something else.
  if (text[end + 1] === text[at] || inside.includes("\\") || inside.includes("\t")) return STRANGE;
  cursor.at = end + 1;
  return inside;
}

/** The characters of a plain scalar, without spaces behind it. */
function readPlain(cursor: Cursor): string | undefined {
  const { text, at } = cursor;
  const first = text[at] === "-" ? (text[at + 1] ?? "") : (text[at] ?? "");
  if (!PLAIN_START.test(first) || (text[at] === "-" && !/\d/.test(first))) return undefined;
  PLAIN_END.lastIndex = at;
  const found = PLAIN_END.exec(text);
  if (found === null || found[0] === "#" || found[0] === "\t") return undefined;
  cursor.at = found.index;
  return text.slice(at, found.index).replace(/ +$/, "");
}

/** The YAML 1.2 core schema, as far as it cannot be mistaken. */
function resolve(plain: string): unknown {
  if (/^[-\d]/.test(plain)) {
    if (WHOLE.test(plain) || DECIMAL.test(plain)) return Number(plain);
    return FRACTION.test(plain) ? plain : STRANGE;
  }
  if (!RESERVED.test(plain)) return plain;
  if (plain === "true" || plain === "false") return plain === "true";
  return plain === "null" ? null : STRANGE;
}
