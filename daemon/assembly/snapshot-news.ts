/** Tells listeners that a device has a new snapshot; a late listener is told of the newest. */
import type { DeviceRecord } from "./polled-device.js";

/** Tells listeners that a device has a new snapshot. */
export function createSnapshotNews(devices: readonly DeviceRecord[]) {
  const listeners = new Set<(deviceId: string) => void>();
  return {
    tell(deviceId: string) {
      for (const listener of listeners) listener(deviceId);
    },
    listen(listener: (deviceId: string) => void) {
      listeners.add(listener);
      for (const { config, newest } of devices) {
        if (newest !== undefined) listener(config.deviceId);
      }
      return () => listeners.delete(listener);
    },
  };
}
