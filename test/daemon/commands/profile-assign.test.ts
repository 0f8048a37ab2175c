/** Templates of gateways: an installer's list makes a profile of them, or says what is wrong with it. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseProfile } from "#core/profile/compile-profile.js";
import { isTemplate, parseTemplate } from "#core/profile/template.js";
import { createProfileStore, packagedProfiles } from "../../../daemon/profile/profile-store.js";
import { temporaryFolder } from "../../support/folder.js";
import { runProfile } from "../../support/profile-command.js";

const store = createProfileStore([packagedProfiles()]);
const templates = store.list().filter((one) => one.needsAssignment);
const HEADER = "point,table,address,type,scale,word_order,unit_id";

function list(...rows: readonly string[]): string {
  const file = join(temporaryFolder(), "list.csv");
  writeFileSync(file, [HEADER, ...rows].join("\n"));
  return file;
}

const assign = (points: string, out: string, ...more: readonly string[]) =>
  runProfile("assign", "viessmann/vitogate-300", "--points", points, "--out", out, ...more);

describe("templates", () => {
  it("are listed as profiles that need an assignment, and are sound", async () => {
    expect(templates.map((one) => one.name)).toEqual([
      "viessmann/vitogate-300",
      "viessmann/wago-e3",
    ]);
    const { output } = await runProfile("list");
    expect(output).toMatch(/^viessmann\/vitogate-300 .* {2}needs assignment +not verified$/m);
    for (const { name, file } of templates) {
      expect(parseTemplate(readFileSync(file, "utf8"), file).name).toBe(name);
      expect((await runProfile("lint", name)).output).toContain("sound template");
    }
  });

  it("cannot be read from: they have no addresses", () => {
    expect(() => store.load("viessmann/wago-e3")).toThrow(
      expect.objectContaining({
        code: "PROFILE_INVALID",
        hint: expect.stringContaining("heatpool profile assign"),
      }),
    );
  });

  it("are checked like profiles, with the line of a fault", async () => {
    const [first] = templates;
    const text = readFileSync(first?.file ?? "", "utf8");
    const file = join(temporaryFolder(), "broken.yaml");
    writeFileSync(
      file,
      text
        .replace("metric: temp_return, unit: °C", "metric: temp_return, unit: kW")
        .replace("point: room_temperature", "point: flow_temperature"),
    );
    const { output, status } = await runProfile("lint", file);
    expect(output).toMatch(/:\d+:\d+ registers\.2\.unit: is in kW, but temp_return is in °C/);
    expect(output).toMatch(/registers\.6\.point: flow_temperature is there twice/);
    expect(status).toBe(78);
  });
});

describe("heatpool profile assign", () => {
  it("makes a sound profile of what the list has, and says what it lacks", async () => {
    const out = join(temporaryFolder(), "viessmann/vitogate-300.yaml");
    const points = list(
      "outdoor_temperature,input,100,int16,0.1,,",
      "power_electric,holding,20,uint32,0.001,little,3",
      "fault,discrete,7,bool,,,",
      "room_temperature,,,,,,",
    );
    const { output } = await assign(points, out, "--first-address", "1", "--json");
    expect(JSON.parse(output)).toMatchObject({ name: "viessmann/vitogate-300", registers: 3 });
    expect(JSON.parse(output).missing).toContain("room_temperature");
    const profile = parseProfile(readFileSync(out, "utf8"), out);
    expect(isTemplate(readFileSync(out, "utf8"))).toBe(false);
    expect(profile.isVerified).toBe(false);
    // Nothing to compute a COP of: the thermal power has no address.
    expect(profile.derived).toEqual([]);
    expect(profile.registers).toMatchObject([
      { id: "temp_outdoor", space: "input", address: 99, confidence: "template" },
      { id: "power_current", unitId: 3, address: 19, format: { wordOrder: "low-first", words: 2 } },
      { id: "fault", space: "discrete", address: 6 },
    ]);
    expect((await runProfile("lint", out)).status).toBe(0);
  });

  it("takes the place of its template in the owner's folder", async () => {
    const own = temporaryFolder();
    const out = join(own, "viessmann/wago-e3.yaml");
    const points = list("flow_temperature,holding,1,int16,0.1,,");
    await runProfile("assign", "viessmann/wago-e3", "--points", points, "--out", out);
    const both = createProfileStore([own, packagedProfiles()]);
    expect(both.load("viessmann/wago-e3")).toMatchObject({ registers: [expect.anything()] });
  });

  it.each([
    ["outdoor_temperature,input,70000,int16,0.1,,", ":2 address 70000 is not possible"],
    ["outdoor_temperature,input,65535,float32,1,,", ":2 address 65535 is not possible for 2 word"],
    ["outdoor_temperature,input,x1,int16,0.1,,", ":2 address x1 is not possible"],
    ["outdoor_temperature,sideways,1,int16,0.1,,", ":2 table sideways"],
    ["outdoor_temperature,input,1,int12,0.1,,", ':2 type "int12" is not known'],
    ["fault,coil,1,int16,,,", ":2 coil 1 holds a bool, not int16"],
    ["inside_temperature,input,1,int16,0.1,,", ':2 the template has no point "inside_temperature"'],
    ["outdoor_temperature,input,1,int16,ten,,", ":2 scale ten is no number"],
    ["outdoor_temperature,input,1,int16,0,,", ":2 scale 0 is no number"],
    ["outdoor_temperature,input,1,int16,1,middle,", ":2 word_order middle"],
    ["outdoor_temperature,input,1,int16,1,,256", ":2 unit_id 256"],
  ])("refuses %j", async (row, message) => {
    const out = join(temporaryFolder(), "out.yaml");
    await expect(assign(list(row), out)).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining(message),
    });
    expect(existsSync(out)).toBe(false);
  });

  it("refuses points and addresses that are there twice, naming both lines", async () => {
    const points = list(
      "outdoor_temperature,input,10,float32,1,,",
      "flow_temperature,input,11,int16,0.1,,",
      "outdoor_temperature,input,20,int16,0.1,,",
      "return_temperature,holding,11,int16,0.1,,",
    );
    await expect(assign(points, join(temporaryFolder(), "out.yaml"))).rejects.toMatchObject({
      message: expect.stringMatching(
        /2 problem\(s\)\n.*:3 address 11 is already outdoor_temperature in line 2\n.*:4 outdoor_temperature is already in line 2$/,
      ),
    });
  });

  it("refuses a list without the columns it needs, or without an address", async () => {
    const file = join(temporaryFolder(), "list.csv");
    const out = join(temporaryFolder(), "out.yaml");
    writeFileSync(file, "point,address\noutdoor_temperature,1\n");
    await expect(assign(file, out)).rejects.toMatchObject({
      message: expect.stringContaining(":1 has no column table, type, scale"),
    });
    await expect(assign(list("outdoor_temperature,,,,,,"), out)).rejects.toMatchObject({
      message: expect.stringContaining("no point has an address"),
    });
  });

  it("overwrites nothing, and takes templates only", async () => {
    const out = join(temporaryFolder(), "deep/out.yaml");
    const points = list("flow_temperature,holding,1,int16,0.1,,");
    await expect(
      runProfile("assign", "idm/navigator-10", "--points", points, "--out", out),
    ).rejects.toMatchObject({ message: expect.stringContaining("is no template") });
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, "mine");
    await expect(assign(points, out)).rejects.toMatchObject({ code: "USAGE" });
    expect(readFileSync(out, "utf8")).toBe("mine");
  });
});
