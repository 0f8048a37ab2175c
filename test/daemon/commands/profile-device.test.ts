/** Tools that ask a device: simulate one, find out which it is, record it, test the recording. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Profile } from "#core/profile/profile.js";
import { loadNamed } from "../../../daemon/commands/profile-deps.js";
import { createProfileStore, packagedProfiles } from "../../../daemon/profile/profile-store.js";
import { type Fault, parseFault } from "../../../daemon/simulator/faults.js";
import { startSimulator } from "../../../daemon/simulator/simulator.js";
import { startCountingProxy } from "../../support/counting-proxy.js";
import { temporaryFolder } from "../../support/folder.js";
import { freePort } from "../../support/peer.js";
import { runProfileWith } from "../../support/profile-command.js";
import { createSwiftClock } from "../../support/swift-clock.js";

const store = createProfileStore([packagedProfiles()]);
const navigator10 = loadNamed(store, "idm/navigator-10");
const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function simulate(profile: Profile, faults: readonly Fault[] = []) {
  const simulator = await startSimulator(profile, { host: "127.0.0.1", port: 0, faults });
  stops.push(() => simulator.close());
  return simulator;
}

/** Pauses take no time; a connection has a second of it. */
const run = (...args: readonly string[]) =>
  runProfileWith({ clock: createSwiftClock(1000) }, ...args);
const at = (port: number) => ["--host", "127.0.0.1", "--port", String(port)];

describe("heatpool profile probe", () => {
  it("tells which of the profiles fits, and why the others do not", async () => {
    const { server, image } = await simulate(navigator10);
    const names = ["stiebel-eltron/wpm-isg", "idm/navigator-2.0", "idm/navigator-10"];
    const { output, notes, status } = await run("probe", ...names, ...at(server.port), "--json");
    const found = JSON.parse(output);
    expect(found.best).toBe("idm/navigator-10");
    const verdicts = Object.fromEntries(
      found.probed.map((one: { profile: string; verdict: string }) => [one.profile, one.verdict]),
    );
    expect(verdicts["idm/navigator-10"]).toBe("fits");
    expect(verdicts["stiebel-eltron/wpm-isg"]).toBe("differs");
    const reasons = found.probed.map((one: { reason: string }) => one.reason);
    expect(reasons).toContainEqual(expect.stringContaining("controller is refused by the device"));
    const [{ rows, refused, unknown, order }] = found.shown;
    const flow = rows.find((one: { register: string }) => one.register === "temp_flow");
    expect(flow).toMatchObject({ place: "input 1050", unit: "°C" });
    expect(Number(flow.value)).toBeCloseTo(image.shown("temp_flow") ?? Number.NaN, 0);
    expect([refused, unknown, order]).toEqual([[], [], undefined]);
    expect(notes).toContain("asking whether it is a idm/navigator-10");
    expect(notes.some((line) => /^idm\/navigator-10: \d+ of \d+ registers$/.test(line))).toBe(true);
    expect(status).toBe(0);
  });

  it("lists illegal addresses, and reads nothing twice", async () => {
    const { server } = await simulate(navigator10, [{ kind: "hole", address: 1058 }]);
    const proxy = await startCountingProxy(server.port);
    stops.push(() => proxy.close());
    const { output } = await run("probe", "idm/navigator-10", ...at(proxy.port));
    expect(output).toContain("refused: input 1058 (exception 2)");
    expect(output).toMatch(/^Heat pump flow temperature \(B33\) +[\d.]+ +°C +input 1050$/m);
    expect(proxy.requests.every(({ functionCode }) => functionCode <= 4)).toBe(true);
    const answered = proxy.requests.length - proxy.exceptions.length;
    expect(answered).toBeGreaterThan(proxy.exceptions.length);
  });

  it("guesses the order of words when values make no sense", async () => {
    const folder = temporaryFolder();
    const text = readFileSync(join(packagedProfiles(), "idm/navigator-2.0.yaml"), "utf8");
    const turned = text
      .replace("wordOrder: low-first", "wordOrder: high-first")
      .replace(/^identification:\n( {2}-.*\n)+/m, "")
      .replace(/^vectors:\n(( {2}.*)?\n)*/m, "");
    const file = join(folder, "turned.yaml");
    writeFileSync(file, turned);
    const { server } = await simulate(loadNamed(store, "idm/navigator-2.0"));
    const { output } = await run("probe", file, ...at(server.port), "--json");
    expect(JSON.parse(output).shown[0].order).toMatchObject({
      wordOrder: "low-first",
      byteOrder: "high-first",
    });
  });

  it("says that nobody answers, and ends with 1", async () => {
    const port = await freePort();
    const { output, status } = await run("probe", "idm/navigator-10", ...at(port));
    expect(output).toMatch(/silent .*ECONNREFUSED[\s\S]*no profile fits/);
    expect(status).toBe(1);
  });

  it("needs a host: it looks for nothing by itself", async () => {
    await expect(run("probe", ...at(99_999))).rejects.toMatchObject({
      code: "USAGE",
      message: "--port 99999: must be a number from 1 to 65535",
    });
    const french = [...at(1), "--language", "fr"];
    await expect(run("probe", ...french)).rejects.toMatchObject({ code: "USAGE" });
    await expect(run("probe")).rejects.toMatchObject({
      code: "commander.missingMandatoryOptionValue",
    });
  });
});

