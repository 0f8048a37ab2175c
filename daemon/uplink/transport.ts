/**
 * One stream to the backend: the port between the rules of delivery and a network.
 *
 * `grpc-transport.ts` keeps it over gRPC. Every stream has a connection of its own, so that only
 * our schedule decides when somebody calls. After `cancel` no further byte of this stream leaves.
 */
import type { DeliverRequest, DeliverResponse } from "#proto/heatpool/telemetry/v1/telemetry.js";
import type { ModelLink } from "../model/model-link.js";

/** How a stream ended. */
export interface StreamEnd {
  /** Name of the gRPC status, e.g. `UNAVAILABLE`. */
  readonly status: string;
  readonly details: string;
  /** Our own name of the error, where the backend gave one, e.g. `BATCH_FORKED`. */
  readonly code?: string | undefined;
  /** When the backend said when to come back. */
  readonly retryAfterMs: number | undefined;
}

/** What a stream tells; called in order, nothing after `onEnd`. */
export interface StreamListener {
  onResponse(response: DeliverResponse): void;
  /** Exactly once. */
  onEnd(end: StreamEnd): void;
}

/** An open stream. */
export interface UplinkStream {
  /** Resolves when the network took the message, or the stream ended; one at a time. */
  write(request: DeliverRequest): Promise<void>;
  /** Nothing more will be written. */
  end(): void;
  /** Throws the connection away at once. */
  cancel(): void;
  /** For models, on this stream's connection; ends with it. Left out: this network has none. */
  readonly models?: ModelLink;
}

/** Opens streams. */
export interface Transport {
  open(listener: StreamListener): UplinkStream;
}
