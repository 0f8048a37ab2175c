/**
 * What the owner was told, over restarts: so that an event is told once, and its end only when its
 * beginning was.
 */
import type { Notice } from "./notify.js";

/** Where it is kept. */
export interface ToldFile {
  read(): string | undefined;
  write(text: string): void;
}

/** One thing that was told. */
interface Entry {
  readonly atMs: number;
  readonly isOpen: boolean;
}

/** Remembers. */
export interface Told {
  /** Whether a notice is news: not told yet, told long ago, or the end of something told. */
  isNews(notice: Notice): boolean;
  note(notice: Notice): void;
}

/** The same is not told again within this time, however often it comes and goes. */
const REPEAT_MS = 24 * 3_600_000;
/** What is still going on is told again after this time. */
const REMIND_MS = 7 * 24 * 3_600_000;
const SUBJECTS_MAX = 500;

/** A file that cannot be read is as good as none: something may be told twice. */
export function openTold(file: ToldFile): Told {
  const entries = new Map<string, Entry>(readEntries(file));
  return {
    isNews({ subject, isResolved, atMs }) {
      const known = entries.get(subject);
      if (isResolved) return known?.isOpen === true;
      if (known === undefined) return true;
      // A clock that was set back must not keep the owner uninformed.
      const ageMs = Math.abs(atMs - known.atMs);
      return ageMs >= (known.isOpen ? REMIND_MS : REPEAT_MS);
    },
    note({ subject, isResolved, atMs }) {
      const known = entries.get(subject);
      entries.delete(subject);
      entries.set(subject, {
        atMs: isResolved ? (known?.atMs ?? atMs) : atMs,
        isOpen: !isResolved,
      });
      for (const oldest of entries.keys()) {
        if (entries.size <= SUBJECTS_MAX) break;
        entries.delete(oldest);
      }
      file.write(JSON.stringify([...entries]));
    },
  };
}

function readEntries(file: ToldFile): [string, Entry][] {
  try {
    const found: unknown = JSON.parse(file.read() ?? "[]");
    return Array.isArray(found) ? found.filter(isEntry) : [];
  } catch {
    return [];
  }
}

function isEntry(one: unknown): one is [string, Entry] {
  if (!Array.isArray(one) || typeof one[0] !== "string") return false;
  const entry: unknown = one[1];
  return (
    typeof entry === "object" &&
    entry !== null &&
    "atMs" in entry &&
    typeof entry.atMs === "number" &&
    "isOpen" in entry &&
    typeof entry.isOpen === "boolean"
  );
}
