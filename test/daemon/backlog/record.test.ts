/** LevelDB returns changed values without an error: a record is believed only when its sum agrees. */
import { describe, expect, it } from "vitest";
import { frameRecord, openRecord } from "../../../daemon/backlog/record.js";

const key = Buffer.from("b/one");
const payload = Buffer.from("twenty degrees");

describe("a record", () => {
  it("comes back as it was written", () => {
    expect(openRecord(key, frameRecord(key, payload))).toEqual(payload);
    expect(openRecord(key, frameRecord(key, Buffer.alloc(0)))).toEqual(Buffer.alloc(0));
  });

  it("is refused with any one bit flipped, at any length, and under another key", () => {
    const value = frameRecord(key, payload);
    for (let bit = 0; bit < value.length * 8; bit++) {
      const flipped = Buffer.from(value);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(openRecord(key, flipped), `bit ${bit}`).toBeUndefined();
    }
    for (let length = 0; length < value.length; length++) {
      expect(openRecord(key, value.subarray(0, length)), `length ${length}`).toBeUndefined();
    }
    expect(openRecord(Buffer.from("b/two"), value)).toBeUndefined();
  });
});
