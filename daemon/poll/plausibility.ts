/**
 * Second looks: a value outside its bounds, or too far from the last one, is read once more, alone,
 * in the same poll. What stays implausible is missing; nothing is ever clamped.
 */
import { decodeRegister, isTooSteep } from "#core/profile/decode.js";
import type { ProfileRegister } from "#core/profile/profile.js";
import { planSingle } from "#core/profile/read-plan.js";
import type { RegisterOutcome } from "#core/profile/readings.js";
import type { RangeAsker } from "./range-asking.js";

/** Second looks per poll; a device that returns garbage everywhere is not asked twice for all of it. */
const REREADS_MAX = 8;

/** Remembers the last good value of registers that have a largest step. */
export interface Plausibility {
  /** Looks at everything that was read in a poll and corrects `outcomes`. */
  check(
    registers: readonly ProfileRegister[],
    outcomes: Map<string, RegisterOutcome>,
    asker: RangeAsker,
  ): Promise<void>;
}

/** One per device. */
export function createPlausibility(): Plausibility {
  const previous = new Map<string, number>();

  function isPlausible(register: ProfileRegister, words: readonly number[]): boolean {
    const { quality, exact } = decodeRegister(words, register);
    if (quality !== "good" || exact === undefined) return quality !== "implausible";
    return !isTooSteep(register, exact, previous.get(register.id));
  }

  function remember(register: ProfileRegister, words: readonly number[]): void {
    if (register.maxStep === undefined) return;
    const { exact } = decodeRegister(words, register);
    if (exact !== undefined) previous.set(register.id, exact);
  }

  async function lookAgain(
    register: ProfileRegister,
    asker: RangeAsker,
  ): Promise<RegisterOutcome | "silent"> {
    const answer = await asker.ask(planSingle(register));
    if (answer.kind === "words" && isPlausible(register, answer.words)) {
      remember(register, answer.words);
      return { words: answer.words, quality: "reread" };
    }
    // A real jump is believed in the next poll; only its first sight is dropped.
    previous.delete(register.id);
    if (answer.kind === "failed" && answer.isSilence) return "silent";
    return { words: undefined, quality: "implausible" };
  }

  return {
    async check(registers, outcomes, asker) {
      let looksLeft = REREADS_MAX;
      for (const register of registers) {
        const outcome = outcomes.get(register.id);
        if (outcome?.words === undefined) continue;
        if (isPlausible(register, outcome.words)) {
          remember(register, outcome.words);
          continue;
        }
        const seen = looksLeft > 0 ? await lookAgain(register, asker) : "silent";
        looksLeft = seen === "silent" ? 0 : looksLeft - 1;
        const missing = { words: undefined, quality: "implausible" } as const;
        outcomes.set(register.id, seen === "silent" ? missing : seen);
      }
    },
  };
}
