/**
 * The record of alarms: one small file, written whole or not at all at each change, so that a
 * restart neither forgets nor repeats one. The oldest that are over go above a limit.
 */
import { HeatpoolError } from "#core/errors.js";
import type { StateFile } from "../host/state-file.js";
import type { Alarm, AlarmKind } from "./alarm.js";

/** A part of which the owner wants to hear nothing for a while. */
interface Mute {
  readonly deviceId: string;
  readonly part: string;
  readonly untilMs: number;
}

/** Keeps alarms. */
export interface AlarmBook {
  /** Newest first. */
  list(): readonly Alarm[];
  find(id: number): Alarm | undefined;
  open(deviceId: string, kind: AlarmKind): Alarm | undefined;
  /** Gives it the next number. */
  add(alarm: Omit<Alarm, "id">): Alarm;
  change(alarm: Alarm): void;
  mute(mute: Mute): void;
  isMuted(deviceId: string, part: string, atMs: number): boolean;
}

/** Years of alarms of a machine in trouble; about 1 KB each. */
export const ALARMS_KEPT_MAX = 300;
const MUTES_MAX = 200;
const FORMAT = 1;

interface Memory {
  readonly format: number;
  readonly lastId: number;
  readonly alarms: readonly Alarm[];
  readonly mutes: readonly Mute[];
}

/** @throws HeatpoolError `STATE_INVALID` the file is not one of ours */
export function openAlarmBook(file: Pick<StateFile, "path" | "read" | "write">): AlarmBook {
  let memory = read(file);
  const write = (next: Partial<Memory>) => {
    memory = { ...memory, ...next };
    file.write(JSON.stringify(memory));
  };
  return {
    list: () => [...memory.alarms].reverse(),
    find: (id) => memory.alarms.find((one) => one.id === id),
    open: (deviceId, kind) =>
      memory.alarms.findLast(
        (one) => one.deviceId === deviceId && one.kind === kind && one.resolvedAtMs === undefined,
      ),
    add(alarm) {
      const added = { ...alarm, id: memory.lastId + 1 };
      write({ lastId: added.id, alarms: shorten([...memory.alarms, added]) });
      return added;
    },
    change(alarm) {
      write({ alarms: memory.alarms.map((one) => (one.id === alarm.id ? alarm : one)) });
    },
    mute(mute) {
      const others = memory.mutes.filter(
        ({ deviceId, part }) => deviceId !== mute.deviceId || part !== mute.part,
      );
      write({ mutes: [...others, mute].slice(-MUTES_MAX) });
    },
    isMuted: (deviceId, part, atMs) =>
      memory.mutes.some(
        (one) => one.deviceId === deviceId && one.part === part && atMs < one.untilMs,
      ),
  };
}

/** Without the oldest that are over; those that go on stay. */
function shorten(alarms: readonly Alarm[]): readonly Alarm[] {
  let over = alarms.length - ALARMS_KEPT_MAX;
  return alarms.filter((one) => one.resolvedAtMs === undefined || over-- <= 0);
}

function read(file: Pick<StateFile, "path" | "read">): Memory {
  const text = file.read();
  if (text === undefined) return { format: FORMAT, lastId: 0, alarms: [], mutes: [] };
  try {
    const memory = JSON.parse(text) as Memory;
    if (memory.format === FORMAT && Number.isSafeInteger(memory.lastId)) return memory;
  } catch {
    // Told below.
  }
  throw new HeatpoolError("STATE_INVALID", `${file.path} is not what heatpool wrote`, {
    hint: "Remove the file; the history of alarms begins anew.",
  });
}
