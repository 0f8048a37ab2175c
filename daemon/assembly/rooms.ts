/**
 * The rooms of a running daemon, each opened once. What cannot be opened and is not needed for
 * polling is missing here; its absence is in the log.
 */
import type { Backlog } from "../backlog/backlog.js";
import { openInstallationId } from "../enrolment/installation-id.js";
import type { Sharing } from "../enrolment/sharing.js";
import type { History } from "../history/history.js";
import type { HomePublisher } from "../home/home.js";
import { createVitalSigns, type VitalSigns } from "../host/vital-signs.js";
import type { Scorer } from "../model/scorer.js";
import type { Notice, NoticeDesk } from "../notify/notify.js";
import type { Erasure } from "../privacy/erasure.js";
import { createAskingLine } from "../uplink/asking-line.js";
import type { UplinkState } from "../uplink/uplink.js";
import { askEligible } from "./ask-community.js";
import { createKeeper } from "./backend-ways.js";
import { homeBroker } from "./broker.js";
import { openModels, toCommunity } from "./community-models.js";
import type { Self } from "./deliver.js";
import { openHomePublishing } from "./home-publishing.js";
import { openHouseNotices } from "./house-notices.js";
import { openHouseScorer } from "./house-scorer.js";
import type { LocalPage } from "./local-page.js";
import { openHistory } from "./open-history.js";
import { openIdentity } from "./open-identity.js";
import type { DaemonModels } from "./open-models.js";
import { openErasure } from "./open-privacy.js";
import { openSharing } from "./open-sharing.js";
import type { DaemonParts } from "./parts.js";
import { type DeviceRecord, openDevices, toWatched } from "./polled-device.js";
import { createSnapshotNews } from "./snapshot-news.js";
import { openState, type StateFiles } from "./state-files.js";

export interface Rooms {
  readonly parts: DaemonParts;
  readonly state: StateFiles;
  readonly self: Self;
  readonly sharing: Sharing<Backlog>;
  readonly signs: VitalSigns;
  readonly devices: readonly DeviceRecord[];
  readonly snapshots: ReturnType<typeof createSnapshotNews>;
  readonly erasure: Erasure;
  readonly home: HomePublisher | undefined;
  readonly notices: NoticeDesk | undefined;
  readonly models: DaemonModels | undefined;
  readonly scorer: Scorer | undefined;
  readonly history: History | undefined;
  /** The page stands on all of this; it is told last. */
  readonly late: { page?: LocalPage | undefined };
  /** The uplink's newest state. */
  uplink(): UplinkState | undefined;
  /** The consent on disk may have changed. Resolves when that has had its effect. */
  consentChanged(): Promise<void>;
}

/** @throws HeatpoolError what must be mended by a person */
export async function openRooms(given: DaemonParts): Promise<Rooms> {
  const parts = { line: createAskingLine(), ...given };
  const { config, clock, chance, log, version } = parts;
  const state = openState(config, clock, version);
  const installationId = openInstallationId(state.installationId, chance);
  const self: Self = { installationId, kept: createKeeper(parts) };
  const late: { models?: DaemonModels | undefined; page?: LocalPage | undefined } = {};
  let uplink: UplinkState | undefined;
  const commitMs = config.backlog.commitIntervalSeconds * 1000;
  const signs = createVitalSigns(clock, commitMs, () => sharing.queue?.status().mode === "memory");
  const sharing: Sharing<Backlog> = openSharing({
    ...{ parts, state, self, late, onCommitted: signs.committed },
    onUplink(next) {
      uplink = next;
    },
  });
  const erasure = openErasure(parts, async () => {
    const consent = state.book.state();
    const isWiped = consent.status === "withdrawn" && !consent.pending;
    if (consent.status === "missing" || isWiped) return;
    state.book.withdraw();
    await sharing.consentChanged();
  });
  const devices = openDevices(parts);
  const home = await openHomePublishing(parts, installationId, homeBroker(config));
  const notices = await openHouseNotices(parts, installationId, {
    devices: () => devices.map(toWatched),
    backlog: () => sharing.queue?.status(),
    askEligible: async () =>
      sharing.state.status === "granted" && config.backend !== undefined
        ? await askEligible(parts, installationId)
        : undefined,
  });
  const identity = self.kept?.identity ?? openIdentity(config, parts).identity();
  const models = await openModels(parts, state.models, identity);
  late.models = models;
  const logNotice = ({ kind, subject, severity, isResolved }: Notice) =>
    log("info", "notice.told", { kind, subject, severity, isResolved });
  const history = await openHistory(parts);
  const scorer = await openHouseScorer(
    { ...parts, history },
    parts.tell ?? notices?.tell ?? logNotice,
    parts.communityModels ?? toCommunity(models),
  );
  models?.active.onTaken(() => scorer?.modelsChanged());
  return {
    ...{
      parts,
      state,
      self,
      sharing,
      signs,
      devices,
      erasure,
      home,
      notices,
      models,
      scorer,
      late,
    },
    history,
    snapshots: createSnapshotNews(devices),
    uplink: () => uplink,
    async consentChanged() {
      await sharing.consentChanged();
      self.kept?.keeper.wake();
    },
  };
}
