/**
 * Telling the owner, put together for the daemon: the desk with its channels, and the watch over
 * this house. Without a channel nothing of it is loaded and nothing runs.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createUniform } from "#core/backoff.js";
import type { Chance, Clock } from "#core/clock.js";
import type { Config } from "../config.js";
import type { Log } from "../host/log.js";
import { openStateFile } from "../host/state-file.js";
import type { HouseWatchDeps } from "../notify/house-watch.js";
import type { NoticeDesk } from "../notify/notify.js";

/** What the daemon knows, as the watch asks for it. */
export type HouseFacts = Pick<HouseWatchDeps, "devices" | "backlog" | "askEligible">;

/** @returns `undefined` where the owner named no channel */
export async function openHouseNotices(
  parts: { config: Config; clock: Clock; chance: Chance; log: Log },
  installationId: string,
  facts: HouseFacts,
): Promise<NoticeDesk | undefined> {
  const { config, clock, chance, log } = parts;
  const { channels, quietHours, silentMinutes, backlogPercent } = config.notify;
  if (channels.length === 0) return undefined;
  const [{ createDesk }, { createNotifiers }, { openTold }, { openWaiting }, { runHouseWatch }] =
    await Promise.all([
      import("../notify/create-desk.js"),
      import("../notify/create-notifiers.js"),
      import("../notify/told.js"),
      import("../notify/waiting.js"),
      import("../notify/house-watch.js"),
    ]);
  const random = createUniform(chance);
  const stateFile = (name: string) => openStateFile(join(config.stateDir, name));
  const desk = createDesk({
    // A broker throws out the older of two clients of one name.
    notifiers: createNotifiers(channels, readFileSync, `heatpool-${installationId.slice(0, 8)}`),
    told: openTold(stateFile("told.json")),
    waiting: openWaiting(stateFile("notices.json")),
    language: config.language,
    clock,
    random,
    quietHours,
    localHour: (atMs) => new Date(atMs).getHours(),
    log: (event, more) => log(event === "notify.failed" ? "warn" : "info", event, more),
  });
  const eligible = stateFile("eligible");
  const watch = { ...facts, desk, clock, random, silentMinutes, backlogPercent, eligible };
  return {
    ...desk,
    async run(signal) {
      await Promise.all([desk.run(signal), runHouseWatch(watch, signal)]);
    },
  };
}
