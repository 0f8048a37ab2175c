/**
 * The key ceremony: every command of the operator's guide works, every role's key can be replaced
 * without a daemon losing trust, and what a daemon would refuse is never published.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createCatalogue } from "../../../backend/catalogue/create-catalogue.js";
import { openOnlineKeys } from "../../../backend/catalogue/online-keys.js";
import { readStoreKey } from "../../../backend/host/store-key.js";
import { writeBackendConfig } from "../../support/backend-process.js";
import { createBackendProgram } from "../../support/backend-program.js";
import { type Ceremony, holdCeremony } from "../../support/ceremony.js";
import { createChance } from "../../support/chance.js";
import { temporaryFolder } from "../../support/folder.js";
import { aRelease, DAY_MS } from "../../support/tuf-repository.js";

/** Passphrases are made slow to guess, and a machine may do other things as well. */
const PATIENCE_MS = 180_000;
const signal = new AbortController().signal;

/** The room behind the commands, as the running backend has it. */
function catalogueOf({ at, catalogueDir, clock }: Ceremony, autoSign = false) {
  const storeKey = readStoreKey(at("state/store-key"));
  const keys = openOnlineKeys(join(catalogueDir, "keys"), storeKey, createChance(5));
  return createCatalogue({ folder: catalogueDir, keys, clock, autoSign });
}

describe("the operator's guide", () => {
  it(
    "has commands that work as they stand there",
    async () => {
      const folder = temporaryFolder();
      const config = writeBackendConfig(folder);
      const passphrase = join(folder, "passphrase");
      writeFileSync(passphrase, "correct horse battery staple\n");
      const program = createBackendProgram();
      const commands = guideCommands();
      expect(commands.length).toBeGreaterThan(15);
      for (const command of commands) {
        // One wrapped key is enough to see: each opening takes a third of a second and 128 MiB.
        const isAdding = command.includes("keys add");
        const wrapped = command.includes("root-1.key") || command.includes("--name root-1 ");
        const words = command
          .replaceAll("/etc/heatpool/backend.yaml", config)
          .replace(/ --passphrase-file \S+/, (given) => {
            if (wrapped) return given.replace("/dev/stdin", passphrase);
            return isAdding ? " --plain" : "";
          })
          .replaceAll("/media/", `${folder}/`)
          .split(" ");
        await program.run(...words.slice(1));
      }
      const state = await program.ask("keys", "show", "-c", config);
      expect(state.roles).toMatchObject({ root: { version: 2 }, targets: { version: 2 } });
      expect(readFileSync(join(folder, "vault/root-1.key"), "utf8")).toContain('"salt"');
    },
    PATIENCE_MS,
  );
});

