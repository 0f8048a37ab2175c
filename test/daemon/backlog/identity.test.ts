/** The backlog's identity file decides which loss numbers are free: a changed digit must not count. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NO_IDENTITY, readIdentity, writeIdentity } from "../../../daemon/backlog/identity.js";
import { readChecked, writeChecked } from "../../../daemon/backlog/state-file.js";
import { temporaryFolder } from "../../support/folder.js";

const IDENTITY = {
  hasDatabase: true,
  waiting: 41,
  lossNumberMin: 1_700,
  clean: {
    epochId: "11111111-1111-4111-8111-111111111111",
    lastSealed: 12,
    recorded: 900,
    waiting: 41,
    lossNumberMin: 1_700,
  },
};

describe("the identity file", () => {
  it("comes back as it was written", async () => {
    const path = join(temporaryFolder(), "identity.json");
    await writeIdentity(path, IDENTITY);
    expect(await readIdentity(path)).toEqual(IDENTITY);
  });

  it("with any bit changed says nothing but that there is a database", async () => {
    const path = join(temporaryFolder(), "identity.json");
    await writeIdentity(path, IDENTITY);
    const sound = readFileSync(path);
    for (let bit = 0; bit < sound.length * 8; bit++) {
      const changed = Buffer.from(sound);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      writeFileSync(path, changed);
      expect(await readIdentity(path)).toEqual({ ...NO_IDENTITY, hasDatabase: true });
    }
  });

  it("cut anywhere says nothing but that there is a database", async () => {
    const path = join(temporaryFolder(), "identity.json");
    await writeIdentity(path, IDENTITY);
    const sound = readFileSync(path);
    for (let length = 0; length < sound.length; length++) {
      writeFileSync(path, sound.subarray(0, length));
      expect(await readIdentity(path)).toEqual({ ...NO_IDENTITY, hasDatabase: true });
    }
  });
});

describe("a checked file", () => {
  it("that is not there is no damage", async () => {
    expect(await readChecked(join(temporaryFolder(), "none"))).toBeUndefined();
  });

  it("that somebody wrote by hand is damaged", async () => {
    const path = join(temporaryFolder(), "wiping");
    writeFileSync(path, "17");
    expect(await readChecked(path)).toBe("damaged");
    await writeChecked(path, "17");
    expect(await readChecked(path)).toEqual({ text: "17" });
  });
});
