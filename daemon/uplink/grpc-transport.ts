/**
 * Streams over gRPC. A client per stream, closed with it: grpc-js otherwise shares connections
 * between equal channels and reconnects at its own times.
 *
 * TLS verifies the server's name against the system's roots, or against `caFile` alone when that
 * is set; there is no way to turn that off. Plain text goes to this machine only.
 */
import { existsSync, readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import {
  Channel,
  type ChannelCredentials,
  type ClientDuplexStream,
  type ClientOptions,
  credentials,
  Metadata,
  type ServiceError,
  type StatusObject,
  status,
} from "@grpc/grpc-js";
import { type ErrorCode, HeatpoolError } from "#core/errors.js";
import type { DeliverRequest, DeliverResponse } from "#proto/heatpool/telemetry/v1/telemetry.js";
import { TelemetryServiceClient } from "#proto/heatpool/telemetry/v1/telemetry_service.js";
import type { ModelLink, ModelStream } from "../model/model-link.js";
import type { AskingLine } from "./asking-line.js";
import { createGrpcModelLink } from "./grpc-model-link.js";
import { nameCheck, nameOptions } from "./server-name.js";
import type { StreamEnd, StreamListener, Transport, UplinkStream } from "./transport.js";
import { RESPONSE_BYTES_MAX } from "./wire.js";

/** Where the backend is and how it is trusted. */
export interface Endpoint {
  /** `host:port` */
  readonly address: string;
  /** Certificates to trust instead of the system's roots. */
  readonly caFile: string | undefined;
  readonly tlsMinVersion: "TLSv1.2" | "TLSv1.3";
  /** A file with the token that the operator gave out. */
  readonly claimTokenFile: string | undefined;
  /** Plain text, to this machine only. */
  readonly insecureLoopback: boolean;
  /** The certificate that is shown, and its key, both PEM; left out: none is shown. */
  readonly identity?: { readonly certificate: string; readonly key: string } | undefined;
}

/** Debian's and Raspberry Pi OS's bundle; Node's own roots where it is missing. */
const SYSTEM_ROOTS = "/etc/ssl/certs/ca-certificates.crt";
const LOOPBACK = /^(127(\.\d{1,3}){3}|localhost|\[::1\]):\d+$/;

/** Without them a dead link gave no error for 25 s; each costs bytes. */
const LIVE_OPTIONS: ClientOptions = {
  "grpc.keepalive_time_ms": 20_000,
  "grpc.keepalive_timeout_ms": 10_000,
};

/** Options of every client. */
export function clientOptions({ address }: Endpoint, isLive: boolean): ClientOptions {
  return {
    ...nameOptions(address),
    "grpc.enable_retries": 0,
    "grpc.service_config_disable_resolution": 1,
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_http_proxy": 0,
    "grpc.enable_channelz": 0,
    "grpc.max_receive_message_length": RESPONSE_BYTES_MAX,
    ...(isLive ? LIVE_OPTIONS : {}),
  };
}

/**
 * How the channel is secured.
 *
 * @throws HeatpoolError `CONFIG_INVALID` plain text to another machine, or an unreadable `caFile`
 */
export function createCredentials(endpoint: Endpoint): ChannelCredentials {
  if (endpoint.insecureLoopback) {
    if (!LOOPBACK.test(endpoint.address)) {
      throw new HeatpoolError(
        "CONFIG_INVALID",
        "backend.insecureLoopback: not a loopback address",
        {
          hint: "Plain text is for a backend on this machine; remove insecureLoopback.",
        },
      );
    }
    return credentials.createInsecure();
  }
  const caFile = endpoint.caFile ?? (existsSync(SYSTEM_ROOTS) ? SYSTEM_ROOTS : undefined);
  const minVersion = endpoint.tlsMinVersion;
  const ca = caFile === undefined ? {} : { ca: readText(caFile, "backend.caFile") };
  const { identity } = endpoint;
  const own = identity === undefined ? {} : { cert: identity.certificate, key: identity.key };
  const context = createSecureContext({ minVersion, ...ca, ...own });
  return credentials.createFromSecureContext(context, nameCheck(endpoint.address));
}

/**
 * What a client of questions is made of. It is never closed itself: `close` does that, for whoever asks
 * last.
 *
 * @throws HeatpoolError `CONFIG_INVALID` as `createCredentials`
 */
export function joinLine(line: AskingLine, endpoint: Endpoint) {
  const { address, caFile, tlsMinVersion, insecureLoopback, identity } = endpoint;
  const as = [address, caFile, tlsMinVersion, insecureLoopback, identity?.certificate];
  // A long answer on a dead connection must not keep every other question waiting, hence the pings.
  const options = clientOptions(endpoint, true);
  const { channel, close } = line.borrow(
    JSON.stringify(as),
    () => new Channel(address, createCredentials(endpoint), options),
  );
  const parts = [address, credentials.createInsecure(), { channelOverride: channel }] as const;
  return { parts, close };
}

/** What a call carries beside its message. The file is read each time: a token may be replaced. */
export function createMetadata(endpoint: Endpoint): Metadata {
  const metadata = new Metadata();
  if (endpoint.claimTokenFile !== undefined) {
    const token = readText(endpoint.claimTokenFile, "backend.claimTokenFile").trim();
    metadata.set("authorization", `Bearer ${token}`);
  }
  return metadata;
}

/** What became of a question, for the owner who asked. */
export function toUplinkError(code: ErrorCode, error: { readonly details?: string }) {
  // grpc-js ends with a note that is mostly empty.
  const why = error.details?.replace(/ Resolution note: $/, "");
  return new HeatpoolError(code, `backend: ${why}`, {
    cause: error,
    ...(code === "UNAVAILABLE" && { hint: AWAY_HINT }),
  });
}

const AWAY_HINT =
  "Is this machine online, and the backend's address right? `heatpool doctor` looks.";

function readText(path: string, key: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new HeatpoolError("CONFIG_INVALID", `${key}: ${path} cannot be read`, { cause });
  }
}

