/** The cache folder: only whole files have a name, nothing in it is trusted, backups leave it out. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { TrustedTarget } from "#core/envelope/grant-check.js";
import { openModelCache } from "../../../daemon/model/model-cache.js";
import { temporaryFolder } from "../../support/folder.js";

const file = Buffer.from("a sealed file of some length");
const target: TrustedTarget = {
  modelId: "aero-slm",
  release: 7,
  length: file.length,
  sha256: createHash("sha256").update(file).digest("hex"),
  plainSha256: "0".repeat(64),
  plainLen: 10,
  heatpumpModels: ["A"],
  minDaemon: "1.0.0",
  revoked: false,
};

function build() {
  const folder = join(temporaryFolder(), "cache");
  return { folder, cache: openModelCache(folder) };
}

describe("the model cache", () => {
  it("puts a file together from pieces, and names it when it is whole", () => {
    const { cache, folder } = build();
    expect(cache.missingFrom(target)).toBe(0);
    expect(cache.add(target, 0, file.subarray(0, 10))).toBe(true);
    expect(openModelCache(folder).missingFrom(target)).toBe(10);
    expect(cache.has(target)).toBe(false);
    expect(cache.add(target, 10, file.subarray(10))).toBe(true);
    cache.finish(target);
    expect(cache.has(target)).toBe(true);
    expect(Buffer.concat([...cache.pieces(target)])).toEqual(file);
  });

  it("drops what a piece does not continue, and takes no more than the file has", () => {
    const { cache } = build();
    cache.add(target, 0, file.subarray(0, 10));
    expect(cache.add(target, 11, file.subarray(11))).toBe(false);
    expect(cache.missingFrom(target)).toBe(0);
    expect(cache.add(target, 0, Buffer.concat([file, file]))).toBe(false);
  });

  it("does not know a file that somebody changed", () => {
    const { cache, folder } = build();
    cache.add(target, 0, file);
    cache.finish(target);
    const [name = ""] = readdirSync(folder).filter((one) => one.endsWith(".enc"));
    const changed = Buffer.from(file);
    changed.writeUInt8(0, 3);
    writeFileSync(join(folder, name), changed);
    expect(cache.has(target)).toBe(false);
  });

  it("is for its owner alone, and tells backups to leave it out", () => {
    const { cache, folder } = build();
    cache.add(target, 0, file);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(folder))
      expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600);
    const tag = readFileSync(join(folder, "CACHEDIR.TAG"), "utf8");
    expect(tag.startsWith("Signature: 8a477f597d28d172789f06886806bc55")).toBe(true);
  });

  it("keeps what it is told to keep, also what is on its way", () => {
    const { cache, folder } = build();
    const other = { ...target, release: 8 };
    cache.add(target, 0, file);
    cache.finish(target);
    cache.add(other, 0, file.subarray(0, 5));
    cache.keepOnly([other]);
    expect(cache.has(target)).toBe(false);
    expect(cache.missingFrom(other)).toBe(5);
    rmSync(folder, { recursive: true });
    cache.keepOnly([]);
    expect(existsSync(folder)).toBe(false);
    expect(cache.add(other, 0, file)).toBe(true);
  });
});
