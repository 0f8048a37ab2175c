/** Which model a device is watched with. */
import { decodeArtefact } from "#core/anomaly/artefact.js";
import type { WatchedModel } from "./device-watch.js";
import type { LocalModelShelf } from "./local-model.js";
import type { Scored } from "./scored-device.js";
import type { ScorerParts } from "./scorer-parts.js";

/** Community, else local, else none. What cannot be read is refused; the one in use stays. */
export function chooseModel(parts: ScorerParts, one: Scored): void {
  const { device, watch, shelf } = one;
  const found = parts.community?.newest(device.heatpumpModel);
  const key = found && `community/${found.modelId}/${found.release}`;
  if (found !== undefined && key === watch.model?.key) return;
  if (found !== undefined && key !== undefined && one.refusedRelease !== found.release) {
    try {
      const { model, known } = decodeArtefact(found.plain, device.heatpumpModel);
      const label = String(found.release);
      const next = { source: "community", key, label, model } as const;
      watch.use({ ...next, ...(known !== undefined && { known }) });
      parts.log("info", "model.used", { device: device.deviceId, model: key });
      return;
    } catch (fault) {
      one.refused++;
      one.refusedRelease = found.release;
      parts.log("warn", "model.not-used", {
        device: device.deviceId,
        model: key,
        why: String(fault),
      });
    }
  }
  // A release that cannot be used does not end the one before it.
  if (found !== undefined && watch.model?.source === "community") return;
  const local = toWatched(shelf);
  if (local?.key === watch.model?.key) return;
  watch.use(local);
  parts.log("info", "model.used", { device: device.deviceId, model: local?.key ?? "none" });
}

function toWatched({ current }: LocalModelShelf): WatchedModel | undefined {
  if (current === undefined) return undefined;
  const { model, known } = current.artefact;
  const label = current.learnedUntil;
  const next = { source: "local", key: `local/${label}/${current.days}`, label, model } as const;
  return { ...next, ...(known !== undefined && { known }) };
}
