/** Claim tokens: whoever holds one may send, so none may be guessed, kept in clear, or forgotten. */
import { readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createClaimToken, openClaimTokens } from "../../../backend/enrolment/claim-tokens.js";
import { createChance } from "../../support/chance.js";
import { createFakeClock } from "../../support/fake-clock.js";
import { temporaryFolder } from "../../support/folder.js";

const chance = createChance(5);
const newFile = () => join(temporaryFolder(), "claim-tokens");

describe("claim tokens", () => {
  it("are known to the backend that made them, and no others are", async () => {
    const file = newFile();
    const [first, second] = [
      await createClaimToken(file, "garage", chance),
      await createClaimToken(file, "attic\nroof", chance),
    ];
    const tokens = openClaimTokens(file, createFakeClock());
    expect(tokens.count).toBe(2);
    expect(first).toMatch(/^hpct_[\w-]{43}$/);
    for (const token of [first, second]) expect(tokens.isKnown(token)).toBe(true);
    for (const other of ["", "hpct_", first.slice(0, -1), `${first} `, first.toUpperCase()]) {
      expect(tokens.isKnown(other)).toBe(false);
    }
  });

  it("are nowhere in the file, which only its owner reads", async () => {
    const file = newFile();
    const token = await createClaimToken(file, "garage", chance);
    const text = readFileSync(file, "utf8");
    expect(text).not.toContain(token);
    expect(text).toMatch(/^[0-9a-f]{64} garage\n$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("that are made or taken out while the backend runs count within a second", async () => {
    const file = newFile();
    const clock = createFakeClock();
    const first = await createClaimToken(file, "", chance);
    const tokens = openClaimTokens(file, clock);
    const second = await createClaimToken(file, "", chance);
    utimesSync(file, 1, 1);
    await clock.advance(1_000);
    expect(tokens.isKnown(second)).toBe(true);
    writeFileSync(file, readFileSync(file, "utf8").split("\n").slice(1).join("\n"));
    utimesSync(file, 2, 2);
    await clock.advance(1_000);
    expect(tokens.isKnown(first)).toBe(false);
    expect(tokens.isKnown(second)).toBe(true);
  });

  it("stay as they are while their file is broken", async () => {
    const file = newFile();
    const clock = createFakeClock();
    const token = await createClaimToken(file, "", chance);
    const tokens = openClaimTokens(file, clock);
    writeFileSync(file, "half a li");
    utimesSync(file, 1, 1);
    await clock.advance(1_000);
    expect(tokens.isKnown(token)).toBe(true);
  });

  it("are not read from a file that holds something else, a token for instance", async () => {
    const file = newFile();
    writeFileSync(file, "# made by hand\nhpct_secret\n");
    const invalid = expect.objectContaining({ code: "STATE_INVALID" });
    expect(() => openClaimTokens(file, createFakeClock())).toThrow(invalid);
    await expect(createClaimToken(file, "", chance)).rejects.toEqual(invalid);
    expect(() => openClaimTokens(newFile(), createFakeClock())).toThrow(invalid);
  });
});
