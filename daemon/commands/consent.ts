/**
 * `heatpool consent show|grant|withdraw`. All three work without a network and without a running
 * daemon; a running one is told and obeys before the command ends.
 */
import {
  type ConsentRecord,
  type Locale,
  SCOPES,
  type Scope,
} from "#core/enrolment/consent-record.js";
import { HeatpoolError } from "#core/errors.js";
import { wipeModels } from "../assembly/community-models.js";
import { destroyRemains } from "../assembly/open-backlog.js";
import { openState } from "../assembly/state-files.js";
import type { Config } from "../config.js";
import type { ConsentState } from "../enrolment/consent.js";
import { CONSENT_TEXTS } from "../enrolment/consent-text.js";
import { askDaemon, controlSocketPath } from "../local/control-socket.js";
import { isConfirmed } from "./confirmation.js";
import { chooseLanguage } from "./language.js";
import { readSetup } from "./setup.js";
import type { CommonOptions, Terminal } from "./terminal.js";

const SAYS = {
  en: {
    status: "consent",
    states: {
      missing: "missing",
      withdrawn: "withdrawn",
      granted: "granted",
      outdated: "outdated",
    },
    outdated: "the text has changed, sending pauses",
    version: "version",
    question: 'Type "yes" to agree: ',
    none: "Nothing was agreed to; nothing is sent.",
    given: "Agreed. Sending begins when the daemon runs.",
    withdrawn: "Withdrawn. Nothing more is sent; what was waiting has been wiped.",
  },
  de: {
    status: "Einwilligung",
    states: { missing: "keine", withdrawn: "widerrufen", granted: "erteilt", outdated: "veraltet" },
    outdated: "der Text wurde geändert, das Senden ruht",
    version: "Version",
    question: 'Geben Sie "ja" ein, um einzuwilligen: ',
    none: "Es wurde nicht eingewilligt; es wird nichts gesendet.",
    given: "Eingewilligt. Gesendet wird, sobald der Dienst läuft.",
    withdrawn: "Widerrufen. Es wird nichts mehr gesendet; was wartete, ist gelöscht.",
  },
} as const;
const WHEN = { dateStyle: "long", timeStyle: "short" } as const;
const YES = /^(yes|ja)$/i;

export async function showConsent(
  options: CommonOptions & { language?: string },
  terminal: Terminal,
): Promise<void> {
  const { config } = readSetup(options.config);
  const locale = chooseLanguage(options.language, config.language);
  const { book } = openState(config, terminal.clock, terminal.version);
  const state = book.state();
  if (options.json === true) {
    return terminal.print(JSON.stringify({ ...state, history: book.history() }, null, 2));
  }
  terminal.print(CONSENT_TEXTS[locale]);
  terminal.print(describeState(state, locale));
}

/** One line about where consent stands. */
function describeState(state: ConsentState, locale: Locale): string {
  const { status, states, outdated, version } = SAYS[locale];
  const where = `${status}: ${states[state.status]}`;
  if (state.status === "missing" || state.status === "withdrawn") return where;
  const { record } = state;
  const note = state.status === "outdated" ? `: ${outdated}` : "";
  const since = new Date(record.time).toLocaleString(locale === "de" ? "de-DE" : "en-GB", WHEN);
  return `${where}${note} (${version} ${record.version}, ${since}, ${record.scopes.join(", ")})`;
}

export async function grantConsent(
  options: CommonOptions & { scopes?: string; language?: string; yes?: boolean },
  terminal: Terminal,
): Promise<void> {
  const { config } = readSetup(options.config);
  const locale = chooseLanguage(options.language, config.language);
  const scopes = parseScopes(options.scopes);
  const about = [CONSENT_TEXTS[locale], ["telemetry", ...scopes].join(", ")];
  const { question: ask, none: refused } = SAYS[locale];
  const question = { about, ask, agrees: YES, refused };
  if (!(await isConfirmed(options, terminal, question))) return;
  const { book } = openState(config, terminal.clock, terminal.version);
  const record: ConsentRecord = book.grant({ locale, scopes });
  await tellDaemon(config, terminal, "POST /consent/granted");
  terminal.print(options.json === true ? JSON.stringify(record, null, 2) : SAYS[locale].given);
}

export async function withdrawConsent(options: CommonOptions, terminal: Terminal): Promise<void> {
  const setup = readSetup(options.config);
  const { config } = setup;
  const state = openState(config, terminal.clock, terminal.version);
  const { book, backlogFolder } = state;
  book.withdraw();
  if ((await tellDaemon(config, terminal, "POST /consent/withdraw")) === undefined) {
    wipeModels(config, state.models);
    await destroyRemains({ ...setup, ...terminal }, backlogFolder);
    book.finishWithdrawal();
  }
  const { status } = book.state();
  terminal.print(
    options.json === true ? JSON.stringify({ status }) : SAYS[config.language].withdrawn,
  );
}

function tellDaemon(
  config: Config,
  { clock }: Terminal,
  what: "POST /consent/granted" | "POST /consent/withdraw",
): Promise<unknown> {
  return askDaemon(clock, controlSocketPath(config.runtimeDir), what);
}

/** The scopes beside `telemetry`, without which nothing has a meaning. */
function parseScopes(text = ""): readonly Scope[] {
  const names = text.split(",").flatMap((name) => name.trim() || []);
  const unknown = names.filter((name) => !SCOPES.some((scope) => scope === name));
  if (unknown.length > 0) {
    const hint = `Scopes are ${SCOPES.join(", ")}.`;
    throw new HeatpoolError("USAGE", `unknown scope ${unknown.join(", ")}`, { hint });
  }
  return SCOPES.filter((scope) => scope !== "telemetry" && names.includes(scope));
}
