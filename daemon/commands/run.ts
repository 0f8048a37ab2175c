/** `heatpool run`: the daemon. */
import { refuseGrpcTrace } from "#core/grpc-trace.js";
import { runDaemon } from "../daemon.js";
import { createLog } from "../host/log.js";
import { readBuildTimeMs } from "../host/package-file.js";
import { createNotify } from "../host/systemd-notify.js";
import { receiveSetup } from "./setup-hand-over.js";
import type { CommonOptions, Terminal } from "./terminal.js";

/** systemd counts in microseconds. */
const USEC_PER_MS = 1000;

export async function run(options: CommonOptions, terminal: Terminal): Promise<void> {
  if (terminal.grpcTrace !== undefined) refuseGrpcTrace(terminal.grpcTrace);
  const { config, devices } = await receiveSetup(options, terminal);
  const { clock, chance, version, watchdogUsec, credential } = terminal;
  const watchdogMs = Number(watchdogUsec ?? 0) / USEC_PER_MS;
  const parts = {
    config,
    devices,
    version,
    clock,
    chance,
    ...(credential === undefined ? {} : { credential }),
    log: createLog((line) => terminal.print(line), clock, config.logLevel),
    notify: createNotify(terminal.notifySocket),
    builtAtMs: readBuildTimeMs(),
    watchdogMs: watchdogMs > 0 ? watchdogMs : undefined,
  };
  // Whoever had everything erased still has a heat pump to look at.
  while ((await runDaemon(parts, terminal.ending)) === "erased" && !terminal.ending.aborted);
}
