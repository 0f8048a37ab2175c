/** Claim tokens: whoever holds one may send, or enrol one installation. */
import type { Chance, Clock } from "#core/clock.js";
import { addToken, openTokenFile, type TokenForm } from "./token-file.js";

/** Tokens as the door asks about them. */
export interface ClaimTokens {
  /** How many there are. */
  readonly count: number;
  isKnown(token: string): boolean;
  /** SHA-256 of a known token, hexadecimal. */
  find(token: string): string | undefined;
}

const CLAIM: TokenForm<undefined> = {
  prefix: "hpct_",
  line: /^([0-9a-f]{64})(?:\s|$)/,
  content: "the SHA-256 of a token",
  mayBeMissing: false,
  hint: "Make tokens with `heatpool-backend token create --claim`.",
  readFacts: () => undefined,
};

/** @throws HeatpoolError `STATE_INVALID` the file cannot be read, or is not one of tokens */
export function openClaimTokens(path: string, clock: Pick<Clock, "monotonicMs">): ClaimTokens {
  const file = openTokenFile(path, CLAIM, clock);
  return {
    get count() {
      return file.count;
    },
    isKnown: (token) => file.find(token) !== undefined,
    find(token) {
      // Who enrols was given the token just now, and calls a few times an hour at most.
      const found = file.find(token) ?? file.find(token, true);
      return found?.hash.toString("hex");
    },
  };
}

/**
 * Makes a token and makes it known. Resolves with the token, which is nowhere else.
 *
 * @param label for people, who has it
 * @throws HeatpoolError `STATE_INVALID` the file cannot be written
 */
export function createClaimToken(path: string, label: string, chance: Chance): Promise<string> {
  return addToken(path, CLAIM, label, chance);
}
