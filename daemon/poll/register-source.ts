/**
 * Snapshots of a device that is read by registers: identify, plan, read, look again, decode.
 *
 * Before the first snapshot, and after every silence, the device must show that it is the one the
 * profile describes. A range that fails costs its own readings only. Registers that the device
 * refuses are found, set aside, and cost no request from then on.
 */
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import { decodeRegister } from "#core/profile/decode.js";
import type { Profile, ProfileRegister } from "#core/profile/profile.js";
import { planReads, type ReadPlan, rangeOf } from "#core/profile/read-plan.js";
import { decodeReadings, type RegisterOutcome } from "#core/profile/readings.js";
import { type ReadChoice, selectRegisters } from "#core/profile/register-choice.js";
import type { RegisterReader } from "../device/register-reader.js";
import { type Bisection, createBisection, type Registers, type Verdict } from "./bisection.js";
import { createGroupSchedule } from "./group-schedule.js";
import { identify } from "./identify.js";
import { createPlausibility } from "./plausibility.js";
import { createPollRun, type PollRun } from "./poll-run.js";
import {
  loadQuarantine,
  type Quarantine,
  type QuarantineEntry,
  type QuarantineStore,
} from "./quarantine.js";
import { createRangeAsker } from "./range-asking.js";
import type { SnapshotSource } from "./snapshot-source.js";
import { createSuspicion } from "./suspicion.js";

/** What a source needs. */
export interface RegisterSourceDeps {
  readonly deviceId: string;
  readonly profile: Profile;
  /** What this installation reads; the source adds what it learns. */
  readonly choice: Pick<ReadChoice, "wanted" | "parameters" | "unitId">;
  readonly reader: RegisterReader;
  readonly clock: Clock;
  readonly quarantineStore: QuarantineStore;
  /** Something a person may want to know: a register set aside, a space that is not answered. */
  readonly onNotice: (message: string) => void;
}

/** What the source has learnt. */
export interface RegisterSourceStatus {
  /** `undefined` before the device was identified. */
  readonly firmware: string | undefined;
  /** Requests of a poll that reads every group. */
  readonly plannedRequests: number;
  readonly quarantine: readonly QuarantineEntry[];
  /** Whether at least half of the wanted registers exist on the device. */
  readonly doesProfileFit: boolean;
}

/** A source over registers. */
export interface RegisterSource extends SnapshotSource {
  status(): RegisterSourceStatus;
}

/** Extra requests per poll for finding bad registers and trying old ones again. */
const PROBES_MAX = 16;

/** What is known of an identified device. */
interface Identified {
  readonly firmware: string;
  readonly quarantine: Quarantine;
  readonly bisection: Bisection;
}

