/**
 * Handlers that throw: the caller must learn a status, nobody must hang, and the process must live.
 * vitest fails the run on any rejection that nobody handled.
 */
import {
  type ClientDuplexStream,
  credentials,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type StatusObject,
  status,
} from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HeatpoolError } from "#core/errors.js";
import type {
  CheckEligibilityRequest,
  CheckEligibilityResponse,
} from "#proto/heatpool/model/v1/model.js";
import { ModelServiceClient, ModelServiceService } from "#proto/heatpool/model/v1/model_service.js";
import type { DeliverRequest, DeliverResponse } from "#proto/heatpool/telemetry/v1/telemetry.js";
import {
  TelemetryServiceClient,
  TelemetryServiceService,
} from "#proto/heatpool/telemetry/v1/telemetry_service.js";
import { type BidiHandler, guardBidi, guardUnary } from "../../../backend/rpc/guard.js";
import { createToStatus } from "../../../backend/rpc/status.js";

type Deliver = BidiHandler<DeliverRequest, DeliverResponse>;

const pong = (nonce: bigint): DeliverResponse => ({
  body: { $case: "pong", value: { nonce, serverTimeMs: 0n } },
});
const ping: DeliverRequest = { body: { $case: "ping", value: { nonce: 1n } } };

let server: Server;
let address: string;
let bugs: unknown[];
let bidi: Deliver;
let unary: (call: ServerUnaryCall<unknown, unknown>) => Promise<CheckEligibilityResponse>;
let handlersEnded: number;

