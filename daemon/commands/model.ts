/**
 * `heatpool model show`: which community models are installed, until when they may be used, what was
 * refused, and what each device is watched with. Works without a network; without a running daemon
 * nothing watches. Opens no model.
 */
import { openState } from "../daemon.js";
import { askDaemon, controlSocketPath } from "../local/control-socket.js";
import { renderScores } from "../model/alarm-text.js";
import { openModelBook } from "../model/model-book.js";
import { openModelCache } from "../model/model-cache.js";
import { type ScorerAnswer, scorerQuestion } from "../model/scorer-desk.js";
import { readSetup } from "./setup.js";
import type { CommonOptions, Terminal } from "./terminal.js";

export async function showModels(options: CommonOptions, terminal: Terminal): Promise<void> {
  const { config } = readSetup(options.config);
  const { models } = openState(config, terminal.clock, terminal.version);
  const { memory } = openModelBook(models);
  const cache = openModelCache(config.cacheDir);
  const nowS = terminal.clock.nowMs() / 1000;
  const installed = Object.entries(memory.installed).flatMap(([modelId, model]) => {
    if (model === undefined) return [];
    const { target, grantedUntilS, installedAtMs } = model;
    return {
      modelId,
      release: target.release,
      heatpumpModels: target.heatpumpModels,
      installedAt: toDay(installedAtMs),
      grantedUntil: toDay(grantedUntilS * 1000),
      isUsable: grantedUntilS > nowS && cache.has(target),
    };
  });
  const path = controlSocketPath(config.runtimeDir);
  const answer = await askDaemon(terminal.clock, path, scorerQuestion({ action: "explain" }));
  const { devices = [] } = (answer ?? {}) as ScorerAnswer;
  if (options.json === true)
    return terminal.print(JSON.stringify({ installed, refused: memory.refused, devices }, null, 2));
  if (installed.length === 0) terminal.print("no community model is installed");
  for (const { modelId, release, grantedUntil, isUsable, heatpumpModels } of installed) {
    const state = isUsable ? `usable until ${grantedUntil}` : "not usable";
    terminal.print(`${modelId} release ${release}: ${state} (${heatpumpModels.join(", ")})`);
  }
  for (const line of renderScores(devices, config.language)) terminal.print(line);
}

/** The day, in UTC. */
function toDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
