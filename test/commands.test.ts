/**
 * What documents, examples and hints tell people to type is there: each command, each of its options,
 * and as many words as it takes. Settings that documents show are ones that the programs take.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createProgram } from "../backend/commands/program.js";
import { parseConfig as parseBackend } from "../backend/config.js";
import { type CommandPage, describeCommands } from "../daemon/commands/command-tree.js";
import { parseConfig as parseDaemon } from "../daemon/config.js";
import { programOf } from "./support/program.js";

const FOLDERS = ["docs", "systemd", "firmware-profiles", "daemon", "backend", "scripts/package"];
const FILES = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "compose.yaml"];
const TEXT = /\.(ts|md|yaml|service|sh|txt)$/;
/** In backticks anywhere, or a line of its own in what a shell is given. */
const QUOTED = /`(?:sudo )?(heatpool(?:-backend)? [a-z][^`\n$]*)`/g;
const FENCED = /^ *```(\w*)\n([\s\S]*?)^ *```/gm;
const LINE = /^ *(?:sudo )?(heatpool(?:-backend)? [a-z].*)$/gm;

function* texts(): Generator<readonly [string, string]> {
  for (const path of FILES) yield [path, readFileSync(path, "utf8")];
  for (const folder of FOLDERS)
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && TEXT.test(path)) yield [path, readFileSync(path, "utf8")];
    }
}

const shown = [...texts()].flatMap(([path, text]) => {
  const blocks = path.endsWith(".md") ? [...text.matchAll(FENCED)] : [];
  const lines = blocks.flatMap(([, language = "", block = ""]) =>
    ["", "sh"].includes(language) ? [...block.matchAll(LINE)] : [],
  );
  return [...lines, ...text.matchAll(QUOTED)].flatMap(([, line = ""]) =>
    eachOf(line).map((one) => ({ path, line: one })),
  );
});

/** `a b|c` is two: `a b` and `a c`. */
function eachOf(line: string): readonly string[] {
  const [all = "", before = "", choice = ""] = /^([^<|]* )([a-z-]+(?:\|[a-z-]+)+)/.exec(line) ?? [];
  if (all === "") return [line];
  return choice.split("|").map((one) => before + one + line.slice(all.length));
}

const daemon = spawnSync(process.execPath, [...programOf("daemon"), "describe-commands"], {
  encoding: "utf8",
});
const PAGES: Readonly<Record<string, readonly CommandPage[]>> = {
  heatpool: JSON.parse(daemon.stdout),
  "heatpool-backend": describeCommands(createProgram({ version: "" } as never)),
};

/** Words as a shell sees them, without a comment and what stands behind a pipe. */
function split(line: string): readonly string[] {
  const [command = ""] = line.split(/ +# | \| | > |; /);
  return command.match(/"[^"]*"|'[^']*'|(?:<[^>]*>|[^ <])+/g) ?? [];
}

/** What is wrong with it; empty: nothing. */
function judge(line: string): string {
  const [program = "", ...words] = split(line);
  const pages = PAGES[program] ?? [];
  const page = pages
    .filter((one) => one.words.every((word, at) => words[at] === word))
    .sort((a, b) => b.words.length - a.words.length)[0];
  if (page === undefined || page.words.length === 0) return "no such command";
  const flags = new Map(
    page.options.flatMap((one) =>
      one.flags.split(/[ ,]+/).flatMap((flag) => (flag.startsWith("-") ? [[flag, one.flags]] : [])),
    ) as [string, string][],
  );
  let taken = 0;
  const rest = words.slice(page.words.length);
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at] ?? "";
    const of = flags.get(word);
    // What follows is left open, or may be left out.
    if (word === "…") return "";
    if (/^\[|\]$/.test(word)) continue;
    if (of !== undefined) at += /[<[]/.test(of) && !rest[at + 1]?.startsWith("--") ? 1 : 0;
    else if (/^--?[a-z]/.test(word)) return `no option ${word}`;
    else taken++;
  }
  const isOpen = page.arguments.some(({ name }) => name.includes("..."));
  const isList = page.options.some((one) => one.flags.includes("..."));
  return isOpen || isList || taken <= page.arguments.length ? "" : `${taken} words are too many`;
}

describe("what people are told to type", () => {
  it("is a command that there is, with options and words that it takes", () => {
    expect(shown.length).toBeGreaterThan(200);
    const wrong = shown.flatMap(({ path, line }) => {
      const why = judge(line);
      return why === "" ? [] : [`${path}: ${line}: ${why}`];
    });
    expect(wrong).toEqual([]);
  });

  it.each([
    ["heatpool dance", "no such command"],
    ["heatpool alarms --dance", "no option --dance"],
    ["heatpool status now", "1 words are too many"],
  ])("would be noticed if it were not: %s", (line, why) => {
    expect(judge(line)).toBe(why);
  });
});

const YAML = /^```yaml\n([\s\S]*?)^```/gm;
const DEVICES = "devices: [{ host: 127.0.0.1, profile: idm/navigator-2.0 }]\n";

describe("settings that documents show", () => {
  it.each([
    ["docs/anleitung.md", (text: string) => parseDaemon(DEVICES + text, "heatpool.yaml"), 2],
    ["docs/operations.md", (text: string) => parseBackend(text, "backend.yaml"), 5],
  ] as const)("%s", (path, parse, least) => {
    const blocks = [...readFileSync(path, "utf8").matchAll(YAML)].map(([, text = ""]) => text);
    // The plan of `npm run detect` is another file.
    const settings = blocks.filter((text) => !text.startsWith("timestamp:"));
    expect(settings.length).toBeGreaterThanOrEqual(least);
    for (const text of settings) expect(() => parse(text), text).not.toThrow();
  });
});
