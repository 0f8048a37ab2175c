/** What is remembered of models: highest releases never fall, pointer and grant belong together. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openStateFile } from "../../../daemon/host/state-file.js";
import { type InstalledModel, openModelBook } from "../../../daemon/model/model-book.js";
import { temporaryFolder } from "../../support/folder.js";

function model(release: number): InstalledModel {
  return {
    target: {
      modelId: "m",
      release,
      length: 1,
      sha256: "",
      plainSha256: "",
      plainLen: 1,
      heatpumpModels: ["A"],
      minDaemon: "1.0.0",
      revoked: false,
    },
    grant: "",
    grantedUntilS: 1,
    installedAtMs: 1,
  };
}

describe("the model book", () => {
  it("remembers over a restart, and never forgets a higher number", () => {
    const file = openStateFile(join(temporaryFolder(), "models.json"));
    const book = openModelBook(file);
    book.install("m", model(3), 10);
    book.install("m", model(2), 9);
    book.refuse("signature");
    expect(book.memory).toMatchObject({ seq: 10, highest: { m: 3 }, refused: { signature: 1 } });
    const again = openModelBook(file).memory;
    expect(again).toMatchObject({ seq: 10, highest: { m: 3 } });
    expect(again.installed).toMatchObject({ m: { target: { release: 2 } } });
  });

  it("forgets models and grants when the owner withdraws, and keeps every number", () => {
    const file = openStateFile(join(temporaryFolder(), "models.json"));
    const book = openModelBook(file);
    book.wipe();
    expect(file.read()).toBeUndefined();
    book.install("m", { ...model(3), grant: "a grant" }, 10);
    book.wipe();
    expect(file.read()).not.toContain("a grant");
    const after = { seq: 10, highest: { m: 3 }, installed: {} };
    expect([book.memory, openModelBook(file).memory]).toMatchObject([after, after]);
  });

  it("does not go on with a file that is damaged: a lost number could be used again", () => {
    const file = openStateFile(join(temporaryFolder(), "models.json"));
    for (const text of ["", "{", "null", '{"format":2}', '{"format":1,"seq":"7"}']) {
      file.write(text);
      expect(() => openModelBook(file), text).toThrow(
        expect.objectContaining({ code: "STATE_INVALID" }),
      );
    }
  });
});
