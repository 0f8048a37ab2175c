/**
 * `heatpool enrol`: becomes an installation of a backend. A running daemon does it itself, because
 * only it may hold the secret of the keys; without one the command does.
 */
import { readFileSync } from "node:fs";
import { HeatpoolError } from "#core/errors.js";
import { ENROL_PORT } from "../assembly/backend-ways.js";
import { enrolInstallation } from "../assembly/enrol-installation.js";
import { openIdentity } from "../assembly/open-identity.js";
import { BACKEND_ADDRESS } from "../config.js";
import { askDaemon, controlSocketPath } from "../local/control-socket.js";
import { readSetup } from "./setup.js";
import type { CommonOptions, Terminal } from "./terminal.js";

/** What the command was given. */
interface EnrolOptions extends CommonOptions {
  /** Address of the listener for enrolment, `host:port`. */
  readonly backend?: string;
  readonly claimToken?: string;
  readonly claimTokenFile?: string;
}

const SAYS = {
  en: {
    done: "Enrolled. This installation is",
    code: "Write this recovery code down and keep it; it is shown this once:",
    why: "With it you can have your data erased when this machine is gone.",
  },
  de: {
    done: "Angemeldet. Diese Installation ist",
    code: "Schreiben Sie diesen Wiederherstellungscode auf; er wird nur jetzt gezeigt:",
    why: "Mit ihm können Sie Ihre Daten löschen lassen, wenn dieses Gerät nicht mehr da ist.",
  },
} as const;

/** @throws HeatpoolError `CONFIG_INVALID`, `CONSENT_MISSING`, or what the backend says */
export async function enrol(options: EnrolOptions, terminal: Terminal): Promise<void> {
  const { config } = readSetup(options.config);
  checkAddress(options.backend);
  const claimToken = readClaim(options) ?? readConfiguredClaim(config.backend?.claimTokenFile);
  checkClaim(claimToken);
  const wish = { address: options.backend, claimToken };
  const answer = (await askDaemon(
    terminal.clock,
    controlSocketPath(config.runtimeDir),
    "POST /enrol",
    {
      "heatpool-claim-token": claimToken,
      ...(options.backend === undefined ? {} : { "heatpool-enrol-address": options.backend }),
    },
  )) as { installationId: string; recoveryCode: string } | undefined;
  const done = answer ?? (await enrolInstallation(config, terminal, wish));
  if (options.json === true) return terminal.print(JSON.stringify(done, null, 2));
  const says = SAYS[config.language];
  terminal.print(`${says.done} ${done.installationId}.`);
  terminal.print(`${says.code}\n\n  ${done.recoveryCode}\n`);
  terminal.print(says.why);
}

/** @throws HeatpoolError `STATE_INVALID` */
export async function showIdentity(options: CommonOptions, terminal: Terminal): Promise<void> {
  const { config } = readSetup(options.config);
  const shown = openIdentity(config, terminal).describe();
  if (options.json === true) return terminal.print(JSON.stringify(shown, null, 2));
  for (const [name, value] of Object.entries(shown)) {
    if (value !== undefined) terminal.print(`${name}: ${String(value)}`);
  }
}

function checkAddress(backend: string | undefined): void {
  if (backend === undefined || BACKEND_ADDRESS.test(backend)) return;
  throw new HeatpoolError("USAGE", `--backend ${backend}: no host:port`, {
    hint: `Ask the operator for the address where installations enrol; the port is usually ${ENROL_PORT}.`,
  });
}

/** It is a secret, so it is not repeated. */
function checkClaim(claimToken: string): void {
  if (/^[\x21-\x7e]*$/.test(claimToken)) return;
  throw new HeatpoolError("USAGE", "the claim token holds a character that no token has", {
    hint: "It is one word of plain letters, digits and signs: copy it once more as the operator gave it.",
  });
}

function readClaim({ claimToken, claimTokenFile }: EnrolOptions): string | undefined {
  if (claimToken !== undefined) return claimToken.trim();
  return claimTokenFile === undefined ? undefined : readConfiguredClaim(claimTokenFile);
}

function readConfiguredClaim(path: string | undefined): string {
  if (path === undefined) return "";
  try {
    return readFileSync(path, "utf8").trim();
  } catch (cause) {
    throw new HeatpoolError("CONFIG_INVALID", `${path} cannot be read`, {
      cause,
      hint: "It holds the operator's claim token; name it with --claim-token-file or backend.claimTokenFile.",
    });
  }
}
