/**
 * The quarantine: registers that this kind of device refuses, set aside so that they cost nothing.
 *
 * It belongs to a profile and a firmware, not to a device: a second device of the kind starts
 * knowing it, and a change of either forgets it. An entry is tried again rarely, alone, and two good
 * reads lift it. It also remembers how many words the device takes per request.
 */
import type { Clock } from "#core/clock.js";
import type { ProfileRegister } from "#core/profile/profile.js";
import type { Space } from "#core/profile/register-range.js";

/** What a quarantine belongs to. */
export interface QuarantineKey {
  readonly profile: string;
  readonly profileVersion: string;
  /** Empty when the profile knows no firmware register. */
  readonly firmware: string;
}

/** A register that was refused. */
export interface QuarantineEntry {
  readonly registerId: string;
  readonly unitId: number;
  readonly space: Space;
  readonly address: number;
  readonly words: number;
  /** The device's exception code. */
  readonly code: number;
  /** Unix milliseconds, for people; decides nothing. */
  readonly firstSeenMs: number;
  readonly lastRecheckMs: number | undefined;
  readonly rechecks: number;
}

/** What is kept. */
export interface QuarantineState {
  readonly entries: readonly QuarantineEntry[];
  /** `undefined`: as the profile says. */
  readonly wordsPerReadMax: number | undefined;
}

/** Where quarantines are kept; `file-quarantine-store.ts` keeps them on disk. */
export interface QuarantineStore {
  /** `undefined` when nothing is kept, or what is kept cannot be read. */
  load(key: QuarantineKey): Promise<QuarantineState | undefined>;
  /** Durable when it resolves; replaces what was kept. */
  save(key: QuarantineKey, state: QuarantineState): Promise<void>;
}

/** A loaded quarantine. */
export interface Quarantine {
  /** Ids of the registers that are set aside. */
  readonly ids: ReadonlySet<string>;
  readonly entries: readonly QuarantineEntry[];
  wordsPerReadMax: number | undefined;
  add(register: ProfileRegister, code: number): void;
  /** The register whose next try is due, if any. */
  due(): string | undefined;
  /** Notes a try; returns whether the entry was lifted by it. */
  noteRecheck(registerId: string, isGood: boolean): boolean;
  /** Keeps what changed since the last time. */
  save(): Promise<void>;
}

/** When an entry is tried again: 10 minutes, 1 hour, then every day after the last time. */
const RECHECK_MS = [600_000, 3_600_000, 86_400_000] as const;
/** Good reads that lift an entry. */
const GOOD_READS_TO_LIFT = 2;

interface Live {
  entry: QuarantineEntry;
  /** Monotonic: a wall clock may be wrong. */
  dueMs: number;
  goodReads: number;
}

/** Loads what is known about the kind of device. */
export async function loadQuarantine(
  store: QuarantineStore,
  key: QuarantineKey,
  clock: Clock,
): Promise<Quarantine> {
  const state = await store.load(key);
  const live = new Map<string, Live>();
  let wordsPerReadMax = state?.wordsPerReadMax;
  let isChanged = false;
  for (const entry of state?.entries ?? []) live.set(entry.registerId, alive(entry));

  function alive(entry: QuarantineEntry): Live {
    const waitMs = RECHECK_MS[Math.min(entry.rechecks, RECHECK_MS.length - 1)] ?? 0;
    return { entry, dueMs: clock.monotonicMs() + waitMs, goodReads: 0 };
  }

  const listed = () => Array.from(live.values(), ({ entry }) => entry);

  return {
    get ids() {
      return new Set(live.keys());
    },
    get entries() {
      return listed();
    },
    get wordsPerReadMax() {
      return wordsPerReadMax;
    },
    set wordsPerReadMax(value) {
      isChanged ||= value !== wordsPerReadMax;
      wordsPerReadMax = value;
    },
    add(register, code) {
      const { id, unitId, space, address, format } = register;
      const place = { registerId: id, unitId, space, address, words: format.words };
      const seen = { code, firstSeenMs: clock.nowMs(), lastRecheckMs: undefined, rechecks: 0 };
      live.set(id, alive({ ...place, ...seen }));
      isChanged = true;
    },
    due() {
      const now = clock.monotonicMs();
      return [...live.values()].find(({ dueMs }) => dueMs <= now)?.entry.registerId;
    },
    noteRecheck(registerId, isGood) {
      const found = live.get(registerId);
      if (found === undefined) return false;
      isChanged = true;
      if (isGood && found.goodReads + 1 >= GOOD_READS_TO_LIFT) return live.delete(registerId);
      const { entry } = found;
      const tried = { ...entry, lastRecheckMs: clock.nowMs(), rechecks: entry.rechecks + 1 };
      const next = alive(tried);
      // After a good read the deciding one follows in the next poll.
      if (isGood) live.set(registerId, { ...next, dueMs: clock.monotonicMs(), goodReads: 1 });
      else live.set(registerId, next);
      return false;
    },
    async save() {
      if (!isChanged) return;
      await store.save(key, { entries: listed(), wordsPerReadMax });
      isChanged = false;
    },
  };
}
