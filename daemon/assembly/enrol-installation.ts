/** Enrolling: nobody is called before the owner agreed. */
import { HeatpoolError } from "#core/errors.js";
import type { Config } from "../config.js";
import { enrolDevice } from "../enrolment/enrolment.js";
import { hasIdentity, toEnrolEndpoint } from "./backend-ways.js";
import { type IdentityParts, openIdentity } from "./open-identity.js";
import { openState } from "./state-files.js";

/**
 * Enrols: the work of `heatpool enrol`, in the daemon or without one.
 *
 * @throws HeatpoolError `CONFIG_INVALID`, `CONSENT_MISSING`, or what the backend says
 */
export async function enrolInstallation(
  config: Config,
  parts: IdentityParts & { readonly version: string },
  wish: { readonly address: string | undefined; readonly claimToken: string },
): Promise<{ installationId: string; recoveryCode: string }> {
  const { backend } = config;
  if (backend === undefined || !hasIdentity(config)) {
    throw new HeatpoolError("CONFIG_INVALID", "no backend that takes installations in", {
      hint: "Add the part `backend` with its url; without TLS, or with tokens, nobody enrols.",
    });
  }
  const consent = openState(config, parts.clock, parts.version).book.state();
  if (consent.status !== "granted") {
    throw new HeatpoolError("CONSENT_MISSING", "the owner has not agreed to share", {
      hint: "First run `heatpool consent grant`; nobody is called before.",
    });
  }
  const identity = openIdentity(config, parts).identity();
  if (identity.record().present !== undefined) {
    throw new HeatpoolError("STATE_INVALID", "this machine is enrolled already", {
      hint: "`heatpool identity show` shows as whom.",
    });
  }
  const { withEnrolment } = await import("../uplink/enrolment-client.js");
  const offer = { consent: consent.record, claimToken: wish.claimToken };
  const recoveryCode = await withEnrolment(toEnrolEndpoint(backend, wish.address), (port) =>
    enrolDevice(identity, port, offer),
  ).catch((error: unknown) => {
    throw explain(error, wish.claimToken);
  });
  return { installationId: identity.installationId, recoveryCode };
}

/** Who is refused as a stranger lacks a good token; everything else is proven by keys of our own. */
function explain(error: unknown, claimToken: string): unknown {
  const isStranger = error instanceof HeatpoolError && error.code === "UNAUTHENTICATED";
  if (!isStranger || error.hint !== undefined) return error;
  const hint =
    claimToken === ""
      ? "No claim token was given. Ask the operator for one, and name its file with --claim-token-file."
      : "A claim token is good for one installation. Ask the operator for another.";
  return new HeatpoolError(error.code, error.message, { cause: error, hint });
}
