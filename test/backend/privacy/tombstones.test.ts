/** Who was erased must not come back, and the list of the erased must not name them. */
import { appendFileSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openTombstones } from "../../../backend/privacy/tombstones.js";
import { createChance } from "../../support/chance.js";
import { filesHold, spellings } from "../../support/file-bytes.js";
import { temporaryFolder } from "../../support/folder.js";
import { installationId } from "../../support/pool-bed.js";

const [A, B, C] = [1, 2, 3].map(installationId) as [string, string, string];

describe("tombstones", () => {
  it("are known after a restart, for the owner's eyes, and name nobody", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "state/tombstones");
    const stones = openTombstones(path, createChance(1));
    expect(stones.has(A)).toBe(false);
    await stones.add(A);
    await stones.add(A);
    await stones.add(B);
    const again = openTombstones(path, createChance(2));
    expect([A, B, C].map(again.has)).toEqual([true, true, false]);
    expect(again.count).toBe(2);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(spellings(A).filter((one) => filesHold(folder, one))).toEqual([]);
  });

  it("bear an end in the middle of a line", async () => {
    const path = join(temporaryFolder(), "tombstones");
    const stones = openTombstones(path, createChance(1));
    await stones.add(A);
    await stones.add(B);
    truncateSync(path, readFileSync(path).length - 9);
    const again = openTombstones(path, createChance(2));
    expect([A, B].map(again.has)).toEqual([true, false]);
    await again.add(C);
    const last = openTombstones(path, createChance(3));
    expect([A, B, C].map(last.has)).toEqual([true, false, true]);
  });

  it("are not made anew over a file of something else", () => {
    const path = join(temporaryFolder(), "tombstones");
    writeFileSync(path, "");
    appendFileSync(path, "not a key\n");
    expect(() => openTombstones(path, createChance(1))).toThrow(
      expect.objectContaining({ code: "STATE_INVALID" }),
    );
  });
});
