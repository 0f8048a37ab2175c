/** `heatpool read`: one poll of each device, shown. Nothing is kept and nothing is sent. */
import { HeatpoolError } from "#core/errors.js";
import { openSource } from "../assembly/open-source.js";
import { createEndpointQueue } from "../device/endpoint-queue.js";
import { renderSnapshotTable, showReadings } from "../poll/snapshot-table.js";
import { readSetup, type Setup } from "./setup.js";
import type { CommonOptions, Terminal } from "./terminal.js";

/** What may be chosen. */
export interface ReadOptions extends CommonOptions {
  readonly device?: string;
  readonly all?: boolean;
}

/** @throws HeatpoolError `DEVICE_…`, `PROFILE_MISMATCH`; `USAGE` no device of that name */
export async function read(options: ReadOptions, terminal: Terminal): Promise<void> {
  const setup = readSetup(options.config);
  const devices = setup.devices.filter(
    ({ config }) => options.device === undefined || config.deviceId === options.device,
  );
  if (devices.length === 0) {
    const names = setup.devices.map(({ config }) => config.deviceId).join(", ");
    throw new HeatpoolError("USAGE", `no device ${options.device}`, {
      hint: `Configured devices: ${names}.`,
    });
  }
  const queue = createEndpointQueue(terminal.clock);
  for (const device of devices) {
    const source = openSource(device, {
      queue,
      clock: terminal.clock,
      chance: terminal.chance,
      patience: "all",
      stateDir: setup.config.stateDir,
      onNotice: (text) => terminal.warn(text),
    });
    try {
      const snapshot = await source.take(terminal.ending);
      show(snapshot, device, setup, { options, terminal });
    } finally {
      await source.close();
    }
  }
}

function show(
  snapshot: Parameters<typeof showReadings>[0],
  { profile }: Setup["devices"][number],
  { config: { language } }: Setup,
  { options, terminal }: { options: ReadOptions; terminal: Terminal },
): void {
  const { deviceId, takenAtMs } = snapshot;
  const all = options.all === true;
  if (options.json === true) {
    const readings = showReadings(snapshot, profile, language, all);
    const takenAt = new Date(takenAtMs).toISOString();
    terminal.print(JSON.stringify({ deviceId, profile: profile.name, takenAt, readings }));
    return;
  }
  terminal.print(`${deviceId} (${profile.name})`);
  for (const line of renderSnapshotTable(snapshot, profile, language, all)) terminal.print(line);
}
