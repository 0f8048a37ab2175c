/**
 * Sound YAML of the form that profiles have, read quickly: lines of a list in braces are taken out,
 * read by themselves, and put back into what the parser makes of the rest.
 *
 * The value is the same as the parser's own, or there is none: then the parser reads the whole text
 * and says what is unusual or wrong, with its line.
 */
import { parseDocument, visit } from "yaml";
import { readFlowLine } from "./flow-line.js";

/** A key of the document with a list below it: nothing else can stand at the first column. */
const LIST_KEY = /^[A-Za-z_][A-Za-z0-9_-]*: *(?:#.*)?$/;
const EMPTY_LINE = /^ *(?:#.*)?$/;
const ITEM = "  - ";
/** Stands in the place of a line; a text that has it is not read here. */
const MARK = "§line:";
/** Fewer lines are not worth it. */
const LINES_MIN = 4;

/** The value of a text, or `undefined` when it is not that simple. */
export function readQuickly(text: string): unknown {
  if (text.includes(MARK) || text.includes("\r")) return undefined;
  const taken: unknown[] = [];
  let isInList = false;
  const rest = text.split("\n").map((line) => {
    if (LIST_KEY.test(line)) isInList = true;
    else if (!isInList || EMPTY_LINE.test(line)) return line;
    else {
      const value = line.startsWith(`${ITEM}{`) ? readItem(line.slice(ITEM.length)) : undefined;
      // What follows may belong to this line; only the next key is certain again.
      if (value === undefined) isInList = false;
      else return `${ITEM}"${MARK}${taken.push(value) - 1}"`;
    }
    return line;
  });
  if (taken.length < LINES_MIN) return undefined;
  const frame = parsePlain(rest.join("\n"));
  return frame === undefined ? undefined : putBack(frame, taken);
}

/** A line in braces; where it is not plain, the parser may know it. */
function readItem(flow: string): unknown {
  return readFlowLine(flow) ?? (flow.includes("}") ? parsePlain(flow) : undefined);
}

/** What the parser makes of a text without anything that needs a second look. */
function parsePlain(text: string): unknown {
  try {
    const document = parseDocument(text, { prettyErrors: false, stringKeys: true });
    if (document.errors.length > 0 || document.warnings.length > 0) return undefined;
    let isPlain = true;
    visit(document, {
      Alias: () => {
        isPlain = false;
      },
      Node: (_, node) => {
        if ("anchor" in node && node.anchor !== undefined) isPlain = false;
        if (node.tag?.startsWith("!")) isPlain = false;
      },
    });
    return isPlain ? document.toJS({ maxAliasCount: 0 }) : undefined;
  } catch {
    return undefined; // nested too deeply: told by who reads the whole
  }
}

/** The lists with their lines; `undefined` when a mark is where no line was taken from. */
function putBack(frame: unknown, taken: readonly unknown[]): unknown {
  if (typeof frame !== "object" || frame === null || Array.isArray(frame)) return undefined;
  let found = 0;
  const entries = Object.entries(frame).map(([key, value]: [string, unknown]) => {
    if (!Array.isArray(value)) return [key, value] as const;
    const list = value.map((item: unknown) => {
      if (typeof item !== "string" || !item.startsWith(MARK)) return item;
      found++;
      return taken[Number(item.slice(MARK.length))];
    });
    return [key, list] as const;
  });
  return found === taken.length ? Object.fromEntries(entries) : undefined;
}
