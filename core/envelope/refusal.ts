/**
 * Why a pushed model is not taken: the step at which its checks stopped, and what was found. The
 * steps are gone through in this order; nothing after the first refusal is looked at.
 */

/** The steps of opening a pushed model. */
export const STEPS = [
  "size",
  "signature",
  "schema",
  "recipient",
  "sequence",
  "nonce",
  "validity",
  "catalogue",
  "rollback",
  "fit",
  "file",
  "open",
  "decrypt",
  "plain",
  "content",
  "self-test",
] as const;

/** One of them. */
export type Step = (typeof STEPS)[number];

/** A refusal. Only the step is reported to the backend; the reason is for the owner's log. */
export interface Refusal {
  readonly step: Step;
  readonly reason: string;
}

export function refuse(step: Step, reason: string): Refusal {
  return { step, reason };
}
