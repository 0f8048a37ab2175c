/** The tools of people who write profiles: a beginning, a check of words, a comparison. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadProfileFile, packagedProfiles } from "../../../daemon/profile/profile-store.js";
import { temporaryFolder } from "../../support/folder.js";
import { runProfile } from "../../support/profile-command.js";

const NAVIGATOR = join(packagedProfiles(), "idm/navigator-2.0.yaml");

/** A changed copy of a packaged profile, as a file. */
function changed(from: string, to: string): string {
  const text = readFileSync(NAVIGATOR, "utf8");
  expect(text).toContain(from);
  const file = join(temporaryFolder(), "changed.yaml");
  writeFileSync(file, text.replace(from, to));
  return file;
}

describe("heatpool profile new", () => {
  it("begins a sound profile under its names", async () => {
    const to = temporaryFolder();
    const names = ["--manufacturer", 'Ac"me', "--model", "Air: 10"];
    await runProfile("new", "acme/air-10", ...names, "--to", to);
    const file = join(to, "acme/air-10.yaml");
    expect(loadProfileFile(file)).toMatchObject({
      name: "acme/air-10",
      manufacturer: 'Ac"me',
      model: "Air: 10",
      isVerified: false,
    });
    expect(readFileSync(file, "utf8")).toContain("test/profiles/acme/air-10");
    expect((await runProfile("lint", file)).status).toBe(0);
  });

  it("overwrites nothing", async () => {
    const to = temporaryFolder();
    await runProfile("new", "acme/air", "--manufacturer", "Acme", "--to", to);
    writeFileSync(join(to, "acme/air.yaml"), "mine");
    await expect(
      runProfile("new", "acme/air", "--manufacturer", "Acme", "--to", to),
    ).rejects.toMatchObject({ code: "USAGE", hint: expect.stringContaining("overwritten") });
    expect(readFileSync(join(to, "acme/air.yaml"), "utf8")).toBe("mine");
  });

  it.each(["../evil/x", "Acme/Air", "acme", "a/b/c"])(
    "makes no file for the name %j",
    async (name) => {
      const to = join(temporaryFolder(), "inner");
      await expect(
        runProfile("new", name, "--manufacturer", "Acme", "--to", to),
      ).rejects.toMatchObject({ code: "USAGE" });
      expect(existsSync(to)).toBe(false);
    },
  );
});

describe("heatpool profile test", () => {
  it("finds the recorded profile right", async () => {
    const { output, status } = await runProfile("test", "idm/navigator-2.0", "--json");
    expect(JSON.parse(output)).toMatchObject([{ isRight: true, recorded: 89, faults: [] }]);
    expect(status).toBe(0);
  });

  it("finds a wrong vector, with its line", async () => {
    const file = changed(
      "words: [13107, 16966], value: 49.5",
      "words: [13107, 16966], value: 49.6",
    );
    const { output, status } = await runProfile("test", file);
    expect(output).toMatch(/wrong[\s\S]*changed\.yaml:\d+:\d+ .*\[13107, 16966\] is 49\.5/);
    expect(status).toBe(78);
  });

  it("finds what a recording contradicts", async () => {
    const folder = temporaryFolder();
    const at = join(folder, "idm/navigator-2.0");
    mkdirSync(at, { recursive: true });
    const register = { unitId: 1, space: "input", address: 1050, words: [13_107, 16_966] };
    const recording = {
      profile: "idm/navigator-2.0",
      recordedAt: "2026-11-01",
      source: "test",
      registers: [register, { ...register, address: 1052 }],
    };
    writeFileSync(join(at, "registers.json"), JSON.stringify(recording));
    writeFileSync(
      join(at, "expected.yaml"),
      `recordedOn: a test
registers:
  - { register: temp_flow, address: 1050, value: 48 }
  - { register: nothing, address: 1 }
metrics:
  - { metric: temp_flow, value: 49.5 }
  - { metric: temp_outdoor, value: 1 }
`,
    );
    const { output, status } = await runProfile(
      "test",
      "idm/navigator-2.0",
      "--recordings",
      folder,
      "--json",
    );
    expect(JSON.parse(output)[0].faults).toEqual([
      "temp_flow: [13107, 16966] is 49.5, expected 48",
      "there is no register nothing",
      "nothing is expected of input 1052, which was recorded",
      "temp_outdoor is not there, expected 1",
    ]);
    expect(status).toBe(78);
  });

  it("says which file of a recording is wrong, and where", async () => {
    const folder = temporaryFolder();
    const at = join(folder, "idm/navigator-2.0");
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, "registers.json"), '{\n"profile": 7\n}');
    const { output } = await runProfile("test", "idm/navigator-2.0", "--recordings", folder);
    expect(output).toContain("registers.json:2:12 profile: Invalid input");
  });
});

describe("heatpool profile diff", () => {
  it("finds no difference between a profile and itself", async () => {
    const { output } = await runProfile("diff", "idm/navigator-10", "idm/navigator-10", "--json");
    expect(JSON.parse(output)).toEqual({ added: [], removed: [], changed: [], compared: 687 });
  });

  it("tells what was added, removed and changed, by address", async () => {
    const file = changed("- { address: 4126, ", "- { address: 4130, wordOrder: high-first, ");
    const moved = JSON.parse(
      (await runProfile("diff", "idm/navigator-2.0", file, "--json")).output,
    );
    expect(moved).toMatchObject({ removed: ["input 4126"], added: ["input 4130"], changed: [] });
  });
});

describe("heatpool profile diff with a register table", () => {
  const header = "table,address,words,type,word_order,scale,unit,access,name_en";
  async function diffWith(...rows: readonly string[]) {
    const file = join(temporaryFolder(), "table.csv");
    writeFileSync(file, [header, ...rows].join("\n"));
    return runProfile("diff", "idm/navigator-2.0", file, "--json");
  }

  it("compares in the unit of the profile", async () => {
    const same = "input,4122,2,float32,little,1000,W,r,power";
    const other = "input,1050,2,float32,big,0.1,°C,r,flow";
    const found = JSON.parse((await diffWith(same, other)).output);
    expect(found.changed).toEqual([
      { place: "input 1050", field: "wordOrder", from: "low-first", to: "high-first" },
      { place: "input 1050", field: "scale", from: "1", to: "0.1" },
    ]);
    expect(found.compared).toBe(2);
    expect(found.removed).toContain("input 1052");
  });

  it("finds rows that the profile lacks", async () => {
    expect(JSON.parse((await diffWith("holding,7,1,int16,big,1,,r,x")).output).added).toEqual([
      "holding 7",
    ]);
  });

  it.each([
    ["input,70000,1,int16,big,1,,r,x", /table\.csv:2 address 70000/],
    ["sideways,7,1,int16,big,1,,r,x", /table\.csv:2 table sideways/],
  ])("refuses %j with its line", async (row, message) => {
    await expect(diffWith(row)).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringMatching(message),
    });
  });

  it("names the columns that a file lacks", async () => {
    const file = join(temporaryFolder(), "short.csv");
    writeFileSync(file, "table,address\ninput,1\n");
    await expect(runProfile("diff", "idm/navigator-2.0", file)).rejects.toMatchObject({
      message: expect.stringContaining("no column words, type, word_order, scale, unit, access"),
    });
  });
});

it.each(["new", "test", "simulate", "diff"])("profile %s explains itself", async (command) => {
  await expect(runProfile(command, "--help")).rejects.toMatchObject({
    code: "commander.helpDisplayed",
  });
});
