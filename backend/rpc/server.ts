/**
 * The gRPC door: a public listener for daemons and one for the operator on this machine.
 *
 * The public one has no reflection, no admin and no channelz. The operator's has everything, so
 * that a reflection client can list, describe and call every service. Network addresses do not
 * leave this folder. At the end every stream is told when to come back and what is in hand is
 * decided.
 */
import type { Server } from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";
import type { Clock } from "#core/clock.js";
import { AdminServiceService } from "#proto/heatpool/admin/v1/admin_service.js";
import { CommunityServiceService } from "#proto/heatpool/community/v1/community_service.js";
import { ModelServiceService } from "#proto/heatpool/model/v1/model_service.js";
import { TelemetryServiceService } from "#proto/heatpool/telemetry/v1/telemetry_service.js";
import { createAdminHandler } from "./admin-handler.js";
import { createAuthentication, type IsKnownToken } from "./authentication.js";
import { createCommunityHandler } from "./community-handler.js";
import type { StreamRules } from "./conversation.js";
import type { Behind } from "./door.js";
import type { FrontDoor } from "./front-door.js";
import { guardBidi } from "./guard.js";
import {
  type Address,
  createServer,
  type ListenerLimits,
  listen,
  listenBehindFront,
  type ServerIdentity,
} from "./listener.js";
import { createLiveStreams, type LiveStreams } from "./live-streams.js";
import { createMessagePace } from "./message-pace.js";
import { createModelHandler } from "./model-handler.js";
import { addReflection } from "./reflection.js";
import { decodeRequest } from "./request-frame.js";
import { isAlive } from "./sign-of-life.js";
import { createToStatus } from "./status.js";
import { watchStore } from "./store-watch.js";
import { createDeliver } from "./telemetry-handler.js";

/** What the door works with. */
export interface DoorParts {
  readonly behind: Behind;
  readonly clock: Clock;
  readonly version: string;
  /** Compiled descriptors of all services: a FileDescriptorSet. */
  readonly descriptors: Uint8Array;
  readonly main: Extract<Address, { kind: "tcp" }>;
  readonly admin: Address;
  /** Left out: without TLS, which only this machine may reach. */
  readonly identity: ServerIdentity | undefined;
  /** Left out: no token is asked for. */
  readonly isKnownToken: IsKnownToken | undefined;
  readonly limits: ListenerLimits;
  readonly rules: StreamRules;
  /** Changes of state, for the log. */
  onEvent(event: string, installationId: string, facts?: Record<string, string | number>): void;
  /** What a handler threw that is no error of ours. */
  onBug(bug: unknown): void;
  /** Both listeners are open. */
  onListening(ports: { main: number; admin: number }): void;
}

/** One message, two streams at once and a page of clients are plenty for an operator. */
const ADMIN_STREAMS_MAX = 100;
/** systemd waits longer; what is not finished then is resent by its daemon. */
const SHUTDOWN_MAX_MS = 18_000;
const SERVING = { "": "SERVING" } as const;

/** Serves until `signal`, then ends in order. @throws HeatpoolError a listener cannot open */
export async function runDoor(parts: DoorParts, signal: AbortSignal): Promise<void> {
  const live = createLiveStreams((id) => parts.onEvent("rpc.clone-suspected", id));
  const toStatus = createToStatus(parts.onBug);
  const health = new HealthImplementation(SERVING);
  const authentication = createAuthentication(parts.isKnownToken, toStatus);
  const main = createServer(parts.limits, [createMessagePace(parts.clock), authentication]);
  const adminLimits = {
    ...parts.limits,
    streamsMax: ADMIN_STREAMS_MAX,
    // A refused batch is exported with what is known about it.
    messageBytesMax: 2 * parts.limits.messageBytesMax,
  };
  const admin = createServer(adminLimits, []);
  const ended = new AbortController();
  const onChange = (isWell: boolean): void => {
    health.setStatus("", isWell ? "SERVING" : "NOT_SERVING");
    parts.onEvent(isWell ? "rpc.store-well" : "rpc.store-refuses", "");
  };
  const { ingest, probeStore } = parts.behind;
  const watch = { ingest, clock: parts.clock, probe: probeStore, onChange };
  const watched = { ...parts.behind, ingest: watchStore(watch, ended.signal) };
  for (const server of [main, admin]) {
    addServices(server, { ...parts, behind: watched }, live, toStatus);
  }
  for (const server of [main, admin]) health.addToServer(server);
  const facts = { version: parts.version, openStreams: () => live.count, expel: live.expel };
  admin.addService(AdminServiceService, createAdminHandler(parts.behind, facts, toStatus));
  addReflection(admin, parts.descriptors);
  let front: FrontDoor | undefined;
  try {
    front = await listenBehindFront(main, parts.main, parts.identity, parts);
    const ports = {
      main: front.port,
      // On a unix socket the file system says who may enter.
      admin: await listen(
        admin,
        parts.admin,
        parts.admin.kind === "unix" ? undefined : parts.identity,
      ),
    };
    parts.onListening(ports);
    await fired(signal);
    ended.abort();
    health.setStatus("", "NOT_SERVING");
    front.close();
    await end(main, live, parts);
  } finally {
    ended.abort();
    front?.destroy();
    main.forceShutdown();
    admin.forceShutdown();
  }
}

function addServices(
  server: Server,
  { behind, clock, rules, onEvent }: DoorParts,
  live: LiveStreams,
  toStatus: ReturnType<typeof createToStatus>,
): void {
  const deliver = createDeliver({
    ingest: behind.ingest,
    clock,
    live,
    rules,
    isAlive: (call) => isAlive(call, clock),
    onEvent,
  });
  const guarded = { ...TelemetryServiceService.deliver, requestDeserialize: decodeRequest };
  server.addService({ deliver: guarded }, { deliver: guardBidi(toStatus, deliver) });
  server.addService(ModelServiceService, createModelHandler(behind, toStatus));
  const community = createCommunityHandler(behind, clock, toStatus);
  server.addService(CommunityServiceService, community);
}

/** No new connections, a goodbye to each stream, and time for what is in hand. */
async function end(main: Server, live: LiveStreams, { clock, rules }: DoorParts): Promise<void> {
  const isClosed = new Promise<void>((resolve) => {
    main.tryShutdown(() => resolve());
  });
  const timer = new AbortController();
  const inOrder = Promise.all([live.close(rules.reconnectSpreadSeconds * 1000), isClosed]);
  await Promise.race([inOrder, clock.sleep(SHUTDOWN_MAX_MS, timer.signal)]);
  timer.abort();
}

function fired(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