/** @throws HeatpoolError `CONFIG_INVALID` as `createCredentials` */
export function createGrpcTransport(endpoint: Endpoint, isLive: boolean): Transport {
  // Read once: a certificate bundle costs 30 ms and a megabyte each time.
  const channelCredentials = createCredentials(endpoint);
  return {
    open(listener) {
      const client = new TelemetryServiceClient(
        endpoint.address,
        channelCredentials,
        clientOptions(endpoint, isLive),
      );
      const call = client.deliver(createMetadata(endpoint));
      const models = createGrpcModelLink({
        address: endpoint.address,
        credentials: channelCredentials,
        channel: client.getChannel(),
        metadata: () => createMetadata(endpoint),
      });
      return adapt(call, listener, models, () => client.close());
    },
  };
}

function adapt(
  call: ClientDuplexStream<DeliverRequest, DeliverResponse>,
  listener: StreamListener,
  link: ModelLink,
  close: () => void,
): UplinkStream {
  const opened: ModelStream[] = [];
  let isOver = false;
  let release: (() => void) | undefined;
  const finish = (end: StreamEnd) => {
    if (isOver) return;
    isOver = true;
    release?.();
    for (const stream of opened) stream.cancel();
    close();
    listener.onEnd(end);
  };
  call.on("data", (response: DeliverResponse) => {
    if (!isOver) listener.onResponse(response);
  });
  call.on("error", (fault: ServiceError) => finish(toEnd(fault)));
  call.on("status", (given: StatusObject) => finish(toEnd(given)));
  const models: ModelLink = {
    open(hello, onModels) {
      const stream = link.open(hello, onModels);
      // Opened too late, it ends at once.
      if (isOver) stream.cancel();
      else opened.push(stream);
      return stream;
    },
  };
  return {
    models,
    write: (request) =>
      new Promise((resolve) => {
        if (isOver) return resolve();
        release = resolve;
        call.write(request, () => resolve());
      }),
    end() {
      if (!isOver) call.end();
    },
    cancel() {
      if (isOver) return;
      call.cancel();
      const details = "cancelled by us";
      finish({ status: "CANCELLED", details, retryAfterMs: undefined });
    },
  };
}

/** Trailer with the backend's own code. */
const CODE_HEADER = "heatpool-code";
/** Trailer by which the backend says when to come back. */
const RETRY_AFTER_HEADER = "retry-after-ms";

function toEnd(given: { code: status; details: string; metadata: Metadata }): StreamEnd {
  const [header] = given.metadata.get(RETRY_AFTER_HEADER);
  const [code] = given.metadata.get(CODE_HEADER);
  const retryAfterMs = Number.parseInt(String(header ?? ""), 10);
  return {
    status: status[given.code] ?? "UNKNOWN",
    details: given.details,
    ...(code === undefined ? {} : { code: String(code) }),
    retryAfterMs: Number.isNaN(retryAfterMs) ? undefined : retryAfterMs,
  };
}
