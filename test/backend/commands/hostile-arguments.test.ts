/**
 * Commands of the operator with files that are missing, folders, or something else: told with the
 * file's name, never by a bare errno, and nothing half written is left.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import { type Ceremony, holdCeremony } from "../../support/ceremony.js";
import { temporaryFolder } from "../../support/folder.js";
import { DAY_MS, START_MS } from "../../support/tuf-repository.js";

/** What stands where a file is expected. */
const BAD = [
  "missing",
  "folder",
  "below-file/x",
  "empty",
  "pem",
  "json",
  "list",
  "bytes",
  "other.pub",
];
const UNREADABLE = ["missing", "folder", "below-file/x"];
/** What stands where a file or folder is to be made. */
const UNWRITABLE = ["folder", "below-file/x"];

let ceremony: Ceremony;
let folder = "";
beforeAll(async () => {
  folder = temporaryFolder();
  const other = temporaryFolder();
  ceremony = await holdCeremony(folder);
  const { at, run, config } = ceremony;
  await run("ca", "init", "-c", config, "--json");
  await run("keys", "export", "-c", config, "--out", at("carry"));
  const strangers = await holdCeremony(other, "", START_MS + DAY_MS);
  await strangers.run("keys", "export", "-c", strangers.config, "--out", join(other, "carry"));
  cpSync(join(other, "carry"), at("others"), { recursive: true });
  await strangers.add("targets", "other");
  for (const name of ["other.pub", "other.key"]) cpSync(join(other, name), at(name));
  mkdirSync(at("folder"));
  writeFileSync(at("folder/kept"), "kept");
  writeFileSync(at("below-file"), "");
  writeFileSync(at("empty"), "");
  writeFileSync(at("pem"), readFileSync(at("state/tls/ca.crt")));
  writeFileSync(at("json"), '{"signed":{"_type":"root"},"_type":"root"}');
  writeFileSync(at("list"), "[null,7,{}]");
  writeFileSync(at("bytes"), Buffer.from([0xff, 0xfe, 0, 1, 2]));
  writeFileSync(at("model"), "7");
}, 120_000);

/** Every file below the folder with its bytes. */
function contents(): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  return new Map(
    files
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path, readFileSync(path, "base64")]),
  );
}

/** The commands; `bad` is where the wrong file stands, `new` where one is made. */
function commandsWith(bad: string, fresh: string): string[][] {
  const { at, config } = ceremony;
  const here = ["-c", config];
  const [root, targets, key] = [
    at("carry/root.json"),
    at("carry/targets.json"),
    at("targets-1.key"),
  ];
  const signing = ["keys", "sign-targets", "--out", fresh];
  return [
    ["keys", "import", ...here, bad],
    ["keys", "import", ...here, root, bad],
    ["keys", "root", "--from", bad, "--out", fresh],
    ["keys", "root", "--public", bad, "--out", fresh],
    ["keys", "sign", bad, "--key", key],
    ["keys", "sign", targets, "--key", bad],
    ["keys", "sign", targets, "--key", key, "--root", bad],
    ["keys", "merge", bad, targets, "--out", fresh],
    ["keys", "merge", targets, "--root", bad, "--out", fresh],
    [...signing, "--root", bad, "--key", key],
    [...signing, "--root", root, "--key", bad],
    [...signing, "--root", root, "--key", key, "--from", bad],
    [...signing, "--root", root, "--key", key, "--add", bad],
    ["ca", "rotate", ...here, "--root-key", bad],
    ["ca", "issue", ...here, "--dir", bad, "--out", fresh],
    ["ca", "show", ...here, bad],
  ];
}

