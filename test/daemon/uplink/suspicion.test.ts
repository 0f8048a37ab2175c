/** A bad batch is found among good ones, and a bad network condemns nobody at once. */
import { describe, expect, it } from "vitest";
import type { SessionEnd } from "../../../daemon/uplink/retry.js";
import { createSuspicion } from "../../../daemon/uplink/suspicion.js";

const first = { epochId: "e", sequence: 1 };
const second = { epochId: "e", sequence: 2 };
const broken = (status: string, more = {}): SessionEnd => ({
  kind: "broken",
  end: { status, details: "what", retryAfterMs: undefined, ...more },
});
const window = { oldest: first, count: 3 };
const alone = { oldest: first, count: 1 };

describe("a batch with which streams die", () => {
  it("is free twice, then sent alone, then condemned when a stream dies of it alone", () => {
    const suspicion = createSuspicion();
    for (const kind of ["free", "free", "alone"]) {
      suspicion.noteEnd(broken("UNAVAILABLE"), window);
      expect(suspicion.of(first).kind).toBe(kind);
    }
    suspicion.noteEnd({ kind: "silent", what: "no ack" }, alone);
    expect(suspicion.of(first)).toEqual({ kind: "condemned", reason: "poison", detail: "no ack" });
    expect(suspicion.of(second)).toEqual({ kind: "free" });
  });

  it("is sent alone at once when the backend names it", () => {
    const suspicion = createSuspicion();
    suspicion.noteEnd(broken("INVALID_ARGUMENT"), window);
    expect(suspicion.of(first).kind).toBe("alone");
    suspicion.noteEnd(broken("INVALID_ARGUMENT"), alone);
    expect(suspicion.of(first)).toMatchObject({
      kind: "condemned",
      reason: "refused",
      detail: "INVALID_ARGUMENT: what",
    });
  });

  it("is condemned as forked when another batch has its number", () => {
    const suspicion = createSuspicion();
    for (let k = 0; k < 2; k++) {
      suspicion.noteEnd(broken("ABORTED", { code: "BATCH_FORKED" }), alone);
    }
    expect(suspicion.of(first)).toMatchObject({ kind: "condemned", reason: "forked" });
  });

  it("is forgotten when the next stream dies with another one first", () => {
    const suspicion = createSuspicion();
    suspicion.noteEnd(broken("INTERNAL"), window);
    suspicion.noteEnd(broken("INTERNAL"), window);
    suspicion.noteEnd(broken("INTERNAL"), { oldest: second, count: 1 });
    suspicion.noteEnd(broken("INTERNAL"), window);
    expect(suspicion.of(first)).toEqual({ kind: "free" });
  });

  it.each([
    broken("UNAUTHENTICATED"),
    broken("FAILED_PRECONDITION"),
    broken("RESOURCE_EXHAUSTED", { retryAfterMs: 1_000 }),
    broken("UNAVAILABLE", { code: "STORE_FAILED" }),
    broken("ABORTED", { code: "SUPERSEDED" }),
    { kind: "goodbye", reconnectAfterMs: 0 } as const,
    { kind: "stopped" } as const,
  ])("is not suspected of an end like %o", (end) => {
    const suspicion = createSuspicion();
    for (let k = 0; k < 9; k++) suspicion.noteEnd(end, alone);
    expect(suspicion.of(first)).toEqual({ kind: "free" });
  });

  it("is not suspected when nothing was on its way", () => {
    const suspicion = createSuspicion();
    for (let k = 0; k < 9; k++) suspicion.noteEnd(broken("UNAVAILABLE"), undefined);
    expect(suspicion.of(first)).toEqual({ kind: "free" });
  });
});