beforeEach(async () => {
  bugs = [];
  handlersEnded = 0;
  const toStatus = createToStatus((bug) => bugs.push(bug));
  server = new Server();
  server.addService(TelemetryServiceService, {
    deliver: guardBidi<DeliverRequest, DeliverResponse>(toStatus, async function* (...args) {
      try {
        yield* bidi(...args);
      } finally {
        handlersEnded += 1;
      }
    }),
  });
  server.addService(ModelServiceService, {
    checkEligibility: guardUnary<CheckEligibilityRequest, CheckEligibilityResponse>(
      toStatus,
      (_, call) => unary(call),
    ),
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  address = `127.0.0.1:${port}`;
});

afterEach(() => {
  server.forceShutdown();
});

/** Opens the stream, lets `act` use it, and waits for its status. */
async function stream(
  act: (call: ClientDuplexStream<DeliverRequest, DeliverResponse>) => void,
): Promise<{ end: StatusObject; answers: number }> {
  const client = new TelemetryServiceClient(address, credentials.createInsecure());
  const call = client.deliver();
  let answers = 0;
  call.on("data", () => {
    answers += 1;
  });
  call.on("error", () => {});
  const end = await new Promise<StatusObject>((resolve) => {
    call.on("status", resolve);
    act(call);
  });
  client.close();
  return { end, answers };
}

describe("a stream's handler that throws", () => {
  it("before it read anything gives its status", async () => {
    bidi = async function* () {
      yield* [];
      throw new HeatpoolError("CONSENT_MISSING", "no consent");
    };
    const { end } = await stream(() => {});
    expect(end).toMatchObject({ code: status.FAILED_PRECONDITION, details: "no consent" });
  });

  it("in the middle gives what it had answered, then its status", async () => {
    bidi = async function* (requests) {
      for await (const _ of requests) {
        yield pong(1n);
        yield pong(2n);
        throw new HeatpoolError("BATCH_GAP", "2 is next");
      }
    };
    const { end, answers } = await stream((call) => call.write(ping));
    expect([end.code, answers]).toEqual([status.ABORTED, 2]);
  });

  it("while another part of it is reading gives its answers and its status", async () => {
    bidi = async function* (requests) {
      const reading = requests[Symbol.asyncIterator]();
      await reading.next();
      void reading.next().catch(() => undefined);
      yield pong(1n);
      throw new HeatpoolError("BATCH_GAP", "2 is next");
    };
    const { end, answers } = await stream((call) => call.write(ping));
    expect([end.code, answers]).toEqual([status.ABORTED, 1]);
  });

  it("something that is not ours says nothing about it to the caller", async () => {
    bidi = async function* () {
      yield pong(1n);
      throw new TypeError("secret of 192.168.1.2");
    };
    const { end } = await stream(() => {});
    expect(end).toMatchObject({ code: status.INTERNAL, details: "internal error" });
    expect(bugs).toMatchObject([{ message: "secret of 192.168.1.2" }]);
  });

  it("an answer that cannot be encoded gives INTERNAL", async () => {
    bidi = async function* () {
      yield { body: { $case: "pong", value: { nonce: "x" as never, serverTimeMs: 0n } } };
    };
    const { end } = await stream(() => {});
    expect(end.code).toBe(status.INTERNAL);
  });

  it("after its caller went away ends without a word", async () => {
    bidi = async function* (requests, _, gone) {
      for await (const _request of requests) yield pong(1n);
      await gone.reached();
      throw new Error("nobody hears this");
    };
    const { end } = await stream((call) => {
      call.write(ping);
      call.once("data", () => call.cancel());
    });
    expect(end.code).toBe(status.CANCELLED);
    while (handlersEnded === 0) await new Promise((resolve) => setImmediate(resolve));
  });
});

describe("a stream", () => {
  it("that is answered to its end is OK", async () => {
    bidi = async function* (requests) {
      for await (const _ of requests) yield pong(1n);
    };
    const { end, answers } = await stream((call) => {
      call.write(ping);
      call.write(ping);
      call.end();
    });
    expect([end.code, answers]).toEqual([status.OK, 2]);
  });

  it("whose caller does not read holds the handler back", async () => {
    let sent = 0;
    const big = { reason: "x".repeat(256), reconnectAfterMs: 0 };
    bidi = async function* () {
      for (; sent < 100_000; sent++) yield { body: { $case: "goodbye", value: big } };
    };
    const client = new TelemetryServiceClient(address, credentials.createInsecure());
    const call = client.deliver();
    call.on("error", () => {});
    call.once("data", () => call.pause());
    let before = -1;
    // Nothing reads on: the handler comes to a halt.
    while (sent === 0 || before !== sent) {
      before = sent;
      for (let round = 0; round < 50; round++) await new Promise((done) => setImmediate(done));
    }
    expect(sent).toBeLessThan(100_000);
    call.cancel();
    while (handlersEnded === 0) await new Promise((resolve) => setImmediate(resolve));
    client.close();
  });
});

describe("a question's handler that throws", () => {
  async function ask(): Promise<StatusObject> {
    const client = new ModelServiceClient(address, credentials.createInsecure());
    const request = { installationId: "", heatpumpModel: "" };
    const end = await new Promise<StatusObject>((resolve) => {
      client.checkEligibility(request, () => {}).on("status", resolve);
    });
    client.close();
    return end;
  }

  it("gives the status of its error, with code and time to wait", async () => {
    unary = async () => {
      throw new HeatpoolError("RATE_LIMITED", "slow down", { cause: { retryAfterMs: 1_500.2 } });
    };
    const end = await ask();
    expect(end).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details: "slow down" });
    expect(end.metadata.get("heatpool-code")).toEqual(["RATE_LIMITED"]);
    expect(end.metadata.get("retry-after-ms")).toEqual(["1501"]);
  });

  it("before it became a promise, or with nothing, gives INTERNAL", async () => {
    unary = () => {
      throw new TypeError("sync");
    };
    expect(await ask()).toMatchObject({ code: status.INTERNAL, details: "internal error" });
    unary = () => Promise.reject(undefined);
    expect(await ask()).toMatchObject({ code: status.INTERNAL });
    expect(bugs).toHaveLength(2);
  });
});
