/** When the rows of a sealed batch say that they were taken. */

import { describe, expect, it } from "vitest";
import { openSealed, readRows } from "#core/batch/batch-reader.js";
import { createMemoryBacklog } from "../../../daemon/backlog/memory-backlog.js";
import { optionsOf, snapshotOf, streamOf, waitingEntries } from "../../support/backlog-material.js";
import { createFakeClock } from "../../support/fake-clock.js";

const STEP_MS = 60_000;

describe("a sealed row", () => {
  it("is stamped with its slot within a second of a minute, and exactly beyond", async () => {
    const backlog = await createMemoryBacklog(optionsOf(createFakeClock()));
    const offsMs = [12, -950, 1_000, 1_001, -1_700, 0];
    const startMs = Date.UTC(2026, 10, 1);
    for (const [k, offMs] of offsMs.entries()) {
      const snapshot = snapshotOf(k, { startMs });
      backlog.record({ ...snapshot, takenAtMs: startMs + k * STEP_MS + offMs });
    }
    await backlog.seal();
    const { table } = streamOf("heatpump");
    const seenMs = (await waitingEntries(backlog)).flatMap(({ sealed }) =>
      [...readRows(openSealed(sealed, table), table)].map((row) => row.atMs),
    );
    expect(seenMs.map((atMs, k) => atMs - startMs - k * STEP_MS)).toEqual([
      0, 0, 0, 1_001, -1_700, 0,
    ]);
    await backlog.close();
  });
});
