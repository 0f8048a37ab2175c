/**
 * Brings the sums of days up to date: every whole day that has blocks, once it is over, and again
 * when data for it came late.
 */
import { openSealed, readRows } from "#core/batch/batch-reader.js";
import type { InstallationState, Registry } from "../registry/registry.js";
import type { SnapshotStore } from "../store/snapshot-store.js";
import type { FindTable } from "../store/table-finder.js";
import { createDaySummariser, DAY_MS, type DaySummary } from "./day-summary.js";

/** What the sums are made from. */
export interface SumDaysDeps {
  readonly store: Pick<
    SnapshotStore,
    "blocksOfDays" | "days" | "devices" | "putDays" | "record" | "putRecord"
  >;
  readonly findTable: FindTable;
  readonly registry: Pick<Registry, "members">;
  /** What was measured before it is not kept any more. */
  readonly keptFromMs: (nowMs: number) => number;
}

/** Where the last run stood: the day of receipt up to which arrivals were looked at. */
const RECORD = "community/days";
/** After a longer pause the days of this time are made anew. */
const LOOK_BACK_DAYS = 35;

/** What a run did. */
export interface SummedDays {
  readonly installations: number;
  readonly days: number;
}

/** Sums what came since the last run. One installation at a time, so that acks do not wait. */
export async function sumDays(deps: SumDaysDeps, nowMs: number): Promise<SummedDays> {
  const { store, registry } = deps;
  const today = Math.floor(nowMs / DAY_MS);
  const kept = await store.record(RECORD);
  const lastRunDay = kept === undefined ? 0 : Number(Buffer.from(kept).toString());
  const firstKept = Math.ceil(deps.keptFromMs(nowMs) / DAY_MS);
  let [installations, days] = [0, 0];
  for (const state of [...registry.members()]) {
    const from = firstDayToSum(state, lastRunDay, today);
    if (from === undefined) continue;
    const made = await sumInstallation(deps, state, Math.max(from, firstKept), today - 1);
    installations++;
    days += made;
  }
  await store.putRecord(RECORD, Buffer.from(String(today)));
  return { installations, days };
}

/** `undefined`: nothing came for a day that is over. */
function firstDayToSum(
  { arrivals = [], lastReceivedAtMs }: InstallationState,
  lastRunDay: number,
  today: number,
): number | undefined {
  if (Math.floor(lastReceivedAtMs / DAY_MS) < lastRunDay) return undefined;
  const since = arrivals.filter((one) => one.receivedDay >= lastRunDay);
  const oldest = Math.min(today - 1, ...since.map((one) => one.oldestDay));
  // Arrivals before the oldest remembered one are not known, nor is anything before the first run.
  const isComplete = (arrivals[0]?.receivedDay ?? today) <= lastRunDay;
  return isComplete ? Math.min(oldest, lastRunDay) : Math.min(oldest, today - LOOK_BACK_DAYS);
}

async function sumInstallation(
  deps: SumDaysDeps,
  state: InstallationState,
  from: number,
  to: number,
): Promise<number> {
  const { store } = deps;
  const id = state.installationId;
  const before = new Map<string, DaySummary>();
  for await (const one of store.days(id, from - 1))
    if (one.day === from - 1) before.set(one.deviceId, one);
  const made: DaySummary[] = [];
  for (const deviceId of await store.devices(id)) {
    let last = before.get(deviceId);
    for (let day = from; day <= to; day++) {
      const summary = await sumDay(deps, { id, deviceId, day, last });
      if (summary === undefined) continue;
      made.push(summary);
      last = summary;
    }
  }
  if (made.length > 0) await store.putDays(id, made);
  return made.length;
}

async function sumDay(
  { store, findTable }: SumDaysDeps,
  at: { id: string; deviceId: string; day: number; last: DaySummary | undefined },
): Promise<DaySummary | undefined> {
  const { id, deviceId, day, last } = at;
  const rows: { model: string; rows: ReturnType<typeof readRows>; firstMs: number }[] = [];
  // A block is filed under the day of its first row and may reach into the next.
  for await (const block of store.blocksOfDays(id, deviceId, day - 1, day + 1)) {
    if (Math.floor(block.lastMs / DAY_MS) < day) continue;
    const table = await findTable(block.batch.tableId);
    const read = readRows(openSealed(block.batch, table), table);
    rows.push({ model: block.heatpumpModel, rows: read, firstMs: block.firstMs });
  }
  const newest = rows.at(-1);
  if (newest === undefined) return undefined;
  const summariser = createDaySummariser({ day, deviceId, heatpumpModel: newest.model }, last);
  for (const one of rows.sort((a, b) => a.firstMs - b.firstMs)) summariser.add(one.rows);
  return summariser.finish();
}
