/**
 * The manual pages and the completion of the shell, written from the definitions of the commands
 * and from the schema of the configuration, so that they cannot say anything else than `--help`.
 *
 * Source: man-pages(7) for the sections, groff_man(7) for the macros.
 */
import { readFileSync } from "node:fs";

/**
 * @typedef {import("../../daemon/commands/command-tree.js").CommandPage} CommandPage
 * @typedef {{ description?: string, default?: unknown, properties?: Record<string, Schema>,
 *   items?: Schema, anyOf?: Schema[], oneOf?: Schema[] }} Schema
 */

/** @param {readonly CommandPage[]} pages @param {{ version: string, date: string }} of */
export function commandManual(pages, { version, date }) {
  const [program, ...commands] = pages;
  if (program === undefined) throw new Error("no commands");
  return [
    `.TH HEATPOOL 1 "${date}" "heatpool ${version}" "heatpool"`,
    ".SH NAME",
    `heatpool \\- ${roff(firstDown(program.about))}`,
    ".SH SYNOPSIS",
    ".B heatpool",
    "[\\fIcommand\\fR] [\\fIoptions\\fR]",
    ".SH OPTIONS",
    ...program.options.flatMap(optionLines),
    ".SH COMMANDS",
    ...commands.filter(hasContent).flatMap(commandLines),
    ".SH FILES",
    ...fileLines("/etc/heatpool/heatpool.yaml", "The configuration: see heatpool.yaml(5)."),
    ...fileLines("/etc/heatpool/profiles", "Own profiles; they go before those that came along."),
    ...fileLines("/var/lib/heatpool", "Identity, consent, what waits to be sent."),
    ".SH SEE ALSO",
    ".BR heatpool.yaml (5),",
    ".BR systemctl (1),",
    ".BR journalctl (1)",
    "",
  ].join("\n");
}

/** @param {Schema} schema @param {{ version: string, date: string }} of */
export function configManual(schema, { version, date }) {
  return [
    `.TH HEATPOOL.YAML 5 "${date}" "heatpool ${version}" "heatpool"`,
    ".SH NAME",
    "heatpool.yaml \\- configuration of heatpool",
    ".SH SYNOPSIS",
    ".I /etc/heatpool/heatpool.yaml",
    ".SH DESCRIPTION",
    "One YAML document. A key that is not named here is a fault, and every fault is told with its",
    "line before anything is opened. Secrets are paths of files, never values.",
    ".SH SETTINGS",
    ...settingLines(schema, ""),
    ".SH SEE ALSO",
    ".BR heatpool (1)",
    "",
  ].join("\n");
}

/** @param {readonly CommandPage[]} pages */
export function bashCompletion(pages) {
  const cases = pages.map(({ words, options }) => {
    const below = pages
      .filter((one) => one.words.length === words.length + 1)
      .filter((one) => words.every((word, at) => one.words[at] === word))
      .map((one) => one.words.at(-1) ?? "");
    const flags = options.flatMap(({ flags: text }) => text.match(/--[a-z-]+/g) ?? []);
    return `    "${words.join(" ")}") words="${[...below, ...flags].join(" ")}" ;;`;
  });
  const known = pages.map(({ words }) => `"${words.join(" ")}"`).join(" | ");
  return readFileSync(new URL("completion.bash", import.meta.url), "utf8")
    .replace("@KNOWN@", () => known)
    .replace("@CASES@", () => cases.join("\n"));
}

/** A command that only holds others is not told by itself. @param {CommandPage} page */
function hasContent(page) {
  return page.arguments.length > 0 || page.options.some(({ flags }) => !flags.includes("--help"));
}

/** @param {CommandPage} page */
function commandLines(page) {
  const { words, about } = page;
  const names = page.arguments.map(({ name }) => ` \\fI${roff(name)}\\fR`).join("");
  return [
    `.SS "heatpool ${roff(words.join(" "))}${names}"`,
    `${roff(about)}.`,
    ...page.arguments.flatMap(({ name, about: what }) => (what === "" ? [] : item(name, what))),
    ...page.options.filter(({ flags }) => !flags.includes("--help")).flatMap(optionLines),
  ];
}

/** @param {{ flags: string, about: string }} option */
function optionLines({ flags, about }) {
  return item(flags, about);
}

/** @param {string} term @param {string} text */
function item(term, text) {
  return [".TP", `.B ${roff(term)}`, roff(text)];
}

/** @param {string} path @param {string} text */
function fileLines(path, text) {
  return [".TP", `.I ${path}`, roff(text)];
}

/** @param {Schema} schema @param {string} before @returns {string[]} */
function settingLines(schema, before) {
  return Object.entries(schema.properties ?? {}).flatMap(([key, one]) => {
    const name = before === "" ? key : `${before}.${key}`;
    const isPlain = ["string", "number", "boolean"].includes(typeof one.default);
    const standard = isPlain ? ` Default: ${String(one.default)}.` : "";
    const text = one.description === undefined ? "" : `${one.description}.`;
    const inner = one.items === undefined ? one : one.items;
    const path = one.items === undefined ? name : `${name}[]`;
    const kinds = inner.anyOf ?? inner.oneOf ?? [];
    return [
      ...(text === "" && standard === "" ? [] : item(name, `${text}${standard}`.trim())),
      ...settingLines(inner, path),
      ...kinds.flatMap((kind) => settingLines(kind, path)),
    ];
  });
}

/** Text that groff shows as it is. @param {string} text */
function roff(text) {
  const safe = text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/\s+/g, " ");
  return /^[.']/.test(safe) ? `\\&${safe}` : safe;
}

/** @param {string} text */
function firstDown(text) {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
