/** Asks the running daemon about alarms and models; without one there is nobody who scores. */
import { HeatpoolError } from "#core/errors.js";
import type { Config } from "../config.js";
import { askDaemon, controlSocketPath } from "../local/control-socket.js";
import { type ScorerAnswer, type ScorerAsk, scorerQuestion } from "../model/scorer-desk.js";
import { chooseDevice } from "./history-source.js";
import type { Setup } from "./setup.js";
import type { Terminal } from "./terminal.js";

/** Left out: all. @throws HeatpoolError `USAGE` no such device */
export function chooseDevices(setup: Setup, wanted: string | undefined): { deviceId?: string } {
  return wanted === undefined ? {} : { deviceId: chooseDevice(setup, wanted) };
}

/** @throws HeatpoolError `UNAVAILABLE` no daemon runs · what it says */
export async function askScorer(
  config: Config,
  terminal: Terminal,
  ask: ScorerAsk,
): Promise<ScorerAnswer> {
  const path = controlSocketPath(config.runtimeDir);
  const answer = await askDaemon(terminal.clock, path, scorerQuestion(ask));
  if (answer !== undefined) return answer as ScorerAnswer;
  throw new HeatpoolError("UNAVAILABLE", "no daemon runs with this configuration", {
    hint: "Start it: systemctl start heatpool, or `heatpool run`.",
  });
}
