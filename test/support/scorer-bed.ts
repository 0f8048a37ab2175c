/** A scorer on real files, fed with the polls of a simulated heat pump, with a clock that follows them. */
import { join } from "node:path";
import type { Snapshot } from "#core/measurement/snapshot.js";
import type { SimulatedTable } from "../../bench/simulated/record.js";
import { rowsOfTable } from "../../bench/simulated/record.js";
import { openCheckedFile, openStateFile } from "../../daemon/host/state-file.js";
import { openAlarmBook } from "../../daemon/model/alarm-book.js";
import { createScorer } from "../../daemon/model/create-scorer.js";
import { createMemoryRows } from "../../daemon/model/memory-rows.js";
import type { Scorer } from "../../daemon/model/scorer.js";
import type { ScorerParts } from "../../daemon/model/scorer-parts.js";
import type { Notice } from "../../daemon/notify/notify.js";
import { createFakeClock } from "./fake-clock.js";

/** The device of these tests. */
export const DEVICE_ID = "heatpump";
export const HEAT_PUMP_MODEL = "test/plain";

/** Columns of the simulator by metric where their names differ. */
export const METRIC_OF: Readonly<Record<string, string>> = {
  fan_speed: "fan_speed_percent",
  temp_discharge: "temp_hot_gas",
  mode: "operating_mode",
};
const MODE_OF = ["off", "heating", "hot_water", "defrost"] as const;

/** A scorer with everything around it. */
export interface ScorerBed {
  readonly scorer: Scorer;
  readonly notices: Notice[];
  readonly log: { event: string; facts: Record<string, unknown> }[];
  readonly rows: ScorerParts["rows"];
  feed(table: SimulatedTable, fromMs?: number, toMs?: number): Promise<void>;
  stop(): Promise<void>;
}

/** Opens a scorer whose files lie in `folder`. */
export async function openScorerBed(
  folder: string,
  more: Partial<ScorerParts> = {},
): Promise<ScorerBed> {
  const clock = createFakeClock(0);
  const notices: Notice[] = [];
  const log: ScorerBed["log"] = [];
  const rows = more.rows ?? createMemoryRows();
  const stop = new AbortController();
  const scorer = await createScorer({
    devices: [
      { deviceId: DEVICE_ID, heatpumpModel: HEAT_PUMP_MODEL, modeOf: (code) => MODE_OF[code] },
    ],
    filesOf: (deviceId) => ({
      state: openStateFile(join(folder, `${deviceId}.state`)),
      local: openCheckedFile(join(folder, `${deviceId}.json`)),
    }),
    book: openAlarmBook(openCheckedFile(join(folder, "alarms.json"))),
    clock,
    log: (_, event, facts = {}) => log.push({ event, facts }),
    language: "en",
    writeTime: (atMs) => new Date(atMs).toISOString().slice(0, 16),
    tell: (notice) => notices.push(notice),
    pause: () => Promise.resolve(),
    ...more,
    rows,
  });
  const ended = scorer.run(stop.signal);
  return {
    scorer,
    notices,
    log,
    rows,
    async feed(table, fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY) {
      for (const { atMs, reading } of rowsOfTable(table)) {
        if (atMs < fromMs || atMs >= toMs) continue;
        clock.stepWall(atMs);
        scorer.take(toSnapshot(atMs, reading));
        await scorer.settled();
      }
    },
    async stop() {
      stop.abort();
      await ended;
    },
  };
}

/** A record as the poller would give it. */
export function toSnapshot(atMs: number, reading: Readonly<Record<string, number>>): Snapshot {
  const readings = Object.entries(reading).map(([column, value]) => {
    const isThere = !Number.isNaN(value) && !(column === "cop_current" && value === 0);
    return {
      metric: METRIC_OF[column] ?? column,
      value: isThere ? value : undefined,
      quality: isThere ? ("good" as const) : ("absent" as const),
    };
  });
  return { deviceId: DEVICE_ID, takenAtMs: atMs, monotonicMs: atMs, clockSynced: true, readings };
}
