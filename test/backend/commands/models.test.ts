/** Publishing by hand: what the operator types, and what becomes of it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openCommandBed } from "../../support/command-bed.js";

function build() {
  const { run, folder } = openCommandBed();
  const model = join(folder, "model.json");
  writeFileSync(model, '{"trees":[1,2,3]}');
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
