/**
 * `heatpool model show`: which community models are installed, whether they are in use, until when
 * they may be, what was refused, and what each device is watched with. Works without a network;
 * without a running daemon nothing watches. Opens no model.
 */

import { writeLocalTime } from "../assembly/house-scorer.js";
import { openState } from "../assembly/state-files.js";
import { askDaemon, controlSocketPath } from "../local/control-socket.js";
import { renderScores } from "../model/alarm-text.js";
import { openModelBook } from "../model/model-book.js";
import { openModelCache } from "../model/model-cache.js";
import { type ScorerAnswer, scorerQuestion } from "../model/scorer-desk.js";
import { readSetup } from "./setup.js";
import type { CommonOptions, Terminal } from "./terminal.js";

/** What a running daemon says about models. */
interface DaemonAnswer {
  readonly catalogue?: { readonly freshness: string; readonly lastFault?: string };
  readonly models?: { readonly inUse: readonly { modelId: string; release: number }[] };
}

/** A model without a running daemon is `ready` to be used, or cannot be. */
type ModelState = "in use" | "not in use" | "ready" | "grant over" | "file missing";

const SAYS = {
  en: {
    none: "no community model is installed",
    release: "release",
    until: "may be used until",
    catalogue: "catalogue",
    states: {
      "in use": "in use",
      "not in use": "not in use",
      ready: "ready",
      "grant over": "grant over",
      "file missing": "file missing",
    },
  },
  de: {
    none: "Kein Modell der Gemeinschaft ist installiert.",
    release: "Ausgabe",
    until: "benutzbar bis",
    catalogue: "Katalog",
    states: {
      "in use": "in Gebrauch",
      "not in use": "nicht in Gebrauch",
      ready: "bereit",
      "grant over": "Erlaubnis abgelaufen",
      "file missing": "Datei fehlt",
    },
  },
} as const;

export async function showModels(options: CommonOptions, terminal: Terminal): Promise<void> {
  const { config } = readSetup(options.config);
  const { models } = openState(config, terminal.clock, terminal.version);
  const { memory } = openModelBook(models);
  const cache = openModelCache(config.cacheDir);
  const path = controlSocketPath(config.runtimeDir);
  const daemon = (await askDaemon(terminal.clock, path, "GET /status")) as DaemonAnswer | undefined;
  const nowS = terminal.clock.nowMs() / 1000;
  const installed = Object.entries(memory.installed).flatMap(([modelId, model]) => {
    if (model === undefined) return [];
    const { target, grantedUntilS, installedAtMs } = model;
    const { release } = target;
    const judge = (): ModelState => {
      if (daemon !== undefined) {
        const isInUse = daemon.models?.inUse.some(
          (one) => one.modelId === modelId && one.release === release,
        );
        return isInUse === true ? "in use" : "not in use";
      }
      if (grantedUntilS <= nowS) return "grant over";
      return cache.has(target) ? "ready" : "file missing";
    };
    return {
      modelId,
      release,
      heatpumpModels: target.heatpumpModels,
      installedAt: toDay(installedAtMs),
      grantedUntil: toDay(grantedUntilS * 1000),
      state: judge(),
    };
  });
  const { refused } = memory;
  const catalogue = daemon?.catalogue;
  const answer = await askDaemon(terminal.clock, path, scorerQuestion({ action: "explain" }));
  const { devices = [] } = (answer ?? {}) as ScorerAnswer;
  if (options.json === true)
    return terminal.print(JSON.stringify({ installed, refused, catalogue, devices }, null, 2));
  const says = SAYS[config.language];
  if (installed.length === 0) terminal.print(says.none);
  for (const { modelId, release, grantedUntil, state, heatpumpModels } of installed) {
    const what = `${says.states[state]}, ${says.until} ${grantedUntil}`;
    terminal.print(`${modelId} ${says.release} ${release}: ${what} (${heatpumpModels.join(", ")})`);
  }
  if (catalogue !== undefined) terminal.print(`${says.catalogue}: ${catalogue.freshness}`);
  for (const line of renderScores(devices, config.language, writeLocalTime)) terminal.print(line);
}

/** The day, in UTC. */
function toDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
