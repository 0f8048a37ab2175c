/** Streams, snapshots and options for tests of backlogs. */

import { openSealed, readRows } from "#core/batch/batch-reader.js";
import { createChannelTable } from "#core/batch/channel-table.js";
import type { Clock } from "#core/clock.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import type { Backlog, BacklogEntry, DeviceStream } from "../../daemon/backlog/backlog.js";
import type { BacklogOptions } from "../../daemon/backlog/backlog-options.js";
import { createChance } from "./chance.js";

const STEP_MS = 60_000;
const BOOT_ID = "11111111-2222-4333-8444-555555555555";

const table = createChannelTable(
  ["temp_outdoor", "temp_flow", "temp_return"].map((metric) => ({
    metric,
    encoding: "int",
    multiplier: 1,
    decimals: 1,
    kind: "fastTemperature",
  })),
);

export function streamOf(deviceId: string): DeviceStream {
  return {
    deviceId,
    profile: "idm/navigator-2.0",
    profileVersion: 1,
    heatpumpModel: "idm/navigator-2.0",
    table,
    stepMs: STEP_MS,
  };
}

/** The `k`-th snapshot of a device; its outdoor temperature is `k` tenths, so each is unique. */
export function snapshotOf(
  k: number,
  { deviceId = "heatpump", startMs = Date.UTC(2026, 10, 1), clockSynced = true } = {},
): Snapshot {
  const value = (metric: string, tenths: number) =>
    ({ metric, value: tenths / 10, quality: "good" }) as const;
  return {
    deviceId,
    takenAtMs: startMs + k * STEP_MS,
    monotonicMs: k * STEP_MS,
    clockSynced,
    readings: [
      value("temp_outdoor", k),
      value("temp_flow", (k * 7) % 400),
      value("temp_return", (k * 11) % 300),
    ],
  };
}

/** Options that commit each snapshot at once. */
export function optionsOf(clock: Clock, seed = 1): BacklogOptions {
  return {
    streams: [streamOf("heatpump"), streamOf("second")],
    bootId: BOOT_ID,
    clock,
    chance: createChance(seed),
    commitIntervalMs: 0,
  };
}

/** Everything that waits, epoch by epoch. */
export async function waitingEntries(backlog: Backlog): Promise<BacklogEntry[]> {
  const entries: BacklogEntry[] = [];
  for (const { epochId } of backlog.epochs()) {
    entries.push(...(await backlog.after(epochId, 0, 100_000)));
  }
  return entries;
}

/** Numbers of the snapshots in batches, as `snapshotOf` counted them. */
export function numbersIn(entries: readonly BacklogEntry[]): number[] {
  return entries.flatMap(({ sealed }) => {
    const columns = openSealed(sealed, table);
    return [...readRows(columns, table)].map((row) =>
      Math.round((row.values.get("temp_outdoor") ?? Number.NaN) * 10),
    );
  });
}

/** Seals the rest and returns the numbers of everything that waits. */
export async function drainNumbers(backlog: Backlog): Promise<number[]> {
  await backlog.seal();
  return numbersIn(await waitingEntries(backlog));
}

export function countTo(end: number): number[] {
  return Array.from({ length: end }, (_, k) => k);
}
