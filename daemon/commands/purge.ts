/**
 * `heatpool purge`: this machine as it was before its first start. Works without a network; what a
 * backend holds is another matter, and said.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { HeatpoolError } from "#core/errors.js";
import { openState } from "../assembly/state-files.js";
import { askDaemon, controlSocketPath } from "../local/control-socket.js";
import { WISH_FILE, wipeMachine } from "../privacy/wipe.js";
import { isConfirmed } from "./confirmation.js";
import { readSetup } from "./setup.js";
import type { CommonOptions, Terminal } from "./terminal.js";

const SAYS = {
  en: {
    ask: "Identity, keys, consent, history, alarms, models and what waits to be sent go for good.",
    backend:
      "What a backend holds stays there: `heatpool privacy erase` has it erased, now; afterwards only " +
      "the recovery code can.",
    wish: "You had everything erased, and the backend has not answered yet: that wish goes, too.",
    question: 'Type "purge" to go on: ',
    none: "Nothing was removed.",
    done: "Removed. The configuration is yours and was not touched.",
  },
  de: {
    ask: "Kennung, Schlüssel, Einwilligung, Verlauf, Alarme, Modelle und was auf das Senden wartet, gehen für immer.",
    backend:
      "Was ein Backend hat, bleibt dort: `heatpool privacy erase` lässt es löschen, jetzt; danach kann " +
      "es nur noch der Wiederherstellungscode.",
    wish: "Sie ließen alles löschen, und das Backend hat noch nicht geantwortet: Auch dieser Wunsch geht.",
    question: 'Geben Sie "purge" ein, um fortzufahren: ',
    none: "Es wurde nichts entfernt.",
    done: "Entfernt. Die Konfiguration gehört Ihnen und blieb, wie sie war.",
  },
} as const;
const YES = /^purge$/i;

/** @throws HeatpoolError `STATE_INVALID` a daemon runs · what the file system says */
export async function purge(
  options: CommonOptions & { readonly yes?: boolean },
  terminal: Terminal,
): Promise<void> {
  const { config } = readSetup(options.config);
  const says = SAYS[config.language];
  const socket = controlSocketPath(config.runtimeDir);
  if ((await askDaemon(terminal.clock, socket, "GET /status")) !== undefined) {
    throw new HeatpoolError("STATE_INVALID", `a daemon runs and holds ${config.stateDir}`, {
      hint: "Stop it with `systemctl stop heatpool`, then run `heatpool purge` again.",
    });
  }
  const isWished = existsSync(join(config.stateDir, WISH_FILE));
  const backend = isWished ? [says.backend, says.wish] : [says.backend];
  const about = [says.ask, ...backend];
  const question = { about, ask: says.question, agrees: YES, refused: says.none };
  if (!(await isConfirmed(options, terminal, question))) return;
  // Durable first: a power cut in between must not leave anything that is sent.
  openState(config, terminal.clock, terminal.version).book.withdraw();
  const removed = wipeMachine({ ...config, secretFile: config.keys.secretFile });
  if (options.json === true) return terminal.print(JSON.stringify({ status: "purged", removed }));
  terminal.print(says.done);
  if (options.yes === true) for (const line of backend) terminal.print(line);
}
