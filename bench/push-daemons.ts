/** Many daemons in one process, each with its own connection: they ask for what they are granted. */
import { once } from "node:events";
import { connect } from "node:net";
import { credentials } from "@grpc/grpc-js";
import { createX25519Pair, kidOf } from "#core/envelope/key-agreement.js";
import { toPublicDer, toRawPublic } from "#core/envelope/key-form.js";
import { formatUuid } from "#core/uuid.js";
import type * as wire from "#proto/heatpool/model/v1/model.js";
import { ModelServiceClient } from "#proto/heatpool/model/v1/model_service.js";

/** A fleet that has not got its file by then never will. */
const RECEIVE_MAX_MS = 180_000;

/** Installation `number`: its id and device key. */
export function createDeviceKey(number: number) {
  const seed = Buffer.alloc(32, 1);
  seed.writeUInt32BE(number, 0);
  const pair = createX25519Pair(seed);
  const spki = toPublicDer("x25519", toRawPublic(pair.publicKey));
  const id = Buffer.from("12345678123442349234567800000000", "hex");
  id.writeUInt32BE(number, 12);
  return { installationId: formatUuid(id) ?? "", id, pair, spki, kid: kidOf(spki) };
}

/** A connected daemon that only counts what it is sent. */
export interface CountingDaemon {
  /** Resolves when `bytes` of the next file have come. @throws when its stream ends or time is up */
  receive(bytes: number): Promise<void>;
  close(): void;
}

/** Connects installation `number`; resolves when its connection stands. */
export async function connectDaemon(port: number, number: number): Promise<CountingDaemon> {
  const { id, kid } = createDeviceKey(number);
  const client = new ModelServiceClient(`127.0.0.1:${port}`, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
  });
  await new Promise<void>((resolve, reject) => {
    client.waitForReady(Date.now() + 60_000, (error) => (error ? reject(error) : resolve()));
  });
  const call = client.receive();
  let received = 0;
  let wanted = Number.POSITIVE_INFINITY;
  let done = () => {};
  let fail = (_: Error) => {};
  let ended: Error | undefined;
  call.on("error", (error) => {
    ended = new Error(`daemon ${number}, after ${received} bytes: ${error.message}`);
    fail(ended);
  });
  call.on("data", ({ body }: wire.ReceiveResponse) => {
    if (body?.$case === "grant") {
      const { payload } = JSON.parse(body.value.envelope) as { payload: string };
      const { target_path: targetPath } = JSON.parse(Buffer.from(payload, "base64").toString()) as {
        target_path: string;
      };
      call.write({ body: { $case: "want", value: { targetPath, offset: 0n } } });
    } else if (body?.$case === "chunk") {
      received += body.value.data.length;
      if (received >= wanted) done();
    }
  });
  const value: wire.ModelHello = {
    installationId: id,
    nonce: Buffer.alloc(32, 9),
    kid: Buffer.from(kid, "hex"),
    lastGrantSeq: 0n,
    installed: [],
    heatpumpModels: ["AERO_SLM"],
    daemonVersion: "1.0.0",
    consentVersion: 1,
  };
  call.write({ body: { $case: "hello", value } });
  return {
    receive(bytes) {
      received = 0;
      wanted = bytes;
      return new Promise((resolve, reject) => {
        const overdue = setTimeout(() => {
          reject(new Error(`daemon ${number} has ${received} of ${bytes} bytes in time`));
        }, RECEIVE_MAX_MS);
        done = () => {
          clearTimeout(overdue);
          resolve();
        };
        fail = (error) => {
          clearTimeout(overdue);
          reject(error);
        };
        if (ended !== undefined) fail(ended);
      });
    },
    close() {
      fail = () => {};
      call.cancel();
      client.close();
    },
  };
}

/** Reads a file from a bare socket, to its end. */
export async function readPlain(port: number): Promise<number> {
  const socket = connect(port, "127.0.0.1");
  let bytes = 0;
  socket.on("data", (data) => {
    bytes += data.length;
  });
  await once(socket, "end");
  return bytes;
}
