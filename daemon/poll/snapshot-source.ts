/**
 * Where snapshots come from: the port that the poll loop knows. It cannot tell Modbus from MQTT
 * or from a recording.
 */
import type { Snapshot } from "#core/measurement/snapshot.js";

/** One device, polled. */
export interface SnapshotSource {
  readonly deviceId: string;
  /**
   * One poll. Single failed registers are readings without a value; the promise rejects only when
   * nothing answered.
   *
   * @throws HeatpoolError `DEVICE_…` when the device is silent as a whole; `PROFILE_MISMATCH` when
   *   it is another device than the profile describes
   */
  take(signal: AbortSignal): Promise<Snapshot>;
  close(): Promise<void>;
}
