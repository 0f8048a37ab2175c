/**
 * Keeping the identity good for years without anybody looking: renewed in time, at once when it is
 * in doubt, and nothing is sent before the backend has the consent.
 */
import { describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import { type EnrolmentPort, enrolDevice } from "../../../daemon/enrolment/enrolment.js";
import { createIdentityKeeper } from "../../../daemon/enrolment/identity-keeper.js";
import { createChance } from "../../support/chance.js";
import { openDevice } from "../../support/device-bed.js";
import { settle } from "../../support/fake-clock.js";
import { CONSENT, makeIdentities } from "../../support/identity-bed.js";

type Offered = Parameters<EnrolmentPort["enrol"]>[0];
const DAY_MS = 86_400_000;

async function open(more: { isEnrolled?: boolean } = {}) {
  const bed = await makeIdentities();
  const { identity } = openDevice(bed.clock);
  const calls: string[] = [];
  const refusals: HeatpoolError[] = [];
  const heard = (what: string): void => {
    calls.push(what);
    const refusal = refusals.shift();
    if (refusal !== undefined) throw refusal;
  };
  const port: EnrolmentPort = {
    challenge: async () => {
      heard("challenge");
      return bed.enrolment.challenge();
    },
    enrol: ({ consentRecord: record, consentSignature: signature, ...rest }: Offered) =>
      bed.enrolment.enrol({ ...rest, consent: { record, signature } }),
    renew: async (request) => {
      heard("renew");
      return bed.enrolment.renew(request);
    },
  };
  const consents = {
    async record(record: Uint8Array, signature: Uint8Array) {
      heard("record");
      await bed.door.consents.record(identity.installationId, { record, signature });
    },
    async withdraw(id: string, signature: Uint8Array) {
      heard("withdraw");
      await bed.door.consents.withdraw(id, signature);
    },
  };
  const events: string[] = [];
  const keeper = createIdentityKeeper({
    identity,
    clock: bed.clock,
    chance: createChance(4),
    log: (_, event) => events.push(event),
    enrolment: (work) => work(port),
    consents: (work) => work(consents),
  });
  const enrolIt = () => enrolDevice(identity, port, { consent: CONSENT, claimToken: "" });
  if (more.isEnrolled !== false) await enrolIt();
  const stop = new AbortController();
  return { bed, identity, keeper, calls, refusals, events, stop, enrolIt };
}

describe("renewal", () => {
  it("comes after 60 days and at most five more, with a new key", async () => {
    const { bed, identity, keeper, calls, stop } = await open();
    const before = identity.record().present?.keys.tls;
    const renewed = keeper.renewed(stop.signal);
    await bed.clock.advance(60 * DAY_MS - 1);
    expect(calls).toEqual([]);
    await bed.clock.advance(5 * DAY_MS + 2 * 3_600_000);
    await renewed;
    expect(calls).toEqual(["challenge", "renew"]);
    expect(identity.record().present?.keys.tls).not.toBe(before);
  });

  it("does not believe a clock that may be wrong", async () => {
    const { bed, keeper, calls, stop } = await open();
    bed.clock.setSynced(false);
    const renewed = keeper.renewed(stop.signal);
    await bed.clock.advance(80 * DAY_MS);
    expect(calls).toEqual([]);
    bed.clock.setSynced(true);
    await bed.clock.advance(2 * 3_600_000);
    await renewed;
    expect(calls).toEqual(["challenge", "renew"]);
  });

  it("comes at once when the identity is in doubt, and then rarely until it succeeds", async () => {
    const { bed, keeper, calls, refusals, stop } = await open();
    const renewed = keeper.renewed(stop.signal);
    await settle();
    refusals.push(new HeatpoolError("UNAUTHENTICATED", "another daemon has the key"));
    keeper.doubt("the backend asks for a new key");
    await settle();
    expect(calls).toEqual(["challenge"]);
    expect(keeper.describe().fault).toContain("another daemon has the key");
    await bed.clock.advance(29 * 60_000);
    expect(calls).toEqual(["challenge"]);
    keeper.doubt("again");
    await bed.clock.advance(60 * 60_000);
    await renewed;
    expect(calls).toEqual(["challenge", "challenge", "renew"]);
    expect(keeper.describe()).toMatchObject({ isEnrolled: true, fault: "" });
  });

  it("ends when it is told to", async () => {
    const { keeper, calls, stop } = await open();
    const renewed = keeper.renewed(stop.signal);
    stop.abort();
    await renewed;
    expect(calls).toEqual([]);
  });
});

describe("being ready", () => {
  it("waits until somebody enrolled", async () => {
    const { bed, keeper, stop, enrolIt } = await open({ isEnrolled: false });
    const ready = keeper.ready(CONSENT, stop.signal);
    await bed.clock.advance(3_600_000);
    expect(keeper.describe()).toMatchObject({
      isEnrolled: false,
      fault: "not enrolled: run `heatpool enrol`",
    });
    await enrolIt();
    keeper.wake();
    expect(await ready).toBe(true);
    expect(keeper.describe().fault).toBe("");
  });

  it("means that the backend has the consent that counts", async () => {
    const { bed, identity, keeper, calls, refusals, stop } = await open();
    expect(await keeper.ready(CONSENT, stop.signal)).toBe(true);
    expect(calls).toEqual([]);
    const wider = { ...CONSENT, scopes: ["telemetry", "model_training"] as const };
    refusals.push(new HeatpoolError("UNAVAILABLE", "the backend restarts"));
    const ready = keeper.ready(wider, stop.signal);
    await settle();
    expect(calls).toEqual(["record"]);
    await bed.clock.advance(31_000);
    expect(await ready).toBe(true);
    expect(bed.door.consents.present(identity.installationId)?.scopes).toEqual(wider.scopes);
  });

  it("renews first when the backend does not take the certificate any more", async () => {
    const { keeper, calls, refusals, stop } = await open();
    const wider = { ...CONSENT, scopes: ["telemetry", "model_training"] as const };
    refusals.push(new HeatpoolError("UNAUTHENTICATED", "the certificate has expired"));
    expect(await keeper.ready(wider, stop.signal)).toBe(true);
    expect(calls).toEqual(["record", "challenge", "renew", "record"]);
  });

  it("is given up when sharing ends", async () => {
    const { keeper, stop } = await open({ isEnrolled: false });
    const ready = keeper.ready(CONSENT, stop.signal);
    stop.abort();
    expect(await ready).toBe(false);
  });
});

describe("a withdrawal", () => {
  it("is told until the backend heard it, and once", async () => {
    const { bed, identity, keeper, calls, refusals, stop } = await open();
    let isWithdrawn = false;
    const telling = keeper.tellWithdrawal(() => isWithdrawn, stop.signal);
    await bed.clock.advance(2 * DAY_MS);
    expect(calls).toEqual([]);
    isWithdrawn = true;
    refusals.push(new HeatpoolError("UNAVAILABLE", "no network"));
    keeper.wake();
    await settle();
    await bed.clock.advance(3_600_000);
    expect(calls).toEqual(["withdraw", "withdraw"]);
    expect(bed.door.consents.present(identity.installationId)).toBeUndefined();
    await bed.clock.advance(DAY_MS);
    expect(calls).toHaveLength(2);
    stop.abort();
    await telling;
  });
});
