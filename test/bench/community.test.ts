/** The bench of community questions has to run and to agree with the engine it is compared with. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { isPeerMissing } from "../support/peer.js";

describe.skipIf(isPeerMissing("victoria-metrics"))("the community bench, shortened", () => {
  it("prints one line: ours, the engine's, and what must not grow with the fleet", async () => {
    const args = [
      "--conditions=source",
      "--import",
      "tsx",
      "bench/bench.ts",
      "community",
      "--short",
    ];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
    expect(code).toBe(0);
    const lines = output.trim().split("\n");
    expect(lines).toHaveLength(1);
    // That both gave the same figures is asserted by the bench itself.
    const { also, ...line } = JSON.parse(lines[0] ?? "");
    expect(line).toMatchObject({ bench: "community", unit: "ms CPU", rounds: 2 });
    expect(line.ours).toBeGreaterThan(0);
    expect(Object.keys(also)).toEqual(
      expect.arrayContaining(["eligibility, times", "erasing one of 40, ms"]),
    );
    for (const figure of Object.values(also)) expect(figure).toBeGreaterThanOrEqual(0);
  }, 300_000);
});
