/**
 * Reads every register of a profile once, slowly, and finds those that the device refuses: for
 * people who try a profile, not for polling. A refused range is halved until the bad register is
 * alone; two silences in a row end it.
 */
import type { HeatpoolError } from "#core/errors.js";
import { decodeRegister } from "#core/profile/decode.js";
import type { Profile, ProfileRegister } from "#core/profile/profile.js";
import { type PlannedRange, planReads, rangeOf, splitWords } from "#core/profile/read-plan.js";
import { type ReadChoice, selectRegisters } from "#core/profile/register-choice.js";
import type { RangeAsker } from "./range-asking.js";

/** What was found. */
export interface Survey {
  /** Registers that this installation should have. */
  readonly wanted: readonly ProfileRegister[];
  /** Raw words by register id. */
  readonly words: ReadonlyMap<string, readonly number[]>;
  readonly refused: readonly { readonly register: ProfileRegister; readonly code: number }[];
  /** Registers that were asked for and about which nothing is known. */
  readonly unknown: readonly ProfileRegister[];
  readonly requests: number;
  /** Why it ended early. */
  readonly error: HeatpoolError | undefined;
}

/** How it is done. */
export interface SurveyOptions {
  readonly choice: Pick<ReadChoice, "parameters" | "unitId">;
  readonly firmware: string;
  readonly signal: AbortSignal;
  /** Told after each planned range: how many registers are done. */
  readonly onProgress: (done: number, all: number) => void;
}

/** What hangs on something that hangs on something: deeper is no profile. */
const ROUNDS_MAX = 4;
const SILENCES_MAX = 2;

export async function survey(
  profile: Profile,
  asker: RangeAsker,
  options: SurveyOptions,
): Promise<Survey> {
  const { choice, firmware, signal, onProgress } = options;
  const words = new Map<string, readonly number[]>();
  const refused: { register: ProfileRegister; code: number }[] = [];
  const asked = new Set<string>();
  const known = new Map<string, number>();
  let [requests, silences] = [0, 0];
  let error: HeatpoolError | undefined;

  async function read(range: PlannedRange): Promise<void> {
    if (signal.aborted || silences >= SILENCES_MAX) return;
    requests++;
    const answer = await asker.ask(range);
    if (answer.kind === "failed") {
      silences = answer.isSilence ? silences + 1 : 0;
      error = answer.error;
      return;
    }
    silences = 0;
    if (answer.kind === "words") {
      for (const [id, own] of splitWords(range, answer.words)) words.set(id, own);
      return;
    }
    const registers = range.registers.map(({ register }) => register);
    const [left, right] = halve(registers);
    if (right === undefined) {
      for (const register of registers)
        refused.push({ register, code: answer.error.exceptionCode });
      return;
    }
    await read(left);
    await read(right);
  }

  const select = () => selectRegisters(profile, { ...choice, wanted: "all", known, firmware });
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const fresh = select().filter((one) => !asked.has(one.id));
    if (fresh.length === 0) break;
    const freshIds = new Set(fresh.map((one) => one.id));
    const excluded = new Set(
      profile.registers.filter((one) => !freshIds.has(one.id)).map((one) => one.id),
    );
    const plan = planReads(profile, { ...choice, wanted: "all", known, firmware, excluded });
    for (const range of plan.ranges) {
      await read(range);
      for (const { register } of range.registers) asked.add(register.id);
      onProgress(asked.size, Math.max(asked.size, select().length));
    }
    for (const register of fresh) {
      const value = decodeRegister(words.get(register.id) ?? [], register).value;
      if (value !== undefined) known.set(register.id, value);
    }
  }
  const refusedIds = new Set(refused.map(({ register }) => register.id));
  const wanted = select();
  const unknown = wanted.filter((one) => !words.has(one.id) && !refusedIds.has(one.id));
  return { wanted, words, refused, unknown, requests, error };
}

/** Two ranges, or one alone for registers that cannot be told apart. */
function halve(
  registers: readonly ProfileRegister[],
): readonly [PlannedRange, PlannedRange] | readonly [undefined, undefined] {
  const [first] = registers;
  const middle = Math.ceil(registers.length / 2);
  const [leftFirst, ...left] = registers.slice(0, middle);
  const [rightFirst, ...right] = registers.slice(middle);
  const isOneWord = registers.every((one) => one.address === first?.address);
  if (leftFirst === undefined || rightFirst === undefined || isOneWord) {
    return [undefined, undefined];
  }
  return [rangeOf([leftFirst, ...left]), rangeOf([rightFirst, ...right])];
}
