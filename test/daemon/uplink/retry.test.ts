/** Retrying: what can succeed later is tried later, what cannot waits for somebody. */
import { describe, expect, it } from "vitest";
import { planRetry, type SessionEnd, type SessionResult } from "../../../daemon/uplink/retry.js";

const facts = { failures: 0, reconnectSpreadMs: 60_000, clockSynced: true };
const half = () => 0.5;

function resultOf(end: SessionEnd, more: Partial<SessionResult> = {}): SessionResult {
  return { end, wasWelcomed: false, wasAcked: false, livedMs: 0, ...more };
}

function broken(status: string, more: { details?: string; retryAfterMs?: number } = {}) {
  const end = { status, details: more.details ?? "", retryAfterMs: more.retryAfterMs };
  return resultOf({ kind: "broken", end });
}

describe("planRetry", () => {
  it("doubles the bound with each failure, up to the cap", () => {
    const delays = [0, 1, 2, 7, 8, 500].map(
      (failures) => planRetry(broken("UNAVAILABLE"), { ...facts, failures }, half).delayMs,
    );
    expect(delays).toEqual([1_000, 2_000, 4_000, 128_000, 150_000, 150_000]);
  });

  it.each(["UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "UNKNOWN", "CANCELLED", "ABORTED"])(
    "backs off after %s",
    (status) => {
      const retry = planRetry(broken(status), facts, half);
      expect(retry).toEqual({ delayMs: 1_000, failures: 1, awaitsClock: false });
    },
  );

  it("spreads the first try after the loss of a welcomed stream as the backend said", () => {
    const lost = { ...broken("UNAVAILABLE"), wasWelcomed: true };
    expect(planRetry(lost, facts, half).delayMs).toBe(30_000);
    expect(planRetry(lost, facts, () => 0.999).delayMs).toBeLessThan(60_000);
  });

  it("spreads a first try that came too early once more, and no later one", () => {
    const early = { ...facts, isFirstSinceLoss: true };
    expect(planRetry(broken("UNAVAILABLE"), early, half).delayMs).toBe(30_000);
    expect(planRetry(broken("UNAVAILABLE"), { ...early, failures: 8 }, half).delayMs).toBe(150_000);
    expect(planRetry(broken("UNAVAILABLE"), facts, half).delayMs).toBe(1_000);
  });

  it("forgets failures only after a stream that was welcomed, acked something and lasted", () => {
    const lost = broken("UNAVAILABLE");
    const good = { wasWelcomed: true, wasAcked: true, livedMs: 60_000 };
    const failuresAfter = (more: Partial<SessionResult>) =>
      planRetry({ ...lost, ...more }, { ...facts, failures: 5 }, half).failures;
    expect(failuresAfter(good)).toBe(1);
    expect(failuresAfter({ ...good, livedMs: 59_999 })).toBe(6);
    expect(failuresAfter({ ...good, wasAcked: false })).toBe(6);
  });

  it("waits as told, within reason, and a little longer", () => {
    const told = (retryAfterMs: number) =>
      planRetry(broken("RESOURCE_EXHAUSTED", { retryAfterMs }), facts, half).delayMs;
    expect(told(10_000)).toBe(11_000);
    expect(told(0)).toBe(1_100);
    expect(told(1e9)).toBe(3_960_000);
  });

  it("waits as told when the backend cannot store, and comes back spread behind that", () => {
    const lost = { ...broken("UNAVAILABLE", { retryAfterMs: 60_000 }), wasWelcomed: true };
    expect(planRetry(lost, facts, half).delayMs).toBe(66_000 + 30_000);
    expect(planRetry(lost, facts, () => 0).delayMs).toBe(60_000);
  });

  it("comes back at once with a new hello as long as each got something through", () => {
    const again = resultOf({ kind: "redeclare" }, { wasWelcomed: true, wasAcked: true });
    expect(planRetry(again, { ...facts, failures: 3 }, half)).toMatchObject({
      delayMs: 0,
      failures: 0,
    });
    const idle = resultOf({ kind: "redeclare" });
    expect(planRetry(idle, { ...facts, failures: 3 }, half).delayMs).toBeGreaterThan(0);
  });

  it.each(["UNAUTHENTICATED", "PERMISSION_DENIED"])(
    "looks again within 15 min after %s",
    (code) => {
      expect(planRetry(broken(code), facts, half).delayMs).toBe(450_000);
      expect(planRetry(broken(code), { ...facts, failures: 90 }, half).delayMs).toBe(450_000);
    },
  );

  it.each(["FAILED_PRECONDITION", "UNIMPLEMENTED"])("looks again hourly after %s", (status) => {
    expect(planRetry(broken(status), facts, () => 0).delayMs).toBe(3_600_000);
  });

  it("comes back at the offset of an announced end", () => {
    const goodbye = (reconnectAfterMs: number) =>
      planRetry(resultOf({ kind: "goodbye", reconnectAfterMs }), facts, half).delayMs;
    expect(goodbye(12_345)).toBe(12_345);
    expect(goodbye(0)).toBe(30_000);
  });

  it("waits for the machine's clock before it distrusts a certificate", () => {
    const details = "No connection established. Last error: certificate is not yet valid.";
    const untrusted = { ...facts, clockSynced: false };
    const retry = planRetry(broken("UNAVAILABLE", { details }), untrusted, half);
    expect(retry).toMatchObject({ delayMs: 60_000, awaitsClock: true });
    const trusted = planRetry(broken("UNAVAILABLE", { details }), facts, half);
    expect(trusted).toMatchObject({ delayMs: 1_000, awaitsClock: false });
  });
});
