/**
 * A gRPC server with nothing behind it, in a process of its own: the floor under what an open stream
 * costs. `bare-grpc.ts <folder>` takes the certificate that a backend made in that folder, answers
 * the first message of each stream, and says its port as the backend does.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import type { DeliverRequest, DeliverResponse } from "#proto/heatpool/telemetry/v1/telemetry.js";
import { TelemetryServiceService } from "#proto/heatpool/telemetry/v1/telemetry_service.js";

const [, , folder = ""] = process.argv;
const read = (file: string): Buffer => readFileSync(join(folder, "tls", file));

const server = new Server({ "grpc.enable_channelz": 0 });
server.addService(TelemetryServiceService, {
  deliver(call: ServerDuplexStream<DeliverRequest, DeliverResponse>) {
    const pong = { body: { $case: "pong", value: { nonce: 1n, serverTimeMs: 1n } } } as const;
    call.on("data", () => call.write(pong));
    call.on("end", () => call.end());
  },
});
const pair = { private_key: read("server.key"), cert_chain: read("server.crt") };
const credentials = ServerCredentials.createSsl(null, [pair], false);
server.bindAsync("127.0.0.1:0", credentials, (fault, mainPort) => {
  if (fault !== null) throw fault;
  console.log(JSON.stringify({ event: "backend.listening", mainPort }));
});
