/**
 * The last two steps before a model is used: is its content of a form that we know, and does it
 * work? Content is data of a known kind, never code.
 */
import type { InspectModel } from "./model.js";

/** Tries content of one kind. @throws why it cannot be used */
export interface KnownKind {
  /** Reads it in full. */
  read(plain: Buffer): unknown;
  /** Whether it gives finite scores for built-in samples. */
  passesSelfTest(content: unknown): boolean;
}

/** @param kinds by the `kind` that content says of itself */
export function createInspection(kinds: Readonly<Record<string, KnownKind>>): InspectModel {
  return (_target, plain) => {
    let content: unknown;
    let known: KnownKind | undefined;
    try {
      const { kind } = JSON.parse(plain.toString("utf8")) as { kind?: unknown };
      known = Object.hasOwn(kinds, String(kind)) ? kinds[String(kind)] : undefined;
      if (known === undefined)
        return { step: "content", reason: `kind ${String(kind).slice(0, 40)}` };
      content = known.read(plain);
    } catch (fault) {
      return { step: "content", reason: String(fault) };
    }
    try {
      if (known.passesSelfTest(content)) return undefined;
      return { step: "self-test", reason: "a score is no number" };
    } catch (fault) {
      return { step: "self-test", reason: String(fault) };
    }
  };
}
