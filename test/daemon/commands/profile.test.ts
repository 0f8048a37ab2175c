/** What a contributor sees: lint must say everything at once and end with the right status. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../support/folder.js";
import { PROFILES_FOLDER } from "../../support/packaged-profiles.js";
import { runProfile as run } from "../../support/profile-command.js";

describe("heatpool profile", () => {
  it("lists what is known and how well, and the same as JSON", async () => {
    const { output } = await run("list");
    expect(output).toMatch(
      /^idm\/navigator-2\.0 +iDM .* +Navigator 2\.0 +modbus tcp +663 of 663 +verified$/m,
    );
    expect(output).toMatch(/^thermia\/genesis-mega .* 0 of \d+ +not verified$/m);
    expect(output).toMatch(/^viessmann\/vitogate-300 .* needs assignment +not verified$/m);
    expect(output).toMatch(/^vaillant\/arotherm-plus-ebusd .* mqtt .* not verified$/m);
    const listed = JSON.parse((await run("list", "--json")).output) as { name: string }[];
    expect(listed.find((one) => one.name === "idm/navigator-10")).toMatchObject({
      manufacturer: "iDM Energiesysteme",
      isVerified: false,
      state: "sound",
    });
  });

  it("checks all profiles of a folder", async () => {
    const { output, status } = await run("lint", PROFILES_FOLDER);
    expect(status).toBe(0);
    expect(output.split("\n").filter((line) => line.includes(": sound")).length).toBeGreaterThan(
      25,
    );
  });

  it("shows what is read, and how", async () => {
    const { output } = await run("show", "idm/navigator-2.0");
    expect(output).toContain("at most 40 words per read");
    expect(output).toContain("input 1050+2  temp_flow in °C: Heat pump flow temperature (B33)");
    const shown = JSON.parse((await run("show", "idm/navigator-2.0", "--json")).output);
    expect(shown).toMatchObject({ name: "idm/navigator-2.0", verified: true, registers: 663 });
  });

  it("finds a sound file sound", async () => {
    const { output, status } = await run("lint", "idm/navigator-2.0");
    expect(output).toBe("idm/navigator-2.0: sound, 663 registers\n");
    expect(status).toBe(0);
  });

  it("names the faults of a broken file and ends with 78", async () => {
    const file = join(temporaryFolder(), "broken.yaml");
    writeFileSync(file, "name: a/b\n");
    const text = await run("lint", file);
    expect(text.output).toContain(`${file}:1:1 manufacturer: Invalid input`);
    expect(text.status).toBe(78);
    const json = await run("lint", "--json", file, "idm/navigator-10");
    expect(JSON.parse(json.output)).toMatchObject([{ isValid: false }, { isValid: true }]);
    expect(json.status).toBe(78);
  });

  it("refuses a profile that is not there", async () => {
    await expect(run("show", "idm/nothing")).rejects.toMatchObject({ code: "PROFILE_UNKNOWN" });
    expect((await run("lint", "idm/nothing")).status).toBe(78);
  });

  it("helps", async () => {
    await expect(run("lint", "--help")).rejects.toMatchObject({ code: "commander.helpDisplayed" });
  });
});
