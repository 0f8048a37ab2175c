/**
 * One poll's requests and what they brought, register by register. Two silences in a row end the
 * asking; any other failure costs its own range only.
 */
import type { HeatpoolError } from "#core/errors.js";
import type { PollGroup, ProfileRegister } from "#core/profile/profile.js";
import { type PlannedRange, splitWords } from "#core/profile/read-plan.js";
import type { RegisterOutcome } from "#core/profile/readings.js";
import type { RangeAnswer, RangeAsker } from "./range-asking.js";
import type { RefusedRange } from "./suspicion.js";

/** A poll that runs. */
export interface PollRun {
  /** Registers that should have an outcome in the end. */
  readonly wanted: readonly ProfileRegister[];
  /** By register id; only what was read. */
  readonly outcomes: Map<string, RegisterOutcome>;
  readonly absentRanges: readonly RefusedRange[];
  /** Groups of which something failed for a reason that may pass. */
  readonly failedGroups: ReadonlySet<PollGroup>;
  /** Whether any range brought words. */
  readonly hasAnswered: boolean;
  /** Whether the asking was ended by silence. */
  readonly hasGivenUp: boolean;
  readonly firstError: HeatpoolError | undefined;
  readAll(ranges: readonly PlannedRange[], signal: AbortSignal): Promise<void>;
  /** A request beside the plan; its words count. */
  askExtra(range: PlannedRange): Promise<RangeAnswer>;
}

/** What a run asks its owner. */
export interface PollRunDeps {
  /** Shorter ranges for registers of a range whose `triedWords` the device found too many. */
  replan(registers: readonly ProfileRegister[], triedWords: number): readonly PlannedRange[];
  /** Length was not the reason: the words per request are again what they were. */
  restoreLength(): void;
}

/** Silences in a row that end a poll. */
const SILENCES_MAX = 2;

/** @param wanted registers that should have an outcome in the end */
export function createPollRun(
  asker: RangeAsker,
  wanted: readonly ProfileRegister[],
  deps: PollRunDeps,
): PollRun {
  const outcomes = new Map<string, RegisterOutcome>();
  const absentRanges: RefusedRange[] = [];
  const failedGroups = new Set<PollGroup>();
  let silences = 0;
  let hasAnswered = false;
  let firstError: HeatpoolError | undefined;

  async function ask(range: PlannedRange): Promise<RangeAnswer> {
    const answer = await asker.ask(range);
    silences = answer.kind === "failed" && answer.isSilence ? silences + 1 : 0;
    if (answer.kind !== "words") {
      firstError ??= answer.error;
      return answer;
    }
    hasAnswered = true;
    for (const [id, words] of splitWords(range, answer.words)) {
      outcomes.set(id, { words, quality: "good" });
    }
    return answer;
  }

  async function readOne(range: PlannedRange): Promise<void> {
    if (silences >= SILENCES_MAX) {
      failedGroups.add(range.group);
      return;
    }
    const answer = await ask(range);
    if (answer.kind === "failed") failedGroups.add(range.group);
    if (answer.kind === "absent") absentRanges.push({ range, code: answer.error.exceptionCode });
    if (answer.kind === "too-long") await readShorter(range, answer.error.exceptionCode);
  }

  /** Reads a range in shorter ones. When a part of one register is refused, length was not it. */
  async function readShorter(range: PlannedRange, code: number): Promise<void> {
    const refusedBefore = absentRanges.length;
    const shorter = deps.replan(registersOf(range), range.count);
    if (shorter.length > 1) for (const one of shorter) await readOne(one);
    const refused = absentRanges.slice(refusedBefore);
    if (shorter.length > 1 && !refused.some((one) => one.code === code)) return;
    deps.restoreLength();
    absentRanges.splice(refusedBefore, refused.length, { range, code });
  }

  return {
    wanted,
    outcomes,
    absentRanges,
    failedGroups,
    get hasAnswered() {
      return hasAnswered;
    },
    get hasGivenUp() {
      return silences >= SILENCES_MAX;
    },
    get firstError() {
      return firstError;
    },
    async readAll(ranges, signal) {
      for (const range of ranges) {
        if (signal.aborted) return;
        await readOne(range);
      }
    },
    askExtra: ask,
  };
}

function registersOf(range: PlannedRange): readonly ProfileRegister[] {
  return range.registers.map(({ register }) => register);
}
