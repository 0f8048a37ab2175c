/**
 * Watching the house, put together for the daemon: the scorer with its files. What cannot be opened
 * costs alarms, never a reading.
 */
import { join } from "node:path";
import { type ModeOf, readModeCodes } from "#core/anomaly/machine-readings.js";
import type { Clock } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import type { Snapshot } from "#core/measurement/snapshot.js";
import { type AnyProfile, isMqttProfile } from "#core/profile/mqtt-profile.js";
import type { Config, DeviceConfig } from "../config.js";
import type { History } from "../history/history.js";
import type { Log } from "../host/log.js";
import { openCheckedFile, openStateFile } from "../host/state-file.js";
import type { AlarmList } from "../local/house.js";
import type { Alarm } from "../model/alarm.js";
import type { WriteTime } from "../model/alarm-words.js";
import type { CommunityModels, Scorer } from "../model/scorer.js";
import type { Notice } from "../notify/notify.js";

const ALARMS_FILE = "alarms.json";

/** What the daemon gives. */
export interface HouseScorerParts {
  readonly config: Config;
  readonly devices: readonly { readonly config: DeviceConfig; readonly profile: AnyProfile }[];
  readonly clock: Clock;
  readonly log: Log;
  /** Left out: the house remembers nothing. */
  readonly history: Pick<History, "rows" | "oldestMs"> | undefined;
}

/** @returns `undefined` where its files cannot be opened */
export async function openHouseScorer(
  { config, devices, clock, log, history }: HouseScorerParts,
  tell: (notice: Notice) => void,
  community: CommunityModels | undefined,
): Promise<Scorer | undefined> {
  const [{ createScorer }, { openAlarmBook }, { openLevelRows }] = await Promise.all([
    import("../model/create-scorer.js"),
    import("../model/alarm-book.js"),
    import("../model/level-rows.js"),
  ]);
  const folder = scorerFolder(config);
  try {
    return await createScorer({
      devices: devices.map((device) => ({
        deviceId: device.config.deviceId,
        heatpumpModel: device.config.heatpumpModel ?? device.profile.name,
        modeOf: modeOf(device.profile),
      })),
      filesOf: (deviceId) => ({
        state: openStateFile(join(folder, `${deviceId}.state`)),
        local: openCheckedFile(join(folder, `${deviceId}.json`)),
      }),
      book: openAlarmBook(openCheckedFile(join(folder, ALARMS_FILE))),
      rows: await openLevelRows(join(folder, "rows"), (cause) =>
        log("error", "rows.lost", { why: String(cause) }),
      ),
      past: history && ((deviceId) => pollsOf(history, deviceId, clock.nowMs() + 1)),
      community,
      clock,
      log,
      language: config.language,
      writeTime: writeLocalTime,
      tell,
      pause: letOthersGo,
    });
  } catch (fault) {
    if (!(fault instanceof HeatpoolError)) throw fault;
    log("error", "scorer.unavailable", { why: fault.message });
    return undefined;
  }
}

/** All that a history knows of a device until `toMs`, as polls in the order of time. */
export async function* pollsOf(
  history: Pick<History, "rows" | "oldestMs">,
  deviceId: string,
  toMs: number,
): AsyncGenerator<Snapshot> {
  const fromMs = await history.oldestMs();
  if (fromMs === undefined) return;
  for await (const { atMs, values } of history.rows({ deviceId }, { fromMs, toMs })) {
    const readings = Array.from(values, ([metric, value]) => ({
      ...{ metric, value, quality: "good" as const },
    }));
    yield { deviceId, takenAtMs: atMs, monotonicMs: atMs, clockSynced: true, readings };
  }
}

function scorerFolder({ stateDir }: Config): string {
  return join(stateDir, "scorer");
}

/** Alarms as they are on disk, while no daemon runs. @throws HeatpoolError `STATE_INVALID` */
export async function readAlarms(config: Config): Promise<readonly Alarm[]> {
  const { openAlarmBook } = await import("../model/alarm-book.js");
  return openAlarmBook(openCheckedFile(join(scorerFolder(config), ALARMS_FILE))).list();
}

/** Alarms as the page of the house lists them. */
export function listAlarms(scorer: Scorer | undefined): AlarmList {
  return {
    newest: (limit) =>
      (scorer?.alarms() ?? []).slice(0, limit).map((alarm) => ({
        subject: `alarm/${alarm.deviceId}/${alarm.id}`,
        severity: alarm.severity === "critical" ? "alarm" : alarm.severity,
        atMs: alarm.resolvedAtMs ?? alarm.raisedAtMs,
        isResolved: alarm.resolvedAtMs !== undefined,
        title: alarm.title,
        body: alarm.text,
      })),
  };
}

/** A turn of the event loop for everything else. */
export function letOthersGo(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** `Tuesday 21 January, 14:00`, in the zone of this machine. */
export const writeLocalTime: WriteTime = (atMs, language) =>
  new Date(atMs).toLocaleString(language === "de" ? "de-DE" : "en-GB", {
    weekday: "long",
    day: "numeric",
    month: "long",
    hour: "2-digit",
    minute: "2-digit",
  });

/** What the device's codes of the operating mode mean, by the register that serves it. */
export function modeOf(profile: AnyProfile): ModeOf {
  const values = isMqttProfile(profile) ? profile.points : profile.registers;
  const serving = values
    .flatMap((value) => {
      const served = value.metrics.find(({ metric }) => metric === "operating_mode");
      return served === undefined ? [] : [{ value, priority: served.priority }];
    })
    .sort((a, b) => a.priority - b.priority);
  const first = serving[0]?.value;
  return first === undefined ? () => undefined : readModeCodes(first.codes, first.isFlags);
}
