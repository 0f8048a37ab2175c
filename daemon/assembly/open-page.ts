/** The page in the house, put together; nothing of it is loaded where it is not configured. */
import { SCOPES } from "#core/enrolment/consent-record.js";
import { CONSENT_TEXTS, CONSENT_VERSION } from "../enrolment/consent-text.js";
import type { HouseDevice } from "../local/create-house.js";
import { showReadings } from "../poll/snapshot-table.js";
import { askCommunity } from "./ask-community.js";
import { describeDaemon } from "./describe.js";
import { toDeviceStream } from "./device-streams.js";
import { listAlarms } from "./house-scorer.js";
import type { LocalPage } from "./local-page.js";
import type { DeviceRecord } from "./polled-device.js";
import type { Rooms } from "./rooms.js";

/** `undefined`: the configuration has no part `local`, so nothing of it is loaded. */
export async function openPage(of: Rooms): Promise<LocalPage | undefined> {
  const { config, devices, clock, chance, log } = of.parts;
  const { local, backend } = config;
  if (local === undefined) return undefined;
  const [{ runLocal }, { createHouse }, { createSentBatches }, { packagedPage }] =
    await Promise.all([
      import("../local/run-local.js"),
      import("../local/create-house.js"),
      import("../local/sent-batches.js"),
      import("../local/page-files.js"),
    ]);
  const tables = devices.map(toDeviceStream).map(({ table }) => table);
  const sent = createSentBatches(clock, () => [
    ...tables,
    ...(of.sharing.queue?.streams() ?? []).map(({ table }) => table),
  ]);
  const house = createHouse({
    clock,
    status: () => describeDaemon(of),
    devices: () => of.devices.map(toHouseDevice),
    show: (snapshot, profile, language) => showReadings(snapshot, profile, language, true),
    history: of.history,
    consent: {
      book: of.state.book,
      texts: CONSENT_TEXTS,
      version: CONSENT_VERSION,
      scopes: SCOPES,
      changed: of.consentChanged,
    },
    backend: backend?.url,
    backlog: () => of.sharing.queue?.status(),
    uplink: of.uplink,
    sent,
    community: () => askCommunity(of.parts),
    alarms: listAlarms(of.scorer),
    onSnapshot: of.snapshots.listen,
  });
  const deps = { house, pageFolder: packagedPage(), clock, chance, log };
  return { sent, run: (signal) => runLocal({ ...deps, config: local }, signal) };
}

function toHouseDevice(device: DeviceRecord): HouseDevice {
  const { heatpumpModel, table, stepMs } = toDeviceStream(device);
  const { profile, newest, polls, failedPolls, state } = device;
  return {
    ...{ deviceId: device.config.deviceId, profile, heatpumpModel, pollIntervalMs: stepMs },
    metrics: table.channels.map(({ metric }) => metric),
    ...{ newest, polls, failedPolls },
    state: state?.kind ?? "unknown",
    why: state === undefined || state.kind === "online" ? undefined : state.error.message,
  };
}
