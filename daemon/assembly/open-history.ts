/** The house's own values as configured; without them charts are missing, never a reading. */
import { join } from "node:path";
import { HeatpoolError } from "#core/errors.js";
import type { Config } from "../config.js";
import type { History } from "../history/history.js";
import type { HistoryAsk } from "../local/control-socket.js";
import { toDeviceStream } from "./device-streams.js";
import { MIB } from "./open-backlog.js";
import type { DaemonParts } from "./parts.js";

/** The house's own values; a history that does not open costs charts, never a reading. */
export async function openHistory(parts: DaemonParts): Promise<History | undefined> {
  const { config, log } = parts;
  if (config.history.limitMiB === 0) return undefined;
  try {
    return await openHistoryFolder(parts, (trouble) =>
      log(trouble === undefined ? "info" : "error", "history.trouble", { why: trouble }),
    );
  } catch (fault) {
    if (!(fault instanceof HeatpoolError)) throw fault;
    log("error", "history.unavailable", { why: fault.message });
    return undefined;
  }
}

export function historyFolder(config: Config): string {
  return join(config.stateDir, "history");
}

/** Opens the history as configured; for the commands as well. */
export async function openHistoryFolder(
  { config, devices, clock }: Pick<DaemonParts, "config" | "devices" | "clock">,
  onTrouble: (why: string | undefined) => void,
): Promise<History> {
  const { openLevelHistory } = await import("../history/level-history.js");
  const options = {
    streams: devices.map(toDeviceStream),
    clock,
    commitIntervalMs: config.history.commitIntervalSeconds * 1000,
    limitBytes: config.history.limitMiB * MIB,
    onTrouble: (cause: HeatpoolError | undefined) => onTrouble(cause?.message),
  };
  return await openLevelHistory(historyFolder(config), options, (cause) =>
    onTrouble(String(cause)),
  );
}

/** What commands ask of the history. */
export async function answerHistory(history: History, ask: HistoryAsk): Promise<unknown> {
  if (ask.action === "status") {
    return { ...history.status(), oldestMs: await history.oldestMs() };
  }
  const rows: unknown[] = [];
  for await (const { atMs, values } of history.rows({ deviceId: ask.deviceId }, ask)) {
    rows.push([atMs, Object.fromEntries(values)]);
  }
  return rows;
}
