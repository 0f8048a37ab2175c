/** `heatpool read`: one poll of each device, shown. Nothing is kept and nothing is sent. */
import { findMetric } from "#core/measurement/metrics.js";
import type { Reading, Snapshot } from "#core/measurement/snapshot.js";
import type { Profile } from "#core/profile/profile.js";
import { openSource } from "../daemon.js";
import { createEndpointQueue } from "../device/endpoint-queue.js";
import { readSetup } from "./setup.js";
import type { CommonOptions, Terminal } from "./terminal.js";

export async function read(
  options: CommonOptions & { device?: string },
  terminal: Terminal,
): Promise<void> {
  const { config, devices } = readSetup(options.config);
  const queue = createEndpointQueue(terminal.clock);
  const wanted = devices.filter(
    (one) => options.device === undefined || one.config.deviceId === options.device,
  );
  for (const device of wanted) {
    const source = openSource(device, {
      queue,
      clock: terminal.clock,
      stateDir: config.stateDir,
      onNotice: (text) => terminal.print(`# ${text}`),
    });
    try {
      const snapshot = await source.take(terminal.ending);
      if (options.json === true) terminal.print(JSON.stringify(snapshot));
      else
        for (const line of renderSnapshot(snapshot, device.profile, config.language))
          terminal.print(line);
    } finally {
      await source.close();
    }
  }
}

/** A table: label, value with unit, metric; readings without a value say why. */
export function renderSnapshot(
  snapshot: Snapshot,
  profile: Profile,
  language: "de" | "en",
): readonly string[] {
  const rows = snapshot.readings.map((reading) => describe(reading, profile, language));
  const width = Math.max(...rows.map(([label]) => label.length), 0);
  const time = new Date(snapshot.takenAtMs).toISOString();
  return [
    `${snapshot.deviceId} (${profile.name}) ${time}`,
    ...rows.map(
      ([label, value, metric]) => `  ${label.padEnd(width)}  ${value.padStart(12)}  ${metric}`,
    ),
  ];
}

function describe(
  { metric, value, quality }: Reading,
  profile: Profile,
  language: "de" | "en",
): readonly [string, string, string] {
  const known = findMetric(metric);
  const register = profile.registers.find(({ id }) => id === metric);
  const label = known?.label[language] ?? register?.label[language] ?? metric;
  const unit = known?.unit ?? register?.unit ?? "";
  return [label, value === undefined ? quality : `${value} ${unit}`.trim(), metric];
}