describe("a file that is not what it should be", () => {
  it.each(BAD)("is refused by every command that reads it: %s", async (bad) => {
    const { at, run } = ceremony;
    const before = contents();
    for (const words of commandsWith(at(bad), at("fresh"))) {
      const fault = await run(...words).then(
        () => "went through",
        (error: unknown) => error,
      );
      const line = words.join(" ").replaceAll(folder, "");
      expect(fault, line).toBeInstanceOf(HeatpoolError);
    }
    expect([...contents().keys()].filter((path) => !before.has(path))).toEqual([]);
    expect(contents()).toEqual(before);
  });

  it("is refused where it is of another ceremony, by what signs, merges or publishes", async () => {
    const { at, run, config } = ceremony;
    const before = contents();
    const [root, targets] = [at("carry/root.json"), at("carry/targets.json")];
    const [theirRoot, theirTargets] = [at("others/root.json"), at("others/targets.json")];
    const signing = ["keys", "sign-targets", "--root", root, "--out", at("fresh")];
    for (const words of [
      ["keys", "import", "-c", config, theirRoot],
      ["keys", "import", "-c", config, theirTargets],
      ["keys", "import", "-c", config, theirRoot, theirTargets],
      ["keys", "sign", targets, "--root", root, "--key", at("other.key")],
      ["keys", "merge", targets, theirTargets, "--out", at("fresh")],
      [...signing, "--key", at("other.key")],
      [...signing, "--key", at("root-1.key")],
      ["ca", "rotate", "-c", config, "--root-key", at("state/tls/ca.key")],
    ]) {
      const fault = await run(...words).then(
        () => "went through",
        (error: unknown) => error,
      );
      expect(fault, words.join(" ").replaceAll(folder, "")).toBeInstanceOf(HeatpoolError);
    }
    expect(contents()).toEqual(before);
  });

  it.each(UNREADABLE)("is no configuration, passphrase or model: %s", async (bad) => {
    const { at, run, config } = ceremony;
    const before = contents();
    const add = ["keys", "add", "root", "--dir", folder, "--name", "fresh"];
    for (const words of [
      ["status", "-c", at(bad)],
      ["publish", at(bad), "-c", config, "--model", "a", "--for", "*", "--schema", "anomaly/1"],
      [...add, "--passphrase-file", at(bad)],
    ]) {
      const fault = await run(...words).then(String, (error: unknown) => error);
      expect(fault, words.join(" ")).toBeInstanceOf(HeatpoolError);
    }
    expect(contents()).toEqual(before);
  });

  it("and words that no catalogue may list leave no release behind", async () => {
    const { at, run, config } = ceremony;
    const before = contents();
    const publish = ["publish", at("model"), "-c", config];
    for (const [model, whom, schema] of [
      ["../x", "*", "s/1"],
      ["a", "", "s/1"],
      ["a", "ä".repeat(129), "s/1"],
      ["a", "*", "with space"],
    ] as const) {
      const words = [...publish, "--model", model, "--for", whom, "--schema", schema];
      const fault = await run(...words).then(String, (error: unknown) => error);
      expect(fault, words.join(" ")).toBeInstanceOf(HeatpoolError);
    }
    expect(contents()).toEqual(before);
  });

  it("as the address of a backend is told as that, and a backup into nowhere by its file", async () => {
    const { at, run, config } = ceremony;
    const codeOf = (...words: string[]) =>
      run(...words, "-c", config).then(String, (error: unknown) => (error as HeatpoolError).code);
    for (const target of ["", "rubbish", "http://x", "[::1", "unix:"]) {
      expect(await codeOf("status", "--admin", target), target).toBe("USAGE");
    }
    const gone = ["--admin", "127.0.0.1:1"];
    expect(await codeOf("backup", "--out", at("below-file/x"), ...gone)).toBe("STATE_INVALID");
    expect(await codeOf("status", ...gone)).toBe("UNAVAILABLE");
  });

  it.each(UNWRITABLE)("is not written over, and no half of it is left: %s", async (bad) => {
    const { at, run, config } = ceremony;
    const before = contents();
    const [root, targets, key] = ["carry/root.json", "carry/targets.json", "targets-1.key"].map(at);
    const here = ["-c", config];
    const faults: Record<string, unknown> = {};
    for (const words of [
      ["keys", "root", "--from", root, "--out"],
      ["keys", "merge", targets, "--out"],
      ["keys", "sign-targets", "--root", root, "--key", key, "--from", targets, "--out"],
      ["keys", "rotate", "snapshot", ...here, "--out"],
      ["keys", "init", ...here, "--out"],
      ["ca", "issue", ...here, "--out"],
      ["keys", "export", ...here, "--out"],
    ]) {
      // A folder is where a folder may be made.
      if (bad === "folder" && /issue|export/.test(words.join(" "))) continue;
      const given = [...words, at(bad)] as string[];
      faults[words.slice(0, 2).join(" ")] = await run(...given).then(
        () => "went through",
        (error: unknown) => (error instanceof HeatpoolError ? error.code : error),
      );
    }
    expect(Object.keys(faults).length).toBeGreaterThan(4);
    expect(new Set(Object.values(faults))).toEqual(new Set(["STATE_INVALID"]));
    expect([...contents().keys()].filter((path) => !before.has(path))).toEqual([]);
    expect(contents()).toEqual(before);
  });
});