describe("replacing a key", () => {
  it.each(["snapshot", "timestamp", "director"])(
    "%s: daemons follow, the old one is gone",
    async (role) => {
      const here = await holdCeremony(temporaryFolder());
      const daemon = await here.daemon();
      expect(await daemon.refresh(signal)).toEqual({ outcome: "fresh" });
      const keysDir = join(here.catalogueDir, "keys");
      const before = readdirSync(keysDir).filter((name) => name.startsWith(role));
      const made = await here.ask(
        "keys",
        "rotate",
        role,
        "-c",
        here.config,
        "--out",
        here.at("new"),
      );
      expect(made.replaces).toHaveLength(1);
      const changes = ["--public", here.at("new"), "--remove", made.replaces[0]];
      await here.nextRoot(changes, ["root-1", "root-3"]);
      const after = readdirSync(keysDir).filter((name) => name.startsWith(role));
      expect(after).toEqual([`${role}-${made.keyId}.sealed`]);
      expect(after).not.toEqual(before);
      expect(await daemon.refresh(signal)).toEqual({ outcome: "fresh" });
      expect(daemon.state()).toMatchObject({ rootVersion: 2, freshness: "FRESH" });
      const { keyId } = await catalogueOf(here).signAsDirector(Buffer.from("grant"));
      expect(Object.keys(daemon.trusted()?.directorKeys.keys ?? {})).toEqual([keyId]);
    },
  );

  it("targets: the new root comes with targets that the new key signed, or not at all", async () => {
    const here = await holdCeremony(temporaryFolder());
    const daemon = await here.daemon();
    await daemon.refresh(signal);
    const [old] = (await here.ask("keys", "show", "-c", here.config)).roles.targets.keyIds;
    const changes = ["--public", await here.add("targets", "targets-2"), "--remove", old];
    await expect(here.nextRoot(changes, ["root-1", "root-2"])).rejects.toMatchObject({
      code: "CATALOGUE_REFUSED",
      hint: /import both together/,
    });
    const root = here.at("carry/next.root.json");
    const what = ["--root", root, "--from", here.at("carry/targets.json")];
    const out = here.at("carry/new.targets.json");
    const key = here.at("targets-2.key");
    await here.run("keys", "sign-targets", ...what, "--key", key, "--out", out);
    await here.run("keys", "import", "-c", here.config, root, out);
    expect(await daemon.refresh(signal)).toEqual({ outcome: "fresh" });
    expect(daemon.state()).toMatchObject({ rootVersion: 2, targetsVersion: 2 });
  });

  it("root: the old and the new threshold sign", async () => {
    const here = await holdCeremony(temporaryFolder());
    const daemon = await here.daemon();
    const [lost] = (await here.ask("keys", "show", "-c", here.config)).roles.root.keyIds;
    const changes = ["--public", await here.add("root", "root-4"), "--remove", lost];
    await expect(here.nextRoot(changes, ["root-4", "root-3"])).rejects.toMatchObject({
      code: "CATALOGUE_REFUSED",
    });
    await here.nextRoot(changes, ["root-2", "root-3"]);
    await here.nextRoot([], ["root-4", "root-2"]);
    expect(await daemon.refresh(signal)).toEqual({ outcome: "fresh" });
    expect(daemon.state().rootVersion).toBe(3);
  });
});

