/** What cannot be delivered is kept within a limit, and what the limit pushes out is accounted for. */
import { describe, expect, it } from "vitest";
import { DeadLetters } from "../../../daemon/backlog/dead-letters.js";
import { createMemoryBacklog } from "../../../daemon/backlog/memory-backlog.js";
import { countTo, optionsOf, snapshotOf } from "../../support/backlog-material.js";
import { createFakeClock } from "../../support/fake-clock.js";

const letterOf = (bytes: number) => ({
  reason: "poison" as const,
  detail: "",
  setAsideAtMs: 0,
  deviceId: "heatpump",
  fromMs: 0,
  toMs: 0,
  snapshots: 2,
  readings: 6,
  bytes,
});

describe("dead letters", () => {
  it("may take a tenth of the backlog's bytes; the oldest go first", () => {
    const letters = new DeadLetters(10_000);
    for (const bytes of [300, 300, 300, 300]) letters.add(letterOf(bytes));
    expect(letters.excess().map((one) => one.number)).toEqual([1]);
    letters.add(letterOf(500));
    expect(letters.excess().map((one) => one.number)).toEqual([1, 2, 3]);
  });

  it("of which a single one takes more than all may, none is kept", () => {
    const letters = new DeadLetters(10_000);
    const letter = letters.add(letterOf(1_001));
    expect(letters.excess()).toEqual([letter]);
    letters.remove(letter);
    expect(letters.rows).toBe(0);
    expect(letters.add(letterOf(1)).number).toBe(2);
  });

  it("beyond a thousand push the oldest out, into the ledger", async () => {
    const backlog = await createMemoryBacklog(optionsOf(createFakeClock()));
    const { epochId } = backlog.status();
    for (const k of countTo(1_003)) {
      backlog.record(snapshotOf(k));
      await backlog.seal();
      await backlog.retract({ epochId, sequence: k + 1 }, "poison", "");
      await backlog.settleRetraction({ epochId, sequence: k + 1 }, "voided");
    }
    expect(backlog.deadLetters()).toHaveLength(1_000);
    expect(backlog.deadLetters()[0]?.number).toBe(4);
    expect(await backlog.losses(0, 9)).toMatchObject([
      { reason: "dead-letter-dropped", snapshots: 3 },
    ]);
    expect(backlog.status()).toMatchObject({ lost: 3, deadSnapshots: 1_000, unaccounted: 0 });
    await backlog.close();
  });
});
