/**
 * `heatpool model explain|relearn|reset|rollback`: what this house is watched with, and how it comes
 * about. All of it is asked of the running daemon, which alone holds the models.
 */
import { writeLocalTime } from "../assembly/house-scorer.js";
import { renderParts, renderScores } from "../model/alarm-text.js";
import type { ScorerAsk } from "../model/scorer-desk.js";
import { askScorer, chooseDevices } from "./ask-scorer.js";
import { readSetup } from "./setup.js";
import type { CommonOptions, Terminal } from "./terminal.js";

/** Options of these commands. */
export interface ModelOptions extends CommonOptions {
  readonly device?: string;
}

type Action = Exclude<ScorerAsk["action"], "alarms" | "answer">;

/** The command for `action`. */
export function askModel(action: Action) {
  return async (options: ModelOptions, terminal: Terminal): Promise<void> => {
    const setup = readSetup(options.config);
    const { config } = setup;
    const device = chooseDevices(setup, options.device);
    const { devices = [], parts = [] } = await askScorer(config, terminal, { action, ...device });
    if (options.json === true)
      return terminal.print(
        JSON.stringify({ devices, ...(action === "explain" && { parts }) }, null, 2),
      );
    for (const device of devices) {
      for (const line of renderScores([device], config.language, writeLocalTime))
        terminal.print(line);
      const own = parts.find(({ deviceId }) => deviceId === device.deviceId);
      for (const line of renderParts(own?.parts ?? [], config.language)) terminal.print(line);
    }
  };
}
