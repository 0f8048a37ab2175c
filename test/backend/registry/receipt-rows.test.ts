/** Who contributed lately: one installation's row must never say what another one did. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createReceiptRows, type Receipts } from "../../../backend/registry/receipt-rows.js";

const word = fc.nat({ max: 2 ** 32 - 1 });
const receipts: fc.Arbitrary<Receipts> = fc.record({
  lastReceivedAtMs: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  received: fc.record({ lastDay: fc.integer({ min: -1, max: 30_000 }), low: word, high: word }),
});

describe("rows of receipts", () => {
  it("say what a map of objects says, however installations come and go", () => {
    const id = fc.integer({ min: 0, max: 200 }).map((n) => `installation ${n}`);
    const step = fc.record({ id, receipts: fc.option(receipts, { nil: undefined }) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 150, maxLength: 400 }), (steps) => {
        const rows = createReceiptRows();
        const known = new Map<string, Receipts>();
        for (const one of steps) {
          if (one.receipts === undefined) {
            rows.forget(one.id);
            known.delete(one.id);
          } else {
            rows.set(one.id, one.receipts);
            known.set(one.id, one.receipts);
          }
        }
        for (const one of steps) expect(rows.find(one.id)).toEqual(known.get(one.id));
      }),
    );
  });
});
