/** Records hold 16 bytes, people read text: the same UUID both ways, and nothing else passes. */
import { describe, expect, it } from "vitest";
import { formatUuid, parseUuid } from "#core/uuid.js";

const TEXT = "0b1f7f9e-6f43-4c51-9d3c-0d7a0c1f2a3b";

describe("UUIDs", () => {
  it("are the same as text and as bytes", () => {
    const bytes = parseUuid(TEXT);
    expect(bytes).toEqual(Uint8Array.from(Buffer.from("0b1f7f9e6f434c519d3c0d7a0c1f2a3b", "hex")));
    expect(bytes && formatUuid(bytes)).toBe(TEXT);
  });

  it.each([
    "",
    TEXT.toUpperCase(),
    TEXT.slice(1),
    `${TEXT}0`,
    TEXT.replaceAll("-", ""),
    `${TEXT}\n`,
  ])("%j is none", (text) => {
    expect(parseUuid(text)).toBeUndefined();
  });

  it("have 16 bytes", () => {
    expect(formatUuid(new Uint8Array(15))).toBeUndefined();
    expect(formatUuid(new Uint8Array(17))).toBeUndefined();
  });
});
