/** Community models as the daemon has them: opened where a root is pinned, wiped on withdrawal. */
import { HeatpoolError } from "#core/errors.js";
import type { Config } from "../config.js";
import type { DeviceIdentity } from "../enrolment/device-identity.js";
import type { StateFile } from "../host/state-file.js";
import { openModelBook } from "../model/model-book.js";
import { openModelCache } from "../model/model-cache.js";
import type { CommunityModels } from "../model/scorer.js";
import { heatpumpModelOf } from "./device-streams.js";
import type { DaemonModels } from "./open-models.js";
import type { DaemonParts } from "./parts.js";

/**
 * Community models, loaded only where a root is pinned: the crypto takes megabytes. Where their state
 * is damaged there are none, and the house is read, shown and watched all the same: whoever looks after
 * it is told what to remove.
 */
export async function openModels(
  parts: DaemonParts,
  file: StateFile,
  identity: DeviceIdentity,
): Promise<DaemonModels | undefined> {
  if (parts.config.backend?.rootFile === undefined) return undefined;
  const room = await import("./open-models.js");
  const heatpumpModels = parts.devices.map(heatpumpModelOf);
  try {
    return await room.openModels({ ...parts, identity, file, heatpumpModels });
  } catch (fault) {
    if (!(fault instanceof HeatpoolError) || fault.code !== "STATE_INVALID") throw fault;
    const { message, hint = "" } = fault;
    parts.log("error", "models.unavailable", { why: message, hint });
    return undefined;
  }
}

/** What the scorer may use: of a heat pump model its own, else the one for all. */
export function toCommunity(models: DaemonModels | undefined): CommunityModels | undefined {
  if (models === undefined) return undefined;
  return {
    newest(heatpumpModel) {
      const all = models.active.list();
      const found =
        all.find(({ target }) => target.heatpumpModels.includes(heatpumpModel)) ??
        all.find(({ target }) => target.heatpumpModels.includes("*"));
      if (found === undefined) return undefined;
      const { modelId, release } = found.target;
      return { modelId, release, plain: found.plain };
    },
  };
}

/** Forgets models, grants and files without a daemon; used by the command. */
export function wipeModels(config: Config, file: StateFile): void {
  try {
    openModelBook(file).wipe();
  } catch (fault) {
    // A book that cannot be read must not keep anybody from withdrawing.
    if (!(fault instanceof HeatpoolError)) throw fault;
    file.remove();
  }
  openModelCache(config.cacheDir).keepOnly([]);
}
