/** `heatpool-backend token create`: a claim token for one more daemon, or for several. */
import { createClaimToken } from "../enrolment/claim-tokens.js";
import { loadConfig, type Machine } from "./machine.js";

/** @throws HeatpoolError `STATE_INVALID` the file of tokens cannot be written */
export async function createToken(
  machine: Machine,
  options: { config: string; label: string; json?: boolean },
): Promise<void> {
  const { places } = loadConfig(options.config);
  const token = await createClaimToken(places.claimTokensFile, options.label, machine.chance);
  if (options.json) {
    machine.print(JSON.stringify({ token, label: options.label }));
    return;
  }
  machine.print(token);
  machine.print("It is shown this once. A running backend knows it within a second.");
}
