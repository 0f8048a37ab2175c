/**
 * `node scripts/incident-reports.mjs <incident.json> --out <folder>`: the three reports that a
 * manufacturer owes for an actively exploited vulnerability or a severe incident, from one file, each
 * with its deadline. A field that a report needs and the file lacks ends it, named.
 *
 * Source: Regulation (EU) 2024/2847, Art. 14(2) and 14(4): early warning within 24 hours, notification
 * within 72 hours, final report 14 days after a fix is there, or a month after the notification of an
 * incident. Not legal advice.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const EARLY_MS = 24 * HOUR_MS;
const NOTICE_MS = 72 * HOUR_MS;
const FIX_MS = 14 * DAY_MS;
const EXIT_USAGE = 64;
const KINDS = ["vulnerability", "incident"];

/**
 * What each report says: heading, and the field of the file. The parts of a later report stand
 * behind those of the one before.
 */
const PARTS = {
  "early-warning": [
    ["Product", "product"],
    ["Affected versions", "affectedVersions"],
    ["Member states where it was made available", "memberStates"],
    ["Suspected unlawful or malicious act", "isMalicious"],
    ["What is known", "summary"],
  ],
  notification: [
    ["Nature of it, and how it is exploited", "nature"],
    ["What was done", "measuresTaken"],
    ["What users can do", "measuresForUsers"],
    ["First assessment: severity and impact", "severity"],
    ["How sensitive this report is", "sensitivity"],
  ],
  final: [
    ["Detailed description, severity and impact", "description"],
    ["Root cause, and who used it as far as known", "rootCause"],
    ["The fix, and where it is", "fix"],
    ["Measures that go on", "ongoing"],
  ],
};

/** @typedef {Record<string, unknown>} Incident */
/** @typedef {{ name: string, dueMs: number, text: string }} Report */

/**
 * The three reports, in their order.
 *
 * @param {Incident} incident
 * @returns {Report[]}
 * @throws {Error} naming the first field that is missing or wrong
 */
export function writeReports(incident) {
  const kind = String(incident.kind);
  if (!KINDS.includes(kind)) throw new Error(`kind: ${kind}, must be ${KINDS.join(" or ")}`);
  const awareMs = timeOf(incident, "awareAt");
  const noticeMs = awareMs + NOTICE_MS;
  const finalMs = kind === "incident" ? monthAfter(noticeMs) : timeOf(incident, "fixedAt") + FIX_MS;
  const due = { "early-warning": awareMs + EARLY_MS, notification: noticeMs, final: finalMs };
  /** @type {string[]} */
  let said = [];
  return Object.entries(PARTS).map(([name, parts]) => {
    said = [
      ...said,
      ...parts.flatMap(([heading = "", field = ""]) => partOf(incident, heading, field)),
    ];
    const dueMs = due[/** @type {keyof typeof due} */ (name)];
    const head = [
      `# ${name}: ${incident.id}`,
      "",
      `Kind: ${kind}. Aware since ${isoOf(awareMs)}. Due ${isoOf(dueMs)}.`,
      "",
    ];
    return { name, dueMs, text: [...head, ...said].join("\n") };
  });
}

/** @param {Incident} incident @param {string} heading @param {string} field */
function partOf(incident, heading, field) {
  const value = incident[field];
  const lines = Array.isArray(value)
    ? value.map((one) => `- ${one}`)
    : [String(value ?? "").trim()];
  if (lines.join("") === "") throw new Error(`${field}: missing`);
  return [`## ${heading}`, "", ...lines, ""];
}

/** @param {Incident} incident @param {string} field */
function timeOf(incident, field) {
  const text = String(incident[field] ?? "");
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms))
    throw new Error(`${field}: ${text || "missing"}, must be like 2026-11-21T08:30Z`);
  return ms;
}

/** The same day of the next month, or its last day. @param {number} ms */
function monthAfter(ms) {
  const day = new Date(ms);
  const last = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 2, 0)).getUTCDate();
  const next = new Date(ms);
  next.setUTCMonth(day.getUTCMonth() + 1, Math.min(day.getUTCDate(), last));
  return next.getTime();
}

/** @param {number} ms */
function isoOf(ms) {
  return new Date(ms).toISOString().replace(/:\d\d\.\d{3}Z$/, "Z");
}

/** @param {string[]} words */
function main(words) {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: { out: { type: "string", default: "." } },
  });
  const [file] = positionals;
  if (file === undefined) {
    console.error("node scripts/incident-reports.mjs <incident.json> --out <folder>");
    return EXIT_USAGE;
  }
  try {
    const reports = writeReports(JSON.parse(readFileSync(file, "utf8")));
    mkdirSync(values.out, { recursive: true });
    for (const [index, { name, dueMs, text }] of reports.entries()) {
      const path = join(values.out, `${index + 1}-${name}.md`);
      writeFileSync(path, text);
      console.log(`${path}, due ${isoOf(dueMs)}`);
    }
    return 0;
  } catch (error) {
    console.error(`${file}: ${error instanceof Error ? error.message : error}`);
    return 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.exitCode = main(process.argv.slice(2));
