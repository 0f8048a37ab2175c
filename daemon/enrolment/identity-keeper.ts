/**
 * Keeps the identity good while the owner shares: renews the certificate in time, at once when the
 * backend asks or refuses it, and sees to it that the backend has the consent before anything is
 * sent.
 *
 * Nothing is declared expired by a clock that may be wrong; the backend's refusal is asked about
 * instead. Attempts are rare: whoever calls too often is not listened to at all.
 */

import { createUniform } from "#core/backoff.js";
import type { Chance, Clock } from "#core/clock.js";
import type { ConsentRecord } from "#core/enrolment/consent-record.js";
import { HeatpoolError } from "#core/errors.js";
import type { Log } from "../host/log.js";
import type { DeviceIdentity } from "./device-identity.js";
import {
  type ConsentPort,
  type EnrolmentPort,
  isRecorded,
  recordConsent,
  renewDevice,
  tellWithdrawal,
} from "./enrolment.js";

/** A connection that is closed when its work is done. */
export type Connect<Port> = <T>(work: (port: Port) => Promise<T>) => Promise<T>;

/** What the keeper works with. */
export interface KeeperDeps {
  readonly identity: DeviceIdentity;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly enrolment: Connect<EnrolmentPort>;
  readonly consents: Connect<ConsentPort>;
}

/** Keeps the identity. */
export interface IdentityKeeper {
  /** Resolves when enrolled and the backend has `consent`; or when `signal` fires, with false. */
  ready(consent: ConsentRecord, signal: AbortSignal): Promise<boolean>;
  /** Renews when it is time or was asked for. Resolves when there is a new certificate, or `signal` fires. */
  renewed(signal: AbortSignal): Promise<void>;
  /** The backend asks for a new key, or refuses the present one. */
  doubt(why: string): void;
  /** Somebody enrolled, or changed the consent: look again. */
  wake(): void;
  /** Tells the backend of a withdrawal, until it heard or `signal` fires. */
  tellWithdrawal(isWithdrawn: () => boolean, signal: AbortSignal): Promise<void>;
  /** For the status. */
  describe(): KeeperState;
}

/** What the status says about the identity. */
export interface KeeperState {
  readonly isEnrolled: boolean;
  /** ISO 8601; `undefined`: not enrolled. */
  readonly certificateExpires: string | undefined;
  /** Why the last attempt failed; empty: it did not. */
  readonly fault: string;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A certificate lives 90 days; a month is left for a backend that is away. */
const RENEW_AFTER_MS = 60 * DAY_MS;
/** So that a fleet that enrolled together does not renew together. */
const RENEW_JITTER_MS = 5 * DAY_MS;
/** A look at the calendar costs nothing. */
const LOOK_MS = HOUR_MS;
/** Five calls an hour are listened to; a renewal takes two. */
const RETRY_MS = 30 * 60_000;
/** A command that enrols tells the daemon; where it could not, this long passes. */
const ENROLLED_LOOK_MS = 60_000;
const NOT_ENROLLED = "not enrolled: run `heatpool enrol`";
/** While nothing was refused yet, e.g. the backend restarts. */
const SOON_MS = 15_000;

export function createIdentityKeeper(deps: KeeperDeps): IdentityKeeper {
  const { identity, clock, log } = deps;
  const random = createUniform(deps.chance);
  const jitterMs = random() * RENEW_JITTER_MS;
  let doubted = "";
  let fault = "";
  let nap = new AbortController();

  const rest = (ms: number, signal: AbortSignal): Promise<void> =>
    clock.sleep(ms, AbortSignal.any([signal, nap.signal]));
  const wake = (): void => {
    nap.abort();
    nap = new AbortController();
  };
  const attempt = async (what: string, work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      fault = "";
      log("info", `identity.${what}`);
      return true;
    } catch (error) {
      if (!(error instanceof HeatpoolError)) throw error;
      fault = `${error.code}: ${error.message}`;
      log("warn", `identity.${what}-failed`, { why: fault });
      return false;
    }
  };
  const isDue = (): boolean => {
    const { present } = identity.record();
    if (present === undefined) return false;
    if (doubted !== "") return true;
    return clock.isSynced() && clock.nowMs() >= present.renewedAtMs + RENEW_AFTER_MS + jitterMs;
  };
  const renew = () =>
    attempt("renewed", async () => {
      await deps.enrolment((port) => renewDevice(identity, port));
      doubted = "";
    });
  const retryMs = (): number => {
    const isAway = fault.startsWith("UNAVAILABLE");
    return (isAway ? SOON_MS : RETRY_MS) * (1 + random());
  };

  return {
    async ready(consent, signal) {
      while (!signal.aborted) {
        if (identity.record().present === undefined) {
          fault = NOT_ENROLLED;
          await rest(ENROLLED_LOOK_MS, signal);
          continue;
        }
        if (fault === NOT_ENROLLED) fault = "";
        if (isRecorded(identity, consent)) return true;
        const isDone = await attempt("consent-recorded", () =>
          deps.consents((port) => recordConsent(identity, port, consent)),
        );
        if (isDone) return true;
        // An expired certificate cannot say anything; a new one can.
        const isNew = fault.startsWith("UNAUTHENTICATED") && (await renew());
        if (!isNew) await rest(retryMs(), signal);
      }
      return false;
    },
    async renewed(signal) {
      while (!signal.aborted) {
        if (isDue()) {
          if (await renew()) return;
          await rest(retryMs(), signal);
        } else await rest(LOOK_MS, signal);
      }
    },
    doubt(why) {
      if (doubted !== "") return;
      doubted = why;
      log("warn", "identity.doubted", { why });
      wake();
    },
    wake,
    async tellWithdrawal(isWithdrawn, signal) {
      while (!signal.aborted) {
        const isOwed = isWithdrawn() && identity.record().recordedConsent !== "";
        if (isOwed) {
          const isDone = await attempt("withdrawal-told", () =>
            deps.consents((port) => tellWithdrawal(identity, port)),
          );
          if (!isDone && fault.startsWith("UNAUTHENTICATED")) await renew();
          await rest(isDone ? LOOK_MS : retryMs(), signal);
        } else await rest(LOOK_MS, signal);
      }
    },
    describe() {
      const certificate = identity.certificate();
      return {
        isEnrolled: certificate !== undefined,
        certificateExpires:
          certificate === undefined ? undefined : new Date(certificate.validTo).toISOString(),
        fault: fault === "" && doubted !== "" ? doubted : fault,
      };
    },
  };
}
