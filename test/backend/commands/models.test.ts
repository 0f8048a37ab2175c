/** Publishing by hand: what the operator types, and what becomes of it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Machine } from "../../../backend/commands/machine.js";
import { createProgram } from "../../../backend/commands/program.js";
import { createChance } from "../../support/chance.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";

function build() {
  const folder = temporaryFolder();
  const lines: string[] = [];
  const config = join(folder, "backend.yaml");
  writeFileSync(config, `stateDir: ${folder}\n`);
  writeFileSync(join(folder, "store-key"), Buffer.alloc(32, 4), { mode: 0o600 });
  const model = join(folder, "model.json");
  writeFileSync(model, '{"trees":[1,2,3]}');
  const machine: Machine = {
    clock: createFakeClock(),
    chance: createChance(1),
    version: "1.0.0",
    nodeVersion: "v24.22.3",
    signal: new AbortController().signal,
    print: (line) => lines.push(line),
    setTlsMinimum: () => {},
    onBug: () => {},
    listenToBugs: () => {},
  };
  const run = async (...words: string[]) => {
    lines.length = 0;
    const program = createProgram(machine);
    await program.parseAsync(["node", "heatpool-backend", ...words, "--config", config]);
    return lines;
  };
  const publish = (...more: string[]) =>
    run(
      "publish",
      model,
      "--model",
      "aero-slm",
      "--for",
      "AERO_SLM",
      "--schema",
      "demo/1",
      ...more,
    );
  return { run, publish, folder };
}

describe("publishing by hand", () => {
  it("seals, lists, takes back and rolls back", async () => {
    const { run, publish } = build();
    expect((await publish())[0]).toContain("aero-slm release 1 is sealed");
    await publish();
    expect((await run("models", "revoke", "aero-slm", "2"))[0]).toContain("taken back");
    const [line = ""] = await run("models", "rollback", "aero-slm", "1", "--json");
    expect(JSON.parse(line)).toMatchObject({ release: 3, revoked: false, catalogue: "waiting" });
    const [all = ""] = await run("models", "list", "--json");
    const { releases } = JSON.parse(all) as { releases: { release: number; revoked: boolean }[] };
    expect(releases.map(({ release, revoked }) => [release, revoked])).toEqual([
      [1, false],
      [2, true],
      [3, false],
    ]);
    expect((await run("models", "list")).join("\n")).toContain(
      "AERO_SLM  (taken back, waits for a signature)",
    );
  });

  it("says what is wrong", async () => {
    const { run, publish, folder } = build();
    const code = (is: string) => expect.objectContaining({ code: is });
    await expect(publish("--min-daemon", "new")).rejects.toThrow(code("USAGE"));
    await expect(publish("--model", "../x")).rejects.toThrow(code("INVALID_ARGUMENT"));
    await expect(run("models", "revoke", "aero-slm", "1")).rejects.toThrow(code("NOT_FOUND"));
    await expect(run("models", "revoke", "aero-slm", "x")).rejects.toThrow(code("USAGE"));
    writeFileSync(join(folder, "store-key"), "short");
    await expect(run("models", "list")).rejects.toThrow(code("STATE_INVALID"));
  });
});
