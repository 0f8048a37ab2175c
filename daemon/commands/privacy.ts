/**
 * `heatpool privacy export|erase|recovery-code`: what the owner may do with what is known about
 * them. A running daemon does it, because only it may hold the keys; without one the command does.
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { wipeModels } from "../assembly/community-models.js";
import { readAlarms } from "../assembly/house-scorer.js";
import { destroyRemains, openBacklog } from "../assembly/open-backlog.js";
import { historyFolder, openHistoryFolder } from "../assembly/open-history.js";
import { exportEverything, openErasure, renewRecoveryCode } from "../assembly/open-privacy.js";
import { openState } from "../assembly/state-files.js";
import { askDaemon, askOwnData, controlSocketPath } from "../local/control-socket.js";
import type { ErasureState } from "../privacy/erasure.js";
import { wipeWhenAnswered } from "../privacy/wipe.js";
import { isConfirmed } from "./confirmation.js";
import { writeOwnData } from "./own-data-file.js";
import { readSetup, type Setup } from "./setup.js";
import type { CommonOptions, Terminal } from "./terminal.js";

const SAYS = {
  en: {
    ask: "Everything about you is erased, here and at the backend, and cannot be brought back.",
    question: 'Type "erase" to go on: ',
    none: "Nothing was erased.",
    erased: "Erased. The receipt is in",
    sum: (taken: number, refused: number, losses: number) =>
      `${taken} + ${refused} batches, ${losses} losses`,
    erasedHere: "Erased on this machine. No backend knew it by a certificate.",
    waiting: "Nothing is sent any more, and what waited is wiped. The backend is asked again:",
    exported: "Written to",
    isPart: "The backend could not be asked; what it holds is not in it.",
    once: "A recovery code is shown once and kept nowhere, so it cannot be shown again.",
    renew: "`heatpool privacy recovery-code renew` makes another in its place.",
    code: "Write this recovery code down and keep it; the one before is good no more:",
  },
  de: {
    ask: "Alles über Sie wird gelöscht, hier und beim Backend, und ist nicht wiederzubringen.",
    question: 'Geben Sie "löschen" ein, um fortzufahren: ',
    none: "Es wurde nichts gelöscht.",
    erased: "Gelöscht. Die Quittung liegt in",
    sum: (taken: number, refused: number, losses: number) =>
      `${taken} + ${refused} Lieferungen, ${losses} Meldungen über Verluste`,
    erasedHere: "Auf diesem Gerät gelöscht. Kein Backend kannte es durch ein Zertifikat.",
    waiting:
      "Es wird nichts mehr gesendet, und was wartete, ist gelöscht. Das Backend wird erneut gefragt:",
    exported: "Geschrieben nach",
    isPart: "Das Backend war nicht zu erreichen; was dort liegt, ist nicht darin.",
    once: "Ein Wiederherstellungscode wird einmal gezeigt und nirgends aufbewahrt.",
    renew: "`heatpool privacy recovery-code renew` macht einen neuen an seiner Stelle.",
    code: "Schreiben Sie diesen Wiederherstellungscode auf; der vorige gilt nicht mehr:",
  },
} as const;
const YES = /^(erase|löschen|loeschen)$/i;
const silent = () => undefined;

export async function erase(
  options: CommonOptions & { readonly yes?: boolean },
  terminal: Terminal,
): Promise<void> {
  const setup = readSetup(options.config);
  const { config } = setup;
  const says = SAYS[config.language];
  const { question: ask, none: refused } = says;
  const question = { about: [says.ask], ask, agrees: YES, refused };
  if (!(await isConfirmed(options, terminal, question))) return;
  const socket = controlSocketPath(config.runtimeDir);
  const told = await askDaemon(terminal.clock, socket, "POST /privacy/erase");
  const state = (told as ErasureState | undefined) ?? (await eraseHere(setup, terminal));
  if (options.json === true) return terminal.print(JSON.stringify(state, null, 2));
  if (state.status === "waiting") terminal.print(`${says.waiting} ${state.why}`);
  else if (state.status === "erased" && state.receipt !== undefined) {
    const { batches, refused_batches, losses, erased_at } = state.receipt.record;
    terminal.print(`${erased_at}: ${says.sum(batches, refused_batches, losses)}`);
    terminal.print(`${says.erased} ${config.stateDir}/erasure-receipt.json`);
  } else terminal.print(says.erasedHere);
}

/** No daemon runs, so the command has the state for itself. */
async function eraseHere(setup: Setup, terminal: Terminal): Promise<ErasureState> {
  const { config } = setup;
  const { book, models, backlogFolder } = openState(config, terminal.clock, terminal.version);
  const erasure = openErasure({ config, ...terminal, log: silent }, async () => {
    if (book.state().status === "granted" || book.state().status === "outdated") book.withdraw();
    wipeModels(config, models);
    await destroyRemains({ ...setup, ...terminal }, backlogFolder);
    book.finishWithdrawal();
  });
  erasure.begin();
  const state = await erasure.attempt();
  wipeWhenAnswered(config);
  return state;
}

export async function exportPrivate(
  options: CommonOptions & { readonly out?: string },
  terminal: Terminal,
): Promise<void> {
  const setup = readSetup(options.config);
  const { config } = setup;
  const day = new Date(terminal.clock.nowMs()).toISOString().slice(0, 10);
  const path = resolve(options.out ?? `heatpool-export-${day}.ndjson`);
  const told = await askOwnData(controlSocketPath(config.runtimeDir));
  const pieces = told ?? exportHere(setup, terminal);
  const isWhole = await writeOwnData(path, pieces, terminal.ending);
  const says = SAYS[config.language];
  if (options.json === true) return terminal.print(JSON.stringify({ path, isWhole }));
  terminal.print(`${says.exported} ${path}`);
  if (!isWhole) terminal.print(says.isPart);
}

async function* exportHere(setup: Setup, terminal: Terminal): AsyncGenerator<Uint8Array> {
  const { config } = setup;
  const { book, backlogFolder } = openState(config, terminal.clock, terminal.version);
  // Looking must not make a backlog or a history where there is none.
  const backlog = existsSync(backlogFolder)
    ? await openBacklog({ ...setup, ...terminal }, backlogFolder)
    : undefined;
  const history = existsSync(historyFolder(config))
    ? await openHistoryFolder({ ...setup, ...terminal }, silent)
    : undefined;
  try {
    const alarms = await readAlarms(config);
    const parts = { config, ...terminal, log: silent };
    yield* exportEverything(parts, { book, backlog, history, alarms });
  } finally {
    // A history that is told to end at once only closes.
    await history?.run(AbortSignal.abort());
    await backlog?.close();
  }
}

export async function showRecoveryCode(options: CommonOptions, terminal: Terminal): Promise<void> {
  const says = SAYS[readSetup(options.config).config.language];
  terminal.warn(says.once);
  terminal.warn(says.renew);
  terminal.setExitStatus(1);
}

export async function renewCode(options: CommonOptions, terminal: Terminal): Promise<void> {
  const { config } = readSetup(options.config);
  const socket = controlSocketPath(config.runtimeDir);
  const told = await askDaemon(terminal.clock, socket, "POST /privacy/recovery-code");
  const answer = told as { recoveryCode: string } | undefined;
  const recoveryCode = answer?.recoveryCode ?? (await renewRecoveryCode({ config, ...terminal }));
  if (options.json === true) return terminal.print(JSON.stringify({ recoveryCode }));
  terminal.print(`${SAYS[config.language].code}\n\n  ${recoveryCode}\n`);
}
