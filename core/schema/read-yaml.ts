/**
 * Text from people → checked values, with every fault at its line.
 *
 * The owner mends the file once: faults of the shape come all together, then faults of meaning
 * (`refuse`). What makes YAML dangerous or surprising is refused: anchors and aliases (a few lines
 * can stand for gigabytes), tags, duplicate keys, several documents, files beyond a limit.
 */
import { LineCounter, parseDocument, visit } from "yaml";
import type { z } from "zod";
import { type ErrorCode, HeatpoolError } from "#core/errors.js";
import { readQuickly } from "./quick-yaml.js";
import { placeOf } from "./yaml-place.js";

/** What is wrong, and where in the value. */
export interface Fault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** Whether the key itself is wrong, not what stands behind it. */
  readonly isKey?: boolean;
}

/** Whose text it is. */
export interface YamlSource {
  /** File name as it appears in messages. */
  readonly name: string;
  /** `CONFIG_INVALID`, `PROFILE_INVALID`, … */
  readonly code: ErrorCode;
  /** Greatest length of the text; `YAML_CHARACTERS_MAX` unless told. */
  readonly charactersMax?: number;
}

/** A checked value, and the way to complain about its meaning. */
export interface CheckedYaml<T> {
  readonly value: T;
  /** Throws when there are faults; each is shown with its line. */
  refuse(faults: readonly Fault[]): void;
}

/** A person does not write more: the largest profile has 60,000 characters. */
const YAML_CHARACTERS_MAX = 1_000_000;

/** More faults at once help nobody. */
const FAULTS_SHOWN_MAX = 40;

/** Longest message; a fault may quote what somebody wrote. */
const MESSAGE_CHARACTERS_MAX = 300;

/**
 * Reads and checks.
 *
 * @throws HeatpoolError `source.code`, naming every fault with its line and column
 */
export function readYaml<S extends z.ZodType>(
  text: string,
  schema: S,
  source: YamlSource,
): z.output<S> {
  return openYaml(text, schema, source).value;
}

/**
 * Reads and checks, and keeps the lines for faults that only the reader of the value can find.
 *
 * @throws HeatpoolError `source.code`, naming every fault with its line and column
 */
export function openYaml<S extends z.ZodType>(
  text: string,
  schema: S,
  source: YamlSource,
): CheckedYaml<z.output<S>> {
  const limit = source.charactersMax ?? YAML_CHARACTERS_MAX;
  if (text.length > limit) {
    refuse(source, [
      line(source, 1, 1, `file: ${text.length} characters; at most ${limit} are read`),
    ]);
  }
  // Places are for faults: a sound text is read without them, which is much faster.
  const quick = readQuickly(text);
  const placed = (faults: readonly Fault[]): string[] => {
    const { document, lines } = parse(text, source);
    return faults
      .map((fault) => ({ ...placeOf(document, lines, fault), fault }))
      .sort((a, b) => a.line - b.line || a.col - b.col)
      .map(({ line: row, col, fault }) =>
        line(source, row, col, `${fault.path.map(String).join(".") || "file"}: ${fault.message}`),
      );
  };
  const written = quick ?? parse(text, source).document.toJS({ maxAliasCount: 0 });
  const checked = schema.safeParse(written);
  if (!checked.success) refuse(source, placed(checked.error.issues.flatMap(toFaults)));
  return {
    value: checked.data as z.output<S>,
    refuse(faults) {
      if (faults.length > 0) refuse(source, placed(faults));
    },
  };
}

function parse(text: string, source: YamlSource) {
  const lines = new LineCounter();
  const document = parseOrRefuse(text, lines, source);
  const told = [...document.errors, ...document.warnings];
  if (told.some((error) => /call stack/.test(error.message))) refuse(source, [tooDeep(source)]);
  const known = told.filter((error) => error.code !== "TAG_RESOLVE_FAILED");
  const wrong = known.map((error) => {
    const [start] = error.pos;
    const { line: row, col } = lines.linePos(start);
    return line(source, row, Math.max(col, 1), `file: ${explain(error.code, error.message)}`);
  });
  visit(document, {
    Alias: (_, node) => {
      wrong.push(at(node.range, "file: aliases (*name) are not read; write the value out"));
    },
    Node: (_, node) => {
      if ("anchor" in node && node.anchor !== undefined) {
        wrong.push(at(node.range, "file: anchors (&name) are not read; write the value out"));
      }
      if (node.tag?.startsWith("!")) {
        wrong.push(at(node.range, `file: tags (${node.tag}) are not read`));
      }
    },
  });
  if (wrong.length > 0) refuse(source, [...new Set(wrong)]);
  return { document, lines };

  function at(range: readonly number[] | null | undefined, message: string): string {
    const { line: row, col } = lines.linePos(range?.[0] ?? 0);
    return line(source, row, col, message);
  }
}

function parseOrRefuse(text: string, lineCounter: LineCounter, source: YamlSource) {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true });
  } catch (cause) {
    // The parser recurses: a text of brackets alone exhausts its stack.
    if (cause instanceof RangeError) {
      return refuse(source, [tooDeep(source)]);
    }
    throw cause;
  }
}

function tooDeep(source: YamlSource): string {
  return line(source, 1, 1, "file: nested too deeply");
}

/** The parser's words, where they would puzzle somebody who does not know YAML by heart. */
function explain(code: string, message: string): string {
  switch (code) {
    case "MULTIPLE_DOCS":
      return "more than one document (a line ---); one file is one document";
    case "DUPLICATE_KEY":
      return "this key is there twice";
    case "TAB_AS_INDENT":
      return "indented with a tab; use spaces";
    case "NON_STRING_KEY":
      return "keys must be plain words or numbers";
    default:
      return message.split("\n")[0] ?? message;
  }
}

function toFaults(issue: z.core.$ZodIssue): readonly Fault[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      message: "unknown key",
      isKey: true,
    }));
  }
  if (issue.code === "invalid_key") {
    const why = issue.issues.map((one) => one.message).join("; ");
    return [{ path: issue.path, message: why || issue.message, isKey: true }];
  }
  return [{ path: issue.path, message: issue.message }];
}

function line(source: YamlSource, row: number, col: number, text: string): string {
  return `${source.name}:${row}:${col} ${text.slice(0, MESSAGE_CHARACTERS_MAX)}`;
}

function refuse(source: YamlSource, faults: readonly string[]): never {
  const shown = faults.slice(0, FAULTS_SHOWN_MAX);
  const rest = faults.length - shown.length;
  if (rest > 0) shown.push(`and ${rest} more`);
  const list = shown.map((fault) => `\n  ${fault}`).join("");
  throw new HeatpoolError(source.code, `${faults.length} problem(s)${list}`);
}
