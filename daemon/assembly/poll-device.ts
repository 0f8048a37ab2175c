/** One heat pump's poller, and everyone who takes what it reads. */
import { minPollMs, runPoller } from "../poll/poller.js";
import { toDeviceStream } from "./device-streams.js";
import type { DeviceRecord } from "./polled-device.js";
import type { Rooms } from "./rooms.js";

/** Polls one heat pump until `signal`. */
export async function pollDevice(
  device: DeviceRecord,
  { parts, sharing, signs, history, snapshots, home, scorer }: Rooms,
  signal: AbortSignal,
): Promise<void> {
  const { clock, chance, log } = parts;
  const { deviceId, pollIntervalSeconds } = device.config;
  const intervalMs = pollIntervalSeconds * 1000;
  const { table } = toDeviceStream(device);
  const shared = new Set(table.channels.map(({ metric }) => metric));
  signs.expect(deviceId, intervalMs);
  await runPoller(
    {
      source: device.source,
      clock,
      chance,
      intervalMs,
      minIntervalMs: minPollMs(device.profile),
      onSnapshot(snapshot) {
        device.newest = snapshot;
        device.shareable = snapshot.readings.filter(
          ({ metric, value }) => value !== undefined && shared.has(metric),
        ).length;
        history?.record(snapshot);
        sharing.record(snapshot);
        snapshots.tell(deviceId);
        home?.show(snapshot);
        scorer?.readBy(deviceId, sourceOf(device));
        scorer?.take(snapshot);
        if (sharing.queue !== undefined) signs.snapshotTaken();
      },
      onLoss: (loss) => sharing.recordLoss(loss),
      onState(state) {
        const isNews = device.state?.kind !== state.kind;
        device.state = state;
        if (isNews) home?.showOnline(deviceId, state.kind === "online");
        const why = state.kind === "online" ? undefined : state.error.message;
        const level = state.kind === "online" ? "info" : "warn";
        if (isNews) log(level, `device.${state.kind}`, { device: deviceId, why });
      },
      onPollFinished({ isGood, tookMs }) {
        device.polls++;
        if (!isGood) device.failedPolls++;
        signs.pollFinished(deviceId);
        const readings = isGood ? device.shareable : 0;
        const facts = { device: deviceId, tookMs: Math.round(tookMs), readings };
        log("debug", isGood ? "poll.finished" : "poll.failed", facts);
      },
    },
    signal,
  );
}

/** Profile and firmware that readings come by. */
function sourceOf({ profile, source }: DeviceRecord): string {
  const version = "version" in profile ? profile.version : "";
  const firmware = "firmware" in source ? (source.firmware ?? "") : "";
  return `${profile.name} ${version} ${firmware}`.trim();
}
