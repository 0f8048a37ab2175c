/** A certificate is read once; whether it counts is asked every time. */
import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createIdentityJudge } from "../../../backend/enrolment/judge-identity.js";
import { enrol, makeIdentities } from "../../support/identity-bed.js";

const DAY_MS = 86_400_000;

async function open() {
  const bed = await makeIdentities();
  const { device, certificate } = await enrol(bed);
  const shown = new X509Certificate(certificate);
  let trusted = bed.issuing.trusted(bed.clock.nowMs());
  const judge = createIdentityJudge({
    identities: bed.identities,
    issuing: { trusted: () => trusted },
    clock: bed.clock,
    onFault: () => undefined,
  });
  return {
    bed,
    device,
    judge: () => judge.judge(shown).installationId,
    trust: (issuers: readonly X509Certificate[]) => {
      trusted = issuers;
    },
  };
}

describe("a certificate that counted before", () => {
  it("counts again", async () => {
    const { judge, device } = await open();
    expect([judge(), judge()]).toEqual([device.installationId, device.installationId]);
  });

  it("does not once its issuer is not trusted, and does again when it is", async () => {
    const { bed, judge, trust, device } = await open();
    judge();
    const other = (await makeIdentities()).issuing.trusted(bed.clock.nowMs());
    trust(other);
    expect(judge).toThrow("not of this backend");
    trust([...other, ...bed.issuing.trusted(bed.clock.nowMs())]);
    expect(judge()).toBe(device.installationId);
  });

  it("does not once it, or the issuer itself, has ended", async () => {
    const { bed, judge } = await open();
    judge();
    bed.clock.stepWall(bed.clock.nowMs() + 91 * DAY_MS);
    expect(judge).toThrow("expired");
    bed.clock.stepWall(bed.clock.nowMs() + 400 * DAY_MS);
    expect(judge).toThrow("not of this backend");
  });

  it("does not once it was taken back", async () => {
    const { bed, judge, device } = await open();
    judge();
    await bed.identities.update(device.installationId, (present) =>
      present === undefined ? undefined : { ...present, revokedAtMs: bed.clock.nowMs() },
    );
    expect(judge).toThrow("taken back");
  });
});
