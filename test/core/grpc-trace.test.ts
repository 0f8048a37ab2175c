/** Traces of gRPC would tell addresses past every mask. */
import { describe, expect, it } from "vitest";
import { refuseGrpcTrace } from "#core/grpc-trace.js";

const begin = (environment: Record<string, string>) => () =>
  refuseGrpcTrace((name) => environment[name]);

describe("traces of gRPC", () => {
  it.each(["GRPC_TRACE", "GRPC_NODE_TRACE"])("by %s keep a program from beginning", (name) => {
    expect(begin({ [name]: "transport,keepalive" })).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        message: expect.stringContaining(`${name}=transport,keepalive`),
        hint: expect.stringContaining(`Unset ${name}`),
      }),
    );
  });

  it("that are switched off are no matter", () => {
    expect(begin({})).not.toThrow();
    expect(begin({ GRPC_TRACE: "", GRPC_NODE_TRACE: "none" })).not.toThrow();
  });
});
