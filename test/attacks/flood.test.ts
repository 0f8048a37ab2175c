/** Floods at a real backend process (A16): a short run of what `npm run attacks -- door` measures. */
import { expect, it } from "vitest";
import { attackDoor, type DoorReport, HELD_MAX } from "../../attacks/door.js";

const SHORT = { clients: 6, quietMs: 400, floodMs: 2_000, isMeasured: false };

it("under every flood nobody honest is refused, nothing ends, and connections are bounded", {
  timeout: 300_000,
}, async () => {
  const reports: DoorReport[] = [];
  const { counts, refusals } = await attackDoor(SHORT, (report) => reports.push(report));
  expect(refusals).toEqual([]);
  expect(counts).toMatchObject({ accepted: 0, plaintextBytes: 0, crashes: 0 });
  const floods = reports.map(({ flood }) => flood);
  expect(floods).toEqual(["slow-loris", "idle-flood", "rapid-reset", "stream-flood"]);
  for (const { connections, flooded, heldMax } of reports) {
    expect(connections).toBeGreaterThan(0);
    expect(flooded.answers).toBeGreaterThan(0);
    expect(heldMax).toBeLessThanOrEqual(HELD_MAX);
  }
});
