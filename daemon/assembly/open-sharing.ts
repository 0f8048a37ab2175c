/**
 * What exists while the owner agrees, put together: the queue, its delivery, and the models that
 * come on the same connection.
 */
import type { Backlog } from "../backlog/backlog.js";
import { createSharing, type Sharing } from "../enrolment/sharing.js";
import type { VitalSigns } from "../host/vital-signs.js";
import type { UplinkState } from "../uplink/uplink.js";
import { wipeModels } from "./community-models.js";
import { createDelivery, type Self } from "./deliver.js";
import type { LocalPage } from "./local-page.js";
import { destroyRemains, openBacklog } from "./open-backlog.js";
import type { DaemonModels } from "./open-models.js";
import type { DaemonParts } from "./parts.js";
import type { StateFiles } from "./state-files.js";

/** What sharing works with besides the daemon's own parts. */
export interface SharingRooms {
  readonly parts: DaemonParts;
  readonly state: StateFiles;
  readonly self: Self;
  /** Opened later than sharing; both stand before anything is delivered. */
  readonly late: { models?: DaemonModels | undefined; page?: LocalPage | undefined };
  /** The queue keeps what was committed. */
  readonly onCommitted: VitalSigns["committed"];
  readonly onUplink: (state: UplinkState) => void;
}

export function openSharing(of: SharingRooms): Sharing<Backlog> {
  const { parts, state, late } = of;
  const { config, clock, log } = parts;
  return createSharing({
    book: state.book,
    clock,
    log,
    hasBackend: config.backend !== undefined,
    async openQueue() {
      const backlog = await openBacklog(parts, state.backlogFolder);
      backlog.onCommit((snapshots) => {
        of.onCommitted();
        log("debug", "backlog.committed", { snapshots: snapshots.length });
      });
      return backlog;
    },
    deliver: (...term) => deliverTerm(of, ...term),
    async destroyRemains() {
      if (late.models === undefined) wipeModels(config, state.models);
      else late.models.wipe();
      await destroyRemains(parts, state.backlogFolder);
    },
  });
}

/** One term of consent: ends with `stop`, or at once when the owner withdraws. */
async function deliverTerm(
  { parts, state, self, late: { models, page }, onUplink }: SharingRooms,
  ...[backlog, record, stop, withdrawn]: Parameters<ReturnType<typeof createDelivery>>
): Promise<void> {
  const receiver = models?.open(record);
  const over = AbortSignal.any([stop, withdrawn]);
  let refreshing: Promise<void> | undefined;
  const deliver = createDelivery(parts, state, self, {
    onState: onUplink,
    // Nobody is asked for models without the owner's agreement, nor without a certificate.
    onReady() {
      refreshing ??= models?.run(over);
    },
    onModels: (link) => receiver?.attach(link),
  });
  await deliver(page?.sent.watch(backlog) ?? backlog, record, stop, withdrawn);
  await Promise.all([receiver?.close(), refreshing]);
  if (withdrawn.aborted) models?.wipe();
}