/** A source that owns `reader`: closing it closes the reader. */
export function createRegisterSource(deps: RegisterSourceDeps): RegisterSource {
  const { profile, reader, clock, onNotice } = deps;
  const asker = createRangeAsker(reader, profile.connection, onNotice);
  const plausibility = createPlausibility();
  const suspicion = createSuspicion();
  const groups = createGroupSchedule(profile.slowSeconds, clock);
  const gateIds = findGates(profile);
  const known = new Map<string, number>();
  let device: Identified | undefined;
  let planned: (ReadPlan & { key: string; wanted: readonly ProfileRegister[] }) | undefined;
  let fits = true;

  async function meet(): Promise<Identified> {
    asker.restart();
    const identity = await identify(profile, deps.choice, asker, gateIds);
    const { firmware } = identity;
    known.clear();
    for (const [id, value] of identity.known) known.set(id, value);
    const key = { profile: profile.name, profileVersion: profile.version, firmware };
    const quarantine = await loadQuarantine(deps.quarantineStore, key, clock);
    const bisection = createBisection(clock, (register, code) => {
      quarantine.add(register, code);
      onNotice(
        `${register.id} (${register.space} ${register.address}) is set aside: the device answers exception ${code}`,
      );
    });
    groups.restart();
    return { firmware, quarantine, bisection };
  }

  /** Registers that this device should have. */
  function wantedOf({ firmware }: Identified): readonly ProfileRegister[] {
    return selectRegisters(profile, { ...deps.choice, known, firmware });
  }

  function planOf(
    { firmware, quarantine, bisection }: Identified,
    only?: readonly ProfileRegister[],
  ): ReadPlan {
    const limited = limitWords(profile, quarantine.wordsPerReadMax);
    const excluded = new Set([...quarantine.ids, ...bisection.openIds]);
    if (only !== undefined) {
      const ids = new Set(only.map((one) => one.id));
      for (const { id } of profile.registers) if (!ids.has(id)) excluded.add(id);
    }
    return planReads(limited, { ...deps.choice, known, firmware, excluded });
  }

  /** What a poll asks for, planned anew only when something of it has changed. */
  function standingPlan(found: Identified): NonNullable<typeof planned> {
    const { firmware, quarantine, bisection } = found;
    const facts = [firmware, quarantine.wordsPerReadMax, [...known].flat()];
    const key = [...facts, "-", ...quarantine.ids, "-", ...bisection.openIds].join();
    planned = planned?.key === key ? planned : { key, wanted: wantedOf(found), ...planOf(found) };
    return planned;
  }

  async function probe(run: PollRun, { quarantine, bisection }: Identified): Promise<void> {
    const read = async (registers: Registers): Promise<Verdict> => {
      const answer = await run.askExtra(rangeOf(registers));
      if (answer.kind === "words" || answer.kind === "failed") {
        return { kind: answer.kind === "words" ? "good" : "failed" };
      }
      return { kind: "bad", code: answer.error.exceptionCode };
    };
    const dueId = quarantine.due();
    const due = run.wanted.find((one) => one.id === dueId);
    if (due !== undefined && dueId !== undefined) {
      const { kind } = await read([due]);
      if (kind !== "failed" && quarantine.noteRecheck(dueId, kind === "good")) {
        onNotice(`${dueId} is answered again and read as before`);
      }
    }
    await bisection.proceed(read, PROBES_MAX - (due === undefined ? 0 : 1));
    const hasManyBad = quarantine.ids.size * 2 > run.wanted.length;
    if (hasManyBad) bisection.stop();
    if (hasManyBad && fits) {
      onNotice(
        `the profile ${profile.name} does not fit: the device refuses ${quarantine.ids.size} of ${run.wanted.length} registers`,
      );
    }
    fits = !hasManyBad;
  }

  async function takeAll(found: Identified, signal: AbortSignal): Promise<Snapshot> {
    const started = {
      takenAtMs: clock.nowMs(),
      monotonicMs: clock.monotonicMs(),
      clockSynced: clock.isSynced(),
    };
    const { wanted, ranges: all } = standingPlan(found);
    const wordsPerReadMax = found.quarantine.wordsPerReadMax;
    const run = createPollRun(asker, wanted, {
      replan: (registers, triedWords) => {
        const halved = shorter(registers, triedWords);
        found.quarantine.wordsPerReadMax = Math.min(
          found.quarantine.wordsPerReadMax ?? halved,
          halved,
        );
        return planOf(found, registers).ranges;
      },
      restoreLength: () => {
        found.quarantine.wordsPerReadMax = wordsPerReadMax;
      },
    });
    const ranges = all.filter((range) => groups.isDue(range.group));
    await run.readAll(ranges, signal);
    if (signal.aborted) throw new HeatpoolError("DEVICE_CLOSED", "the poll was stopped");
    if (!run.hasAnswered) {
      suspicion.forget();
      throw run.firstError ?? nothingPlanned(profile);
    }
    groups.noteRead(run.failedGroups);
    for (const { range, code } of suspicion.judge(run.absentRanges, ranges)) {
      const [first, ...rest] = range.registers.map(({ register }) => register);
      if (fits && first !== undefined) found.bisection.begin([first, ...rest], code);
    }
    if (!run.hasGivenUp) await probe(run, found);
    await plausibility.check(wanted, run.outcomes, asker);
    await keep(found.quarantine);
    const outcomes = complete(run.outcomes, wanted, found, groups.isDue);
    groups.endPoll();
    learn(outcomes, wanted);
    const readings = decodeReadings(profile, outcomes);
    return { deviceId: deps.deviceId, ...started, readings };
  }

  /** Values that decide whether other registers can be read. */
  function learn(
    outcomes: ReadonlyMap<string, RegisterOutcome>,
    wanted: readonly ProfileRegister[],
  ): void {
    for (const register of wanted) {
      const words = gateIds.has(register.id) ? outcomes.get(register.id)?.words : undefined;
      const value = words === undefined ? undefined : decodeRegister(words, register).value;
      if (value !== undefined) known.set(register.id, value);
    }
  }

  /** A disk that refuses must not cost a poll; what was learnt stays in memory. */
  async function keep(quarantine: Quarantine): Promise<void> {
    await quarantine.save().catch((cause: unknown) => {
      onNotice(`what was learnt about the device could not be kept: ${String(cause)}`);
    });
  }

  return {
    deviceId: deps.deviceId,
    async take(signal) {
      try {
        device ??= await meet();
        return await takeAll(device, signal);
      } catch (error) {
        // After a silence another device may stand there.
        if (error instanceof HeatpoolError) device = undefined;
        throw error;
      } finally {
        if (profile.connection.shouldCloseAfterPoll) reader.hangUp();
      }
    },
    close: () => reader.close(),
    status: () => ({
      firmware: device?.firmware,
      plannedRequests: device === undefined ? 0 : planOf(device).ranges.length,
      quarantine: device?.quarantine.entries ?? [],
      doesProfileFit: fits,
    }),
  };
}

/** Every wanted register has an outcome: why it has none is an outcome too. */
function complete(
  outcomes: ReadonlyMap<string, RegisterOutcome>,
  wanted: readonly ProfileRegister[],
  { quarantine }: Identified,
  isDue: (group: ProfileRegister["group"]) => boolean,
): ReadonlyMap<string, RegisterOutcome> {
  const { ids } = quarantine;
  const missing = (register: ProfileRegister): RegisterOutcome => {
    const quality = isDue(register.group) ? "read-error" : "not-due";
    return { words: undefined, quality: ids.has(register.id) ? "quarantined" : quality };
  };
  return new Map(wanted.map((one) => [one.id, outcomes.get(one.id) ?? missing(one)]));
}

function findGates(profile: Profile): ReadonlySet<string> {
  const conditions = profile.registers.flatMap((one) => one.conditions);
  return new Set(conditions.flatMap((one) => (one.kind === "register" ? [one.registerId] : [])));
}

function limitWords(profile: Profile, wordsPerReadMax: number | undefined): Profile {
  const { connection } = profile;
  if (wordsPerReadMax === undefined || wordsPerReadMax >= connection.wordsPerReadMax) {
    return profile;
  }
  return { ...profile, connection: { ...connection, wordsPerReadMax } };
}

/** Half of what was refused, but never less than the widest register needs. */
function shorter(registers: readonly ProfileRegister[], triedWords: number): number {
  const widest = Math.max(...registers.map((one) => one.format.words));
  return Math.max(widest, Math.floor(triedWords / 2));
}

function nothingPlanned(profile: Profile): HeatpoolError {
  return new HeatpoolError("CONFIG_INVALID", `${profile.name}: no register is left to read`, {
    hint: "Check the parameters of the device in heatpool.yaml.",
  });
}
