/**
 * Contributing what was imported: through the backlog, in an epoch of its own, which the uplink
 * drains beside the present one at the rate that the backend grants. Nothing before consent.
 *
 * Only what is older than the first consent goes in: what came later was shared as it was read.
 * At most one row a minute, and nothing that the backend no longer takes.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { planCatalogueChannels } from "#core/batch/device-channels.js";
import { HeatpoolError } from "#core/errors.js";
import { toDeviceStream } from "../assembly/device-streams.js";
import { openState } from "../assembly/state-files.js";
import type { Backlog } from "../backlog/backlog.js";
import { openLevelBacklog } from "../backlog/level-backlog.js";
import { toSnapshot } from "../history/blocks.js";
import type { HistoryRow } from "../history/history.js";
import { DAY_MS, openSharedMinutes } from "../history/shared-minutes.js";
import { giveToOwner, openStateFile } from "../host/state-file.js";
import { readBootId } from "../host/system-clock.js";
import type { Setup } from "./setup.js";
import type { Terminal } from "./terminal.js";

/** What becomes of imported rows. */
export interface Contribution {
  take(rows: readonly HistoryRow[], metrics: readonly string[]): Promise<void>;
  /** Closes the backlog. */
  close(): Promise<ContributionSum>;
}

/** Counts of rows. */
export interface ContributionSum {
  shared: number;
  /** Shared before, or in a minute of which another row is shared. */
  known: number;
  /** Read after the first consent: the daemon shared that time itself. */
  live: number;
  /** Older than the backend keeps. */
  old: number;
  /** The backlog has no more room for it; the same import may be repeated later. */
  waiting: number;
}

/** Values are deleted after 12 months; what is sent takes its time. */
const AGE_MAX_MS = 360 * DAY_MS;
const STEP_MS = 60_000;
/** The other half of the backlog is for what is read meanwhile. */
const BACKLOG_SHARE = 0.5;

/**
 * @throws HeatpoolError `CONSENT_MISSING` · `CONFIG_INVALID` no backend is configured ·
 *   `BACKLOG_LOCKED` the daemon runs
 */
export async function openContribution(
  setup: Setup,
  terminal: Terminal,
  deviceId: string,
): Promise<Contribution> {
  const { config } = setup;
  const { clock, chance } = terminal;
  const { book, backlogFolder } = openState(config, clock, terminal.version);
  if (config.backend === undefined) {
    throw new HeatpoolError("CONFIG_INVALID", "--share: the configuration names no backend");
  }
  if (book.state().status !== "granted") {
    throw new HeatpoolError("CONSENT_MISSING", "--share: you have not agreed to sharing", {
      hint: "Read `heatpool consent show`, decide with `heatpool consent grant`, and repeat.",
    });
  }
  const firstConsentMs = Math.min(
    ...book.history().flatMap(({ action, time }) => (action === "granted" ? Date.parse(time) : [])),
  );
  const fromMs = clock.nowMs() - AGE_MAX_MS;
  const folder = join(config.stateDir, "shared-minutes");
  const minutes = openSharedMinutes((name) => openStateFile(join(folder, name)));
  const sum: ContributionSum = { shared: 0, known: 0, live: 0, old: 0, waiting: 0 };
  const [device] = setup.devices
    .filter((one) => one.config.deviceId === deviceId)
    .map(toDeviceStream);
  if (device === undefined) throw new HeatpoolError("USAGE", `${deviceId}: no such device`);

  /** A backlog with the table of what is imported; the daemon opens it with its own again. */
  const open = (metrics: readonly string[]) =>
    openLevelBacklog({
      directory: backlogFolder,
      streams: [{ ...device, table: planCatalogueChannels(metrics), stepMs: STEP_MS }],
      bootId: readBootId(),
      clock,
      chance,
      limitBytes: config.backlog.limitMiB * 1024 * 1024,
      whenFull: "drop-newest",
    });
  const known = new Set<string>();
  let queue: Backlog | undefined;

  async function ready(metrics: readonly string[]): Promise<Backlog> {
    if (queue !== undefined && metrics.every((metric) => known.has(metric))) return queue;
    for (const metric of metrics) known.add(metric);
    const isFirst = queue === undefined;
    await queue?.close();
    queue = await open([...known]);
    if (!isFirst) return queue;
    minutes.settle(queue);
    // What the daemon left unsealed stays in its own epoch.
    await queue.seal();
    await queue.beginEpoch();
    return queue;
  }

  async function hand(day: number, rows: readonly HistoryRow[], backlog: Backlog) {
    const fresh = minutes.choose(deviceId, day, rows);
    sum.known += rows.length - fresh.rows.length;
    if (fresh.rows.length === 0) return;
    const { diskBytes, limitBytes, mode } = backlog.status();
    if (mode !== "durable" || diskBytes > limitBytes * BACKLOG_SHARE) {
      sum.waiting += fresh.rows.length;
      return;
    }
    await minutes.carryOut(fresh, backlog, async () => {
      for (const row of fresh.rows) backlog.record(toSnapshot(deviceId, row));
      await backlog.seal();
    });
    sum.shared += fresh.rows.length;
  }

  return {
    async take(rows, metrics) {
      const days = new Map<number, HistoryRow[]>();
      for (const row of rows) {
        if (row.atMs >= firstConsentMs) sum.live++;
        else if (row.atMs < fromMs) sum.old++;
        else {
          const day = Math.floor(row.atMs / DAY_MS);
          const mine = days.get(day);
          if (mine === undefined) days.set(day, [row]);
          else mine.push(row);
        }
      }
      if (days.size === 0) return;
      const backlog = await ready(metrics);
      for (const [day, mine] of [...days].toSorted(([a], [b]) => a - b)) {
        await hand(day, mine, backlog);
      }
    },
    async close() {
      // What is read from here on does not wait behind what was imported.
      if (sum.shared > 0) await queue?.beginEpoch();
      await queue?.close();
      for (const made of [backlogFolder, folder]) if (existsSync(made)) giveToOwner(made);
      return sum;
    },
  };
}
