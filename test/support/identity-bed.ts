/** A backend's door that wants certificates, and installations that have some. */
import { writeCsr } from "#core/certificate/csr.js";
import { encodePem } from "#core/certificate/der.js";
import { kemStatement, renewStatement, signStatement } from "#core/enrolment/statement.js";
import { createConsents } from "../../backend/enrolment/consents.js";
import {
  createDeviceAuthority,
  openIssuing,
  rotateIssuing,
} from "../../backend/enrolment/device-authority.js";
import { createEnrolment } from "../../backend/enrolment/enrolment.js";
import { createIdentityJudge } from "../../backend/enrolment/judge-identity.js";
import { createNonces } from "../../backend/enrolment/nonces.js";
import { createIdentities } from "../../backend/registry/create-identities.js";
import type { Identities } from "../../backend/registry/identity.js";
import { createIdentityDesk } from "../../backend/registry/identity-door.js";
import { createMemoryIdentityStore } from "../../backend/registry/memory-identity-store.js";
import type { IdentityDoor } from "../../backend/rpc/door.js";
import { createEnrolPace } from "../../backend/rpc/enrol-pace.js";
import { createChance } from "./chance.js";
import { createFakeClock, type FakeClock } from "./fake-clock.js";
import { temporaryFolder } from "./folder.js";
import { type DeviceKeys, enrolRequest, newDevice } from "./installation.js";

export {
  ASKED_BY_NAME,
  CONSENT,
  clientCredentials,
  type DeviceKeys,
  enrolRequest,
  newDevice,
} from "./installation.js";

/** What it sends to renew, with the keys of `next`, proven by those of `device`. */
export function renewRequest(device: DeviceKeys, next: DeviceKeys, nonce: Uint8Array) {
  const csr = writeCsr(next.installationId, next.tls);
  return {
    csr,
    kemSpki: next.kemSpki,
    kemSignature: signStatement(kemStatement(next.installationId, next.kemSpki), next.tls),
    nonce,
    proof: signStatement(renewStatement(nonce, csr, next.kemSpki), device.tls),
  };
}

/** Rooms that take installations in, on fake time. */
export async function makeIdentities(
  more: { claims?: Set<string>; clock?: FakeClock; erased?: Set<string> } = {},
) {
  const clock = more.clock ?? createFakeClock(Date.now());
  const chance = createChance(5);
  const folder = temporaryFolder();
  const making = { chance, nowMs: clock.nowMs() };
  await createDeviceAuthority(folder, making);
  const identities: Identities = await createIdentities(createMemoryIdentityStore(), clock.nowMs());
  const state = { issuing: openIssuing(folder, making) };
  const issuing = {
    issue: (...args: Parameters<typeof state.issuing.issue>) => state.issuing.issue(...args),
    trusted: (nowMs: number) => state.issuing.trusted(nowMs),
    sign: (statement: Uint8Array) => state.issuing.sign(statement),
    get expiresAtMs() {
      return state.issuing.expiresAtMs;
    },
  };
  const recoveryKey = chance(32);
  const faults: unknown[] = [];
  const enrolment = createEnrolment({
    identities,
    isErased: (id) => more.erased?.has(id) ?? false,
    findClaim:
      more.claims === undefined
        ? undefined
        : (token) => (more.claims?.has(token) ? Buffer.from(token).toString("hex") : undefined),
    nonces: createNonces(chance, clock),
    issuing,
    clock,
    chance,
    recoveryKey,
  });
  const door: IdentityDoor = {
    judge: createIdentityJudge({
      identities,
      issuing,
      clock,
      isErased: (id) => more.erased?.has(id) ?? false,
      onFault: (one) => faults.push(one),
    }),
    signReceipt: (statement) => state.issuing.sign(statement),
    consents: createConsents({ identities, clock }),
    enrolment,
    ...createIdentityDesk({ identities, recoveryKey, chance, nowMs: () => clock.nowMs() }),
  };
  return {
    clock,
    chance,
    identities,
    issuing,
    enrolment,
    door,
    faults,
    async rotate() {
      const now = { chance, nowMs: clock.nowMs() };
      await rotateIssuing(folder, undefined, now);
      state.issuing = openIssuing(folder, now);
    },
    /** Parts of a door that wants certificates. */
    parts: () => ({
      clock,
      identities: door,
      enrol: {
        address: { kind: "tcp", host: "127.0.0.1", port: 0 } as const,
        pace: createEnrolPace({ perPrefix: 0, all: 0 }, chance, clock),
      },
    }),
  };
}

/** Enrols without a network. */
export async function enrol(
  bed: Awaited<ReturnType<typeof makeIdentities>>,
  device: DeviceKeys = newDevice(),
) {
  const { chain, recoveryCode } = await bed.enrolment.enrol(enrolRequest(device));
  return { device, chain, recoveryCode, certificate: toPem(chain.slice(0, 1)) };
}

export function toPem(chain: readonly Uint8Array[]): string {
  return chain.map((one) => encodePem("CERTIFICATE", one)).join("");
}
