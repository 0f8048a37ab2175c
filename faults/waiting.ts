/** What waits in a backlog's folder, found on a copy so that the original is not touched. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import type { Clock } from "#core/clock.js";
import type { Backlog, BacklogStatus, DeviceStream } from "../daemon/backlog/backlog.js";
import { openLevelBacklog } from "../daemon/backlog/level-backlog.js";
import { numbersOf, ORACLE_PROFILE, ORACLE_TABLE } from "./oracle.js";

/** Batches taken at a time. */
const BATCHES_MAX = 1_000;

/** Device streams of an oracle with so many units, as the daemon describes them. */
export function oracleStreams(units: number, stepMs = 1000): DeviceStream[] {
  return Array.from({ length: units }, (_, k) => ({
    deviceId: `unit-${k + 1}`,
    profile: ORACLE_PROFILE,
    profileVersion: 1,
    heatpumpModel: ORACLE_PROFILE,
    table: ORACLE_TABLE,
    stepMs,
  }));
}

/** The boot this machine is in. */
export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** Seals what can be sealed and names everything that waits. */
export async function numbersWaiting(backlog: Backlog): Promise<(number | undefined)[]> {
  await backlog.seal();
  const numbers: (number | undefined)[] = [];
  for (const { epochId } of backlog.epochs()) {
    for (let sequence = 0; ; ) {
      const entries = await backlog.after(epochId, sequence, BATCHES_MAX);
      const last = entries.at(-1);
      if (last === undefined) break;
      for (const { sealed } of entries) numbers.push(...numbersOf(sealed));
      sequence = last.sequence;
    }
  }
  return numbers;
}

/** Opens a copy of `folder` as the next life would and looks into it. `undefined`: there is none. */
export async function inspectCopy(
  folder: string,
  { units, clock }: { units: number; clock: Clock },
): Promise<{ numbers: (number | undefined)[]; status: BacklogStatus } | undefined> {
  if (!existsSync(folder)) return undefined;
  const copy = `${folder}-copy`;
  const filter = (source: string): boolean => !source.endsWith("/reserve");
  await cp(folder, copy, { recursive: true, filter });
  try {
    const backlog = await openLevelBacklog({
      directory: copy,
      streams: oracleStreams(units),
      bootId: bootId(),
      clock,
      chance: (count) => randomBytes(count),
      commitIntervalMs: 0,
      limitBytes: 8 * 2 ** 20,
    });
    const numbers = await numbersWaiting(backlog);
    const status = backlog.status();
    await backlog.close();
    return { numbers, status };
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}
