/** The files of the state directory that the daemon and its commands share. */
import { join } from "node:path";
import type { Clock } from "#core/clock.js";
import type { Config } from "../config.js";
import { openConsentBook } from "../enrolment/consent.js";
import { openCheckedFile, openStateFile } from "../host/state-file.js";

/** Files of the state directory. */
export function openState(config: Config, clock: Clock, daemonVersion: string) {
  const pathOf = (name: string) => join(config.stateDir, name);
  return {
    installationId: openStateFile(pathOf("installation-id")),
    uplinkLimits: openCheckedFile(pathOf("uplink-limits.json")),
    models: openCheckedFile(pathOf("models.json")),
    book: openConsentBook({
      file: openCheckedFile(pathOf("consent.json")),
      marker: openStateFile(pathOf("withdrawal")),
      clock,
      daemonVersion,
    }),
    backlogFolder: join(config.stateDir, "backlog"),
  };
}

export type StateFiles = ReturnType<typeof openState>;
