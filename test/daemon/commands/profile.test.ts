/** What a contributor sees: lint must say everything at once and end with the right status. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../support/folder.js";
import { runProfile as run } from "../../support/profile-command.js";

describe("heatpool profile", () => {
  it("lists names and files, and the same as JSON", async () => {
    expect((await run("list")).output).toMatch(/^idm\/navigator-2\.0 {2}\S+\.yaml$/m);
    const names = JSON.parse((await run("list", "--json")).output) as { name: string }[];
    expect(names.map((one) => one.name)).toContain("idm/navigator-10");
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
