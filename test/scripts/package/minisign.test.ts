/** What is handed out is signed, and one changed byte shows. */
import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findFaults } from "../../../scripts/package/artefacts.mjs";
import {
  faultOf,
  publicKeyOf,
  readPublicKey,
  signFile,
  writePublicKey,
} from "../../../scripts/package/minisign.mjs";
import { temporaryFolder } from "../../support/folder.js";

const { privateKey } = generateKeyPairSync("ed25519");
const key = publicKeyOf(privateKey);
const content = Buffer.from("what an owner installs");
const isMissing = spawnSync("minisign", ["-v"]).error !== undefined;
const NAME = "heatpool_1.0.0.tgz";

describe("a signature", () => {
  const text = signFile(content, privateKey, NAME);

  it("holds for its file, its name and its key alone", () => {
    expect(faultOf(content, text, key, NAME)).toBeUndefined();
    expect(faultOf(Buffer.from("another"), text, key, NAME)).toBe("changed since it was signed");
    expect(faultOf(content, text, key, "other.tgz")).toBe("signed under another name");
    const other = publicKeyOf(generateKeyPairSync("ed25519").privateKey);
    expect(faultOf(content, text, other, NAME)).toBe("signed by another key");
    expect(faultOf(content, "", key, NAME)).toBe("no signature");
  });

  it("shows when anything that is signed was changed", () => {
    const lines = text.split("\n");
    const withLine = (place: number, line: string) => lines.with(place, line).join("\n");
    for (const place of [1, 3]) {
      const bytes = Buffer.from(lines[place] ?? "", "base64");
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes);
        changed.writeUInt8((changed[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3);
        const altered = withLine(place, changed.toString("base64"));
        expect(faultOf(content, altered, key, NAME), `line ${place}, bit ${bit}`).toBeDefined();
      }
    }
    const other = "heatpool_9.9.9.tgz";
    const renamed = withLine(2, `trusted comment: ${other}`);
    expect(faultOf(content, renamed, key, other)).toBe("its comment was changed");
  });

  it("has a public key that is read back", () => {
    expect(readPublicKey(writePublicKey(key))).toEqual(key);
    expect(() => readPublicKey("untrusted comment: x\nAAAA\n")).toThrow("no public key");
  });

  it.skipIf(isMissing)("is taken by minisign (needs minisign)", () => {
    const folder = temporaryFolder();
    const file = join(folder, NAME);
    writeFileSync(file, content);
    writeFileSync(`${file}.minisig`, text);
    writeFileSync(join(folder, "key.pub"), writePublicKey(key));
    const run = spawnSync("minisign", ["-Vm", file, "-p", join(folder, "key.pub")]);
    expect(run.status).toBe(0);
  });
});

describe("what is handed out", () => {
  function folderWith(...names: string[]): string {
    const folder = join(temporaryFolder(), "out");
    mkdirSync(folder);
    for (const name of names) {
      writeFileSync(join(folder, name), name);
      writeFileSync(join(folder, `${name}.minisig`), signFile(Buffer.from(name), privateKey, name));
    }
    return folder;
  }

  it("is refused where one file is unsigned or changed, or nothing is there", () => {
    const folder = folderWith("a.tgz", "a.cdx.json");
    expect(findFaults(folder, key)).toEqual([]);
    writeFileSync(join(folder, "a.tgz"), "another");
    rmSync(join(folder, "a.cdx.json.minisig"));
    expect(findFaults(folder, key)).toEqual([
      "a.cdx.json: not signed",
      "a.tgz: changed since it was signed",
    ]);
    expect(findFaults(folderWith(), key)).toEqual([expect.stringContaining("nothing to hand out")]);
  });

  it("is signed and verified by commands", () => {
    const folder = folderWith("b.tgz");
    rmSync(join(folder, "b.tgz.minisig"));
    const pem = join(temporaryFolder(), "release.pem");
    writeFileSync(pem, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    const run = (...words: string[]) =>
      spawnSync(process.execPath, ["scripts/package/artefacts.mjs", ...words, folder], {
        encoding: "utf8",
      });
    const verify = () => run("verify", "--public", join(folder, "heatpool.pub"));
    expect(run("sign", "--key", pem)).toMatchObject({ status: 0, stderr: "" });
    expect(verify()).toMatchObject({ status: 0, stderr: "" });
    const signed = readFileSync(join(folder, "b.tgz.minisig"), "utf8");
    writeFileSync(join(folder, "b.tgz.minisig"), signed.replace(/.$/m, "!"));
    writeFileSync(join(folder, "b.tgz"), "another");
    expect(verify()).toMatchObject({ status: 1, stderr: expect.stringContaining("b.tgz: ") });
    expect(run("guess")).toMatchObject({ status: 64 });
  });
});
