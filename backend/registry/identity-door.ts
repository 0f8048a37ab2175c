/**
 * Identities as the operator asks about them: taking one back, and listing what they
 * are worth; and as owners do: another recovery code.
 */
import { timingSafeEqual } from "node:crypto";
import type { Chance } from "#core/clock.js";
import {
  formatRecoveryCode,
  hmacRecoveryCode,
  parseRecoveryCode,
  RECOVERY_BYTES,
} from "#core/enrolment/recovery-code.js";
import { HeatpoolError } from "#core/errors.js";
import type { IdentityDoor, IdentityStatus, ListedRecord } from "../rpc/door.js";
import type { Identities, Identity } from "./identity.js";
import type { InstallationRecord } from "./registry.js";

/** What the desk works with. */
export interface IdentityDeskDeps {
  readonly identities: Identities;
  /** Under which recovery codes are kept. */
  readonly recoveryKey: Uint8Array;
  readonly chance: Chance;
  readonly nowMs: () => number;
}

export function createIdentityDesk({
  identities,
  recoveryKey,
  chance,
  nowMs,
}: IdentityDeskDeps): Pick<
  IdentityDoor,
  "revoke" | "list" | "findByRecoveryCode" | "renewRecoveryCode"
> {
  const describe = (record: InstallationRecord): ListedRecord => {
    const known = identities.find(record.installationId);
    const last = known?.consents.at(-1);
    return {
      ...record,
      identity: statusOf(known, nowMs()),
      certificateExpiresAtMs: known?.notAfterMs ?? 0,
      cloneSuspectedAtMs: known?.cloneSuspectedAtMs ?? 0,
      consented: last !== undefined && last.withdrawnAtMs === 0,
    };
  };
  return {
    async revoke(id) {
      const changed = await identities.update(id, (present) => {
        if (present === undefined || present.revokedAtMs > 0) return undefined;
        return { ...present, revokedAtMs: nowMs() };
      });
      if (changed !== undefined) return changed.revokedAtMs;
      throw new HeatpoolError("NOT_FOUND", "no installation of that id is enrolled", {
        hint: "`heatpool-backend installations list` names those that are.",
      });
    },
    async renewRecoveryCode(id) {
      const code = Buffer.from(chance(RECOVERY_BYTES));
      await identities.update(id, (present) => {
        if (present === undefined) {
          throw new HeatpoolError("UNAUTHENTICATED", "this installation is not enrolled");
        }
        return { ...present, recoveryHmac: hmacRecoveryCode(recoveryKey, id, code) };
      });
      return formatRecoveryCode(code);
    },
    findByRecoveryCode(text) {
      const code = parseRecoveryCode(text);
      if (code === undefined) return undefined;
      return identities.ids().find((id) => {
        const kept = Buffer.from(identities.find(id)?.recoveryHmac ?? "", "hex");
        const given = Buffer.from(hmacRecoveryCode(recoveryKey, id, code), "hex");
        return kept.length === given.length && timingSafeEqual(kept, given);
      });
    },
    list(after, limit, known) {
      const byId = new Map(known.map((record) => [record.installationId, record]));
      // Beyond the last known one of a full page there may be more that are known.
      const last = known.length < limit ? undefined : known.at(-1)?.installationId;
      const silent = identities
        .ids()
        .filter((id) => id > after && !byId.has(id) && (last === undefined || id <= last))
        .slice(0, limit);
      const all = [...byId.keys(), ...silent]
        .sort((one, other) => (one < other ? -1 : 1))
        .slice(0, limit);
      return all.map((id) => describe(byId.get(id) ?? newcomer(id, identities.find(id))));
    },
  };
}

function statusOf(known: Identity | undefined, nowMs: number): IdentityStatus {
  if (known === undefined) return "none";
  if (known.revokedAtMs > 0) return "revoked";
  return known.notAfterMs <= nowMs ? "expired" : "active";
}

/** Somebody who enrolled and has not sent yet. */
function newcomer(installationId: string, known: Identity | undefined): InstallationRecord {
  return {
    installationId,
    index: -1,
    heatpumpModels: [],
    daemonVersion: known?.consents.at(-1)?.record.daemon_version ?? "",
    firstSeenAtMs: known?.enrolledAtMs ?? 0,
    lastReceivedAtMs: 0,
    snapshotsStored: 0,
    readingsStored: 0,
    snapshotsReportedLost: 0,
    snapshotsRejected: 0,
    daysReceived: 0,
    daysWithData: 0,
  };
}
