/** What leaves by hand must be what the generated code would have sent. */
import { describe, expect, it } from "vitest";
import { ReceiveResponse } from "#proto/heatpool/model/v1/model.js";
import { createReceiveEncoder, encodeReceive } from "../../../backend/rpc/response-frame.js";

describe("a response of Receive", () => {
  it.each([1, 127, 128, 16_383, 16_384, 131_072])(
    "with %i bytes of a file is the generated one",
    (length) => {
      const value = {
        targetPath: "aero-slm/7/model.enc",
        offset: 131_072n,
        data: Buffer.alloc(length, 7),
      };
      const response: ReceiveResponse = { body: { $case: "chunk", value } };
      expect(encodeReceive(response)).toEqual(
        Buffer.from(ReceiveResponse.encode(response).finish()),
      );
    },
  );

  it("with a grant, or nothing, is the generated one too", () => {
    for (const response of [
      { body: { $case: "grant", value: { envelope: "{}" } } },
      { body: undefined },
    ] as const) {
      expect(encodeReceive(response)).toEqual(
        Buffer.from(ReceiveResponse.encode(response).finish()),
      );
    }
  });

  it("of a piece that many are sent is encoded once, as long as they are at about one place", () => {
    const encode = createReceiveEncoder();
    const pieceOf = (number: number): ReceiveResponse => {
      const data = Buffer.alloc(100, number);
      const value = { targetPath: "aero-slm/7/model.enc", offset: BigInt(number), data };
      return { body: { $case: "chunk", value } };
    };
    const first = pieceOf(1);
    const bytes = encode(first);
    expect(bytes).toEqual(encodeReceive(first));
    expect(encode(first)).toBe(bytes);
    for (let number = 2; number <= 20; number += 1) {
      const other = pieceOf(number);
      expect(encode(other)).toEqual(encodeReceive(other));
    }
    expect(encode(first)).not.toBe(bytes);
    expect(encode(first)).toEqual(bytes);
  });
});
