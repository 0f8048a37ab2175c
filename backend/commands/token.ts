/**
 * `heatpool-backend token create`: a bearer token for clients by HTTP, or with --claim one for
 * daemons that enrol.
 */
import { HeatpoolError } from "#core/errors.js";
import { readUuid } from "#core/uuid.js";
import { createBearerToken } from "../enrolment/bearer-tokens.js";
import { createClaimToken } from "../enrolment/claim-tokens.js";
import { loadConfig, type Machine } from "./machine.js";

interface TokenOptions {
  readonly config: string;
  readonly label: string;
  readonly claim?: boolean;
  readonly installation?: string;
  readonly json?: boolean;
}

/** @throws HeatpoolError `STATE_INVALID` the file of tokens cannot be written · `USAGE` */
export async function createToken(machine: Machine, options: TokenOptions): Promise<void> {
  const { places } = loadConfig(options.config);
  const { label, claim = false, installation } = options;
  if (claim && installation !== undefined) {
    throw new HeatpoolError("USAGE", "--claim and --installation exclude each other", {
      hint: "A claim token lets somebody new in; a token for an installation is for HTTP.",
    });
  }
  const holder = installation === undefined ? {} : { installationId: readId(installation) };
  const token = claim
    ? await createClaimToken(places.claimTokensFile, label, machine.chance)
    : await createBearerToken(places.httpTokensFile, { ...holder, label }, machine.chance);
  if (options.json) {
    machine.print(JSON.stringify({ token, kind: claim ? "claim" : "http", ...holder, label }));
    return;
  }
  machine.print(token);
  machine.print("It is shown this once. A running backend knows it within a second.");
  if (!claim && installation === undefined) {
    machine.print("Whoever holds it may send under any id; such data count as unverified.");
  }
}

function readId(text: string): string {
  const id = readUuid(text);
  if (id !== undefined) return id;
  throw new HeatpoolError("USAGE", `--installation ${text.slice(0, 64)}: not a UUID`);
}
