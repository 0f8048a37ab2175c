/** What leaves by hand must be what the generated code would have sent. */
import { describe, expect, it } from "vitest";
import { ReceiveResponse } from "#proto/heatpool/model/v1/model.js";
import { encodeReceive } from "../../../backend/rpc/response-frame.js";

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
});
