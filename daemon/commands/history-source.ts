/**
 * The house's history for commands: a running daemon is asked, without one the folder is read. What
 * changes it needs the folder for itself.
 */
import { existsSync } from "node:fs";
import { HeatpoolError } from "#core/errors.js";
import { historyFolder, openHistoryFolder } from "../assembly/open-history.js";
import type { History, HistoryRow, HistoryStatus, TimeRange } from "../history/history.js";
import { askDaemon, controlSocketPath, historyQuestion } from "../local/control-socket.js";
import type { Setup } from "./setup.js";
import type { Terminal } from "./terminal.js";

/** What both sources can say. */
export interface HistorySource {
  status(): Promise<HistoryStatus & { readonly oldestMs: number | undefined }>;
  rows(deviceId: string, range: TimeRange): AsyncIterable<HistoryRow>;
  close(): Promise<void>;
}

const HOUR_MS = 3_600_000;

/** @throws HeatpoolError `NOT_FOUND` there is no history */
export async function openHistorySource(setup: Setup, terminal: Terminal): Promise<HistorySource> {
  const socket = controlSocketPath(setup.config.runtimeDir);
  const ask = (question: Parameters<typeof historyQuestion>[0]) =>
    askDaemon(terminal.clock, socket, historyQuestion(question));
  const status = await ask({ action: "status" });
  if (status === undefined) {
    // Looking must not make a history where there is none.
    if (!existsSync(historyFolder(setup.config))) {
      throw new HeatpoolError("NOT_FOUND", "there is no history yet", {
        hint: "The daemon makes one when it runs; an import makes one as well.",
      });
    }
    return fromFolder(await openHistoryAlone(setup, terminal));
  }
  if (status === null) {
    throw new HeatpoolError("NOT_FOUND", "the daemon keeps no history", {
      hint: "See history.limitMiB in the configuration, and the daemon's log.",
    });
  }
  return {
    status: async () => status as HistoryStatus & { oldestMs: number | undefined },
    async *rows(deviceId, { fromMs, toMs }) {
      for (let at = fromMs; at < toMs; at += HOUR_MS) {
        const part = { fromMs: Math.floor(at), toMs: Math.floor(Math.min(toMs, at + HOUR_MS)) };
        const rows = await ask({ action: "rows", deviceId, ...part });
        for (const [atMs, values] of rows as [number, Record<string, number>][]) {
          yield { atMs, values: new Map(Object.entries(values)) };
        }
      }
    },
    close: async () => undefined,
  };
}

function fromFolder(history: History): HistorySource {
  return {
    status: async () => ({ ...history.status(), oldestMs: await history.oldestMs() }),
    rows: (deviceId, range) => history.rows({ deviceId }, range),
    close: () => closeHistory(history),
  };
}

/** The device that is named, or the only one. @throws HeatpoolError `USAGE` */
export function chooseDevice({ devices }: Setup, wanted: string | undefined): string {
  const ids = devices.map(({ config }) => config.deviceId);
  const [first = ""] = ids;
  if (wanted === undefined && ids.length === 1) return first;
  if (wanted !== undefined && ids.includes(wanted)) return wanted;
  const given = wanted === undefined ? "" : ` ${wanted}`;
  throw new HeatpoolError("USAGE", `--device${given}: one of ${ids.join(", ")}`);
}

/** The folder, for a change. @throws HeatpoolError `STORE_LOCKED` the daemon runs */
export async function openHistoryAlone(setup: Setup, terminal: Terminal): Promise<History> {
  try {
    return await openHistoryFolder({ ...setup, clock: terminal.clock }, (why) => {
      if (why !== undefined) terminal.warn(why);
    });
  } catch (cause) {
    if (!(cause instanceof HeatpoolError) || cause.code !== "STORE_LOCKED") throw cause;
    throw new HeatpoolError("STORE_LOCKED", cause.message, {
      cause,
      hint: "Stop the daemon for the import: systemctl stop heatpool.",
    });
  }
}

/** Ends it as the daemon does: what waits is written, then it is closed. */
export async function closeHistory(history: History): Promise<void> {
  const end = new AbortController();
  end.abort();
  await history.run(end.signal);
}
