/**
 * Looks for what must not be there: network addresses anywhere, installation ids wherever they are
 * not the key to an installation's own data. Pure; what it finds is shown cut down.
 */
import { maskAddresses } from "./mask.js";

/** A text to look into. */
export interface AuditedText {
  /** For people, e.g. `record community/release`. */
  readonly where: string;
  readonly text: string;
  /** Whether ids of installations belong there. */
  readonly mayHoldIds: boolean;
}

/** Something that should not be there. */
export interface AuditFinding {
  readonly where: string;
  readonly what: "network address" | "installation id";
  /** Around it, with what was found cut down. */
  readonly excerpt: string;
}

/** What was looked into, and what was found. */
export interface AuditReport {
  readonly texts: number;
  readonly bytes: number;
  readonly findings: readonly AuditFinding[];
  /** More than are listed. */
  readonly more: number;
}

/** Findings that are listed. */
const FINDINGS_MAX = 100;
const EXCERPT_CHARS = 24;
const ID = /(?<![0-9a-f])[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}(?![0-9a-f])/gi;
/** Only version 4 with the variant of RFC 9562; 32 other digits are hashes. */
const RANDOM_ID = /^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/i;
const WORDS = /[^\s"'`,;()[\]{}<>=]+/g;

export async function auditTexts(
  texts: AsyncIterable<AuditedText> | Iterable<AuditedText>,
): Promise<AuditReport> {
  const report = { texts: 0, bytes: 0, more: 0 };
  const findings: AuditFinding[] = [];
  for await (const one of texts) {
    report.texts++;
    report.bytes += Buffer.byteLength(one.text);
    for (const finding of look(one)) {
      if (findings.length < FINDINGS_MAX) findings.push(finding);
      else report.more++;
    }
  }
  return { ...report, findings };
}

function* look({ where, text, mayHoldIds }: AuditedText): Generator<AuditFinding> {
  // As the log's own rule sees it, so that what passes there passes here.
  if (maskAddresses(text) !== text) {
    for (const { 0: word, index } of text.matchAll(WORDS)) {
      const cut = maskAddresses(word);
      if (cut === word) continue;
      yield { where, what: "network address", excerpt: around(text, index, word.length, cut) };
    }
  }
  if (mayHoldIds) return;
  for (const { 0: id, index } of text.matchAll(ID)) {
    if (!RANDOM_ID.test(id.replaceAll("-", ""))) continue;
    const cut = `${id.slice(0, 4)}…`;
    yield { where, what: "installation id", excerpt: around(text, index, id.length, cut) };
  }
}

function around(text: string, at: number, length: number, cut: string): string {
  const before = maskAddresses(text.slice(Math.max(0, at - EXCERPT_CHARS), at));
  const after = maskAddresses(text.slice(at + length, at + length + EXCERPT_CHARS));
  return `${before}${cut}${after}`.replace(/\p{Cc}/gu, " ").replace(ID, "…");
}