describe("heatpool profile record", () => {
  it("writes a recording that its profile passes", async () => {
    const { server } = await simulate(navigator10);
    const out = temporaryFolder();
    const args = ["--profile", "idm/navigator-10", "--out", out];
    const { output, status } = await run("record", ...at(server.port), ...args, "--json");
    expect(status).toBe(0);
    const { folder, registers } = JSON.parse(output);
    expect(folder).toBe(join(out, "idm/navigator-10"));
    expect(registers).toBeGreaterThan(50);
    const tested = await run("test", "idm/navigator-10", "--recordings", out, "--json");
    expect(JSON.parse(tested.output)).toMatchObject([{ isRight: true, recorded: registers }]);
    const expected = readFileSync(join(folder, "expected.yaml"), "utf8");
    expect(expected).toMatch(
      /# Heat pump flow temperature \(B33\), °C\n {2}- \{ register: temp_flow, address: 1050, value: [\d.]+ \}/,
    );
    await expect(run("record", ...at(server.port), ...args)).rejects.toMatchObject({
      code: "USAGE",
    });
  });

  it("leaves out texts and numbers of the device", async () => {
    const text = readFileSync(join(packagedProfiles(), "TEMPLATE.yaml"), "utf8").replace(
      "registers:\n",
      `registers:
  - { address: 70, encoding: string, words: 8, id: name_of_house, label: { de: Name, en: Name } }
  - { address: 80, encoding: uint32, id: number, label: { de: Seriennummer, en: Serial number } }
`,
    );
    const folder = temporaryFolder();
    const file = join(folder, "own.yaml");
    writeFileSync(file, text);
    const { server } = await simulate(loadNamed(store, file));
    await run("record", ...at(server.port), "--profile", file, "--out", folder);
    const written = ["registers.json", "expected.yaml"].map((name) =>
      readFileSync(join(folder, "brand/model", name), "utf8"),
    );
    expect(written[0]).toContain('"address":60');
    expect(written[0]).not.toMatch(/"address":(70|80)\b/);
    expect(written[1]).not.toMatch(/name_of_house|register: number/);
  });

  it("refuses to record another device than the profile describes", async () => {
    const { server } = await simulate(navigator10);
    const out = temporaryFolder();
    await expect(
      run("record", ...at(server.port), "--profile", "stiebel-eltron/wpm-isg", "--out", out),
    ).rejects.toMatchObject({ code: "PROFILE_MISMATCH" });
  });
});

describe("heatpool profile simulate", () => {
  it("serves until it is told to end", async () => {
    const ending = new AbortController();
    const clock = createSwiftClock();
    const { output } = await runProfileWith(
      { clock, ending: ending.signal, onOutput: () => setImmediate(() => ending.abort()) },
      ...["simulate", "idm/navigator-10", "--parameters", "circuit=a,b", "--speed", "60"],
    );
    const told = JSON.parse(output);
    expect(told).toMatchObject({ profile: "idm/navigator-10", host: "127.0.0.1", unitIds: [1] });
    expect(told.port).toBeGreaterThan(0);
  });

  it.each([
    [["--fault", "explode"], "USAGE"],
    [["--fault", "hole:99999"], "USAGE"],
    [["--fault", "slow:"], "USAGE"],
    [["--fault", "spike:nothing"], "USAGE"],
    [["--port", "1.5"], "USAGE"],
    [["--speed", "fast"], "USAGE"],
    [["--parameters", "circuit"], "USAGE"],
    [["--parameters", "circuit=z"], "CONFIG_INVALID"],
    [["--host", "256.1.1.1"], "USAGE"],
  ])("refuses %j", async (args, code) => {
    await expect(run("simulate", "idm/navigator-10", ...args)).rejects.toMatchObject({ code });
  });

  it("knows every fault it names", () => {
    for (const text of ["idle-close", "silent", "slow:50", "exception:1000", "hole:1"]) {
      expect(parseFault(text, navigator10).kind).toBe(text.split(":")[0]);
    }
    expect(parseFault("spike:temp_flow", navigator10)).toMatchObject({
      register: { id: "temp_flow" },
    });
  });
});