describe("releases", () => {
  it("wait for the workstation, are published by it, and revoked for good", async () => {
    const here = await holdCeremony(temporaryFolder());
    const daemon = await here.daemon();
    const release = aRelease();
    expect(await catalogueOf(here).propose(release)).toBe("waiting");
    await daemon.refresh(signal);
    expect(daemon.trusted()?.at(release.path)).toBeUndefined();
    const added = await here.nextTargets("targets-1", ["--add", here.at("carry/proposed.json")]);
    await here.run("keys", "import", "-c", here.config, added);
    await daemon.refresh(signal);
    expect(daemon.trusted()?.at(release.path)).toEqual(release);
    expect((await here.ask("keys", "show", "-c", here.config)).proposed).toEqual([]);
    const revoked = await here.nextTargets("targets-1", ["--revoke", release.path]);
    await here.run("keys", "import", "-c", here.config, revoked);
    await daemon.refresh(signal);
    expect(daemon.trusted()?.find({ modelId: release.modelId })).toBeUndefined();
    expect(daemon.trusted()?.at(release.path)?.revoked).toBe(true);
  });

  it("never get other bytes", async () => {
    const here = await holdCeremony(temporaryFolder());
    const catalogue = catalogueOf(here);
    await catalogue.propose(aRelease());
    const added = await here.nextTargets("targets-1", ["--add", here.at("carry/proposed.json")]);
    await here.run("keys", "import", "-c", here.config, added);
    await expect(catalogue.propose(aRelease({ sha256: "0".repeat(64) }))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });

  it("publish themselves with catalogue.autoSign, which is said plainly", async () => {
    const here = await holdCeremony(temporaryFolder(), "catalogue: { autoSign: true }");
    const state = await here.ask("keys", "show", "-c", here.config);
    expect(state.warnings.join()).toMatch(/autoSign.*any model to every daemon/);
    const catalogue = catalogueOf(here, true);
    expect(await catalogue.propose(aRelease())).toBe("published");
    const daemon = await here.daemon();
    expect(await daemon.refresh(signal)).toEqual({ outcome: "fresh" });
    expect(daemon.trusted()?.find({ heatpumpModel: "AERO_SLM" })).toEqual(aRelease());
  });
});

describe("importing", () => {
  it("refuses a root with one signature, and publishes nothing of it", async () => {
    const here = await holdCeremony(temporaryFolder());
    const before = readdirSync(join(here.catalogueDir, "metadata")).sort();
    await expect(here.nextRoot([], ["root-1"])).rejects.toMatchObject({
      code: "CATALOGUE_REFUSED",
      message: /1 of 2/,
    });
    expect(readdirSync(join(here.catalogueDir, "metadata")).sort()).toEqual(before);
  });

  it("refuses a root that would take the backend's own keys away", async () => {
    const here = await holdCeremony(temporaryFolder());
    const { keyIds } = (await here.ask("keys", "show", "-c", here.config)).roles.timestamp;
    const other = createBackendProgram();
    const folder = temporaryFolder();
    const foreign = join(folder, "foreign.pub");
    // Another backend's keys: drawn later, so that they are others.
    await other.run("keys", "add", "root", "--dir", folder, "--name", "skip", "--plain");
    await other.run("keys", "init", "-c", writeBackendConfig(folder), "--out", foreign);
    const list = JSON.parse(readFileSync(foreign, "utf8"));
    const one = list.find((entry: { role: string }) => entry.role === "timestamp");
    writeFileSync(foreign, JSON.stringify(one));
    const changes = ["--public", foreign, "--remove", keyIds[0]];
    await expect(here.nextRoot(changes, ["root-1", "root-2"])).rejects.toMatchObject({
      message: /lists no timestamp key of this backend/,
    });
  });

  it("refuses the same root twice and targets of a stranger", async () => {
    const here = await holdCeremony(temporaryFolder());
    const again = await here.fail("keys", "import", "-c", here.config, here.at("1.root.json"));
    expect(again.message).toMatch(/version 1 came, 2 is next/);
    await here.add("targets", "stranger");
    await expect(here.nextTargets("stranger")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

describe("signing by two people", () => {
  it("brings the signatures of two copies together, and refuses copies of two drafts", async () => {
    const here = await holdCeremony(temporaryFolder());
    const { at, run } = here;
    await run("keys", "export", "-c", here.config, "--out", at("carry"));
    const from = at("carry/root.json");
    for (const [name, key] of [
      ["a", "root-2"],
      ["b", "root-3"],
    ]) {
      await run("keys", "root", "--from", from, "--out", at(`${name}.json`));
      await run("keys", "sign", at(`${name}.json`), "--root", from, "--key", at(`${key}.key`));
    }
    const merging = ["keys", "merge", at("a.json"), at("b.json"), "--out", at("ab.json")];
    const merged = await here.ask(...merging, "--root", from);
    expect(merged.progress).toEqual([
      { by: "root 2", good: 2, threshold: 2 },
      { by: "root 1", good: 2, threshold: 2 },
    ]);
    await run("keys", "import", "-c", here.config, at("ab.json"));
    await run("keys", "root", "--from", from, "--days", "10", "--out", at("b.json"));
    expect((await here.fail(...merging)).code).toBe("INVALID_ARGUMENT");
  });
});

describe("signing again", () => {
  it(
    "happens every twelve hours, with new versions, and before anything expires",
    async () => {
      const here = await holdCeremony(temporaryFolder());
      const catalogue = catalogueOf(here);
      const daemon = await here.daemon();
      await daemon.refresh(signal);
      expect(await catalogue.resign()).toBe(false);
      await here.clock.advance(DAY_MS / 2);
      expect(await catalogue.resign()).toBe(true);
      expect(await catalogue.resign()).toBe(false);
      const { roles } = await catalogue.state();
      expect(roles).toMatchObject({ snapshot: { version: 2 }, timestamp: { version: 2 } });
      for (let half = 0; half < 60; half += 1) {
        await here.clock.advance(DAY_MS / 2);
        await catalogue.resign();
      }
      expect(await daemon.refresh(signal)).toEqual({ outcome: "fresh" });
      expect(readdirSync(join(here.catalogueDir, "metadata")).length).toBeLessThan(10);
    },
    PATIENCE_MS,
  );

  it("stops with the targets' date, long after a warning", async () => {
    const here = await holdCeremony(temporaryFolder());
    const catalogue = catalogueOf(here);
    await here.clock.advance(70 * DAY_MS);
    expect((await catalogue.state()).warnings.join()).toMatch(/targets expires in 20 days/);
    await here.clock.advance(21 * DAY_MS);
    await catalogue.resign();
    const daemon = await here.daemon();
    expect(await daemon.refresh(signal)).toMatchObject({ fault: { code: "CATALOGUE_REFUSED" } });
  });
});

describe("keys at rest", () => {
  it("are for their owner's eyes and never replaced", async () => {
    const here = await holdCeremony(temporaryFolder());
    const keys = readdirSync(join(here.catalogueDir, "keys"));
    expect(keys).toHaveLength(3);
    const secrets = [
      ...keys.map((name) => join(here.catalogueDir, "keys", name)),
      here.at("root-1.key"),
      here.at("state/store-key"),
    ];
    for (const secret of secrets) expect(statSync(secret).mode & 0o777).toBe(0o600);
    const adding = ["keys", "add", "root", "--dir", here.at("."), "--name", "root-1", "--plain"];
    expect((await here.fail(...adding)).code).toBe("STATE_INVALID");
  });

  it("on the backend open with the store key alone, each under its own name", async () => {
    const here = await holdCeremony(temporaryFolder());
    const folder = join(here.catalogueDir, "keys");
    const chance = createChance(1);
    const other = openOnlineKeys(folder, Buffer.alloc(32, 7), chance);
    await expect(other.all()).rejects.toMatchObject({ code: "STATE_INVALID" });
    const right = openOnlineKeys(folder, readStoreKey(here.at("state/store-key")), chance);
    expect((await right.all()).map(({ role }) => role)).toEqual([
      "director",
      "snapshot",
      "timestamp",
    ]);
    const [one, two] = readdirSync(folder);
    writeFileSync(join(folder, one ?? ""), readFileSync(join(folder, two ?? "")));
    await expect(right.all()).rejects.toMatchObject({ code: "STATE_INVALID" });
  });

  it(
    "with a passphrase do not open without it, nor with a bit changed",
    async () => {
      const folder = temporaryFolder();
      const program = createBackendProgram();
      const [right, wrong] = [join(folder, "right"), join(folder, "wrong")];
      writeFileSync(right, "a long enough passphrase");
      writeFileSync(wrong, "another long passphrase");
      const short = join(folder, "short");
      writeFileSync(short, "short");
      const add = (name: string, file: string) =>
        [
          "keys",
          "add",
          "root",
          "--dir",
          folder,
          "--name",
          name,
          "--passphrase-file",
          file,
        ] as const;
      await program.run(...add("root-1", right));
      expect((await program.fail(...add("root-2", short))).message).toMatch(/5 characters; 12/);
      for (const name of ["root-2", "root-3", "targets-1"]) {
        const role = name.split("-")[0] ?? "";
        await program.run("keys", "add", role, "--dir", folder, "--name", name, "--plain");
      }
      const online = join(folder, "online.pub");
      await program.run("keys", "init", "-c", writeBackendConfig(folder), "--out", online);
      const draft = join(folder, "draft.json");
      const pubs = ["root-1", "root-2", "root-3", "targets-1"].map((name) =>
        join(folder, `${name}.pub`),
      );
      await program.run("keys", "root", "--public", ...pubs, online, "--out", draft);
      const signing = ["keys", "sign", draft, "--key", join(folder, "root-1.key")];
      expect((await program.fail(...signing)).hint).toMatch(/--passphrase-file/);
      expect((await program.fail(...signing, "--passphrase-file", wrong)).message).toMatch(
        /not opened/,
      );
      const file = JSON.parse(readFileSync(join(folder, "root-1.key"), "utf8"));
      const sealed = Buffer.from(file.key, "base64");
      sealed[3] = (sealed[3] ?? 0) ^ 1;
      writeFileSync(
        join(folder, "root-1.key"),
        JSON.stringify({ ...file, key: sealed.toString("base64") }),
      );
      expect((await program.fail(...signing, "--passphrase-file", right)).message).toMatch(
        /not opened/,
      );
    },
    PATIENCE_MS,
  );
});

/** Every command of the section, one a line. */
function guideCommands(): string[] {
  const text = readFileSync(join(import.meta.dirname, "../../../docs/operations.md"), "utf8");
  const [section = ""] = text.split("\n## Keys and the catalogue")[1]?.split("\n## ") ?? [];
  const blocks = [...section.matchAll(/```sh\n(.*?)```/gs)].map(([, block]) => block ?? "");
  return blocks
    .flatMap((block) => block.split("\n"))
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
