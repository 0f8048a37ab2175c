/** What an owner takes away: whole or not there, never over something else, never two in one. */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeOwnData } from "../../../daemon/commands/own-data-file.js";
import { temporaryFolder } from "../../support/folder.js";

const WHOLE = ['{"kind":"installation"}\n', '{"kind":"end"}\n'];
const never = new AbortController().signal;

async function* pieces(texts: readonly string[], between = () => {}) {
  for (const text of texts) {
    yield Buffer.from(text);
    between();
  }
}

function open() {
  const path = join(temporaryFolder(), "meine Daten.ndjson");
  const write = (texts = WHOLE, signal = never, between?: () => void) =>
    writeOwnData(path, pieces(texts, between), signal);
  return { path, draft: `${path}.part`, write };
}

describe("the file of an export", () => {
  it("is for its owner alone, and says whether the backend was asked", async () => {
    const { path, write } = open();
    expect(await write()).toBe(true);
    expect([readFileSync(path, "utf8"), statSync(path).mode & 0o777]).toEqual([
      WHOLE.join(""),
      0o600,
    ]);
    const away = [WHOLE[0] ?? "", '{"kind":"backend","status":"away"}\n', WHOLE[1] ?? ""];
    expect(await open().write(away)).toBe(false);
  });

  it("names what cannot be written, and what helps", async () => {
    const none = join(temporaryFolder(), "none/x.ndjson");
    await expect(writeOwnData(none, pieces(WHOLE), never)).rejects.toMatchObject({
      code: "STATE_INVALID",
      message: expect.stringMatching(/none\/x\.ndjson cannot be written: ENOENT/),
      hint: expect.stringContaining("--out"),
    });
  });

  it("is left to the one that writes it", async () => {
    const { path, draft, write } = open();
    writeFileSync(draft, "half of another");
    await expect(write()).rejects.toMatchObject({
      code: "STATE_INVALID",
      hint: expect.stringContaining("remove that file"),
    });
    expect(readFileSync(draft, "utf8")).toBe("half of another");
    expect(existsSync(path)).toBe(false);
  });

  it("is not there when it was ended, or is not whole", async () => {
    const { path, draft, write } = open();
    const ending = new AbortController();
    await expect(write(WHOLE, ending.signal, () => ending.abort())).rejects.toMatchObject({
      code: "INTERRUPTED",
      exitStatus: 130,
    });
    await expect(write([WHOLE[0] ?? ""])).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect([existsSync(path), existsSync(draft)]).toEqual([false, false]);
  });
});
