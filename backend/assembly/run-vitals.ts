/** The listener for Prometheus, where one is configured. */
import { runMetrics } from "../http/metrics-server.js";
import { type BackendParts, reportFault } from "./parts.js";
import type { Rooms } from "./rooms.js";

export async function runVitals(
  parts: BackendParts,
  { behind: { totals, operation }, vitals }: Rooms,
  signal: AbortSignal,
): Promise<void> {
  const { config, version, log, process } = parts;
  if (config.metrics === undefined) return;
  const sources = { version, totals, state: operation.state, process };
  await runMetrics(
    {
      port: config.metrics.port,
      contentType: vitals.contentType,
      render: () => vitals.render(sources),
      onFault: (fault) => reportFault(parts, fault),
      onListening: (port) => log("info", "backend.metrics-listening", { port }),
    },
    signal,
  );
}
