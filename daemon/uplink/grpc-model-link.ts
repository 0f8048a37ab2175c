/**
 * The stream on which models come, over gRPC: Receive, on the connection that Deliver has opened.
 * After `cancel` no further byte of this stream leaves.
 */
import type { ChannelCredentials, ClientOptions, Metadata } from "@grpc/grpc-js";
import { parseUuid } from "#core/uuid.js";
import type * as wire from "#proto/heatpool/model/v1/model.js";
import { ModelServiceClient } from "#proto/heatpool/model/v1/model_service.js";
import type { ModelHello, ModelLink, ModelListener } from "../model/model-link.js";

/** A connection that is there already. */
export interface OpenConnection {
  readonly address: string;
  readonly credentials: ChannelCredentials;
  readonly channel: NonNullable<ClientOptions["channelOverride"]>;
  metadata(): Metadata;
}

/** Opens Receive on `connection`. */
export function createGrpcModelLink(connection: OpenConnection): ModelLink {
  return {
    open(hello, listener) {
      const { address, credentials, channel } = connection;
      const client = new ModelServiceClient(address, credentials, { channelOverride: channel });
      const call = client.receive(connection.metadata());
      let isOver = false;
      const end = (why: string) => {
        if (isOver) return;
        isOver = true;
        listener.onEnd(why);
      };
      call.on("data", ({ body }: wire.ReceiveResponse) => {
        if (!isOver) tell(listener, body);
      });
      call.on("error", (fault: Error) => end(fault.message));
      call.on("end", () => end("over"));
      const say = (body: wire.ReceiveRequest["body"]) => {
        if (!isOver) call.write({ body });
      };
      say({ $case: "hello", value: toHello(hello) });
      return {
        want(targetPath, offset) {
          say({ $case: "want", value: { targetPath, offset: BigInt(offset) } });
        },
        report(modelId, release, failedStep) {
          say({ $case: "report", value: { modelId, release: BigInt(release), failedStep } });
        },
        cancel() {
          end("cancelled by us");
          call.cancel();
        },
      };
    },
  };
}

function tell(listener: ModelListener, body: wire.ReceiveResponse["body"]): void {
  if (body?.$case === "grant") listener.onGrant(body.value.envelope);
  if (body?.$case !== "chunk") return;
  const { targetPath, offset, data } = body.value;
  listener.onChunk({ targetPath, offset: Number(offset), data });
}

function toHello(hello: ModelHello): wire.ModelHello {
  return {
    installationId: Buffer.from(parseUuid(hello.installationId) ?? []),
    nonce: Buffer.from(hello.nonce),
    kid: Buffer.from(hello.kid, "hex"),
    lastGrantSeq: BigInt(hello.lastGrantSeq),
    installed: hello.installed.map(({ modelId, release, grantedUntilS }) => ({
      modelId,
      release: BigInt(release),
      grantedUntilS: BigInt(grantedUntilS),
    })),
    heatpumpModels: [...hello.heatpumpModels],
    daemonVersion: hello.daemonVersion,
    consentVersion: hello.consentVersion,
  };
}
