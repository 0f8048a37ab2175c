/**
 * The gRPC door: a listener for daemons, one where they enrol, and one for the operator on this
 * machine.
 *
 * The daemons' listener wants a certificate of every caller, the one for enrolment has nothing but
 * enrolment. Neither has no reflection, no admin and no channelz. The operator's has everything, so
 * that a reflection client can list, describe and call every service. Network addresses do not
 * leave this folder. At the end every stream is told when to come back and what is in hand is
 * decided.
 */
import type { X509Certificate } from "node:crypto";
import type { Server } from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";
import { type Clock, fired } from "#core/clock.js";
import { HeatpoolError } from "#core/errors.js";
import { AdminServiceService } from "#proto/heatpool/admin/v1/admin_service.js";
import { CommunityServiceService } from "#proto/heatpool/community/v1/community_service.js";
import {
  ConsentServiceService,
  EnrolmentServiceService,
} from "#proto/heatpool/enrolment/v1/enrolment_service.js";
import { PrivacyServiceService } from "#proto/heatpool/privacy/v1/privacy_service.js";
import { TelemetryServiceService } from "#proto/heatpool/telemetry/v1/telemetry_service.js";
import type { IdentityJudge } from "../enrolment/judge-identity.js";
import { createAdminHandler } from "./admin-handler.js";
import { createCertificateCheck, createTokenCheck, type IsKnownToken } from "./authentication.js";
import { createCommunityHandler } from "./community-handler.js";
import type { Behind, IdentityDoor } from "./door.js";
import { createEnrolCheck, type EnrolPace } from "./enrol-pace.js";
import { createConsentHandler, createEnrolmentHandler } from "./enrolment-handler.js";
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
import { createModelHandler, MODEL_SERVICE } from "./model-handler.js";
import { createModelStreams, type ModelStreams } from "./model-streams.js";
import { createPrivacyHandler } from "./privacy-handler.js";
import { addReflection } from "./reflection.js";
import { decodeRequest, withShortRequests } from "./request-frame.js";
import { isAlive } from "./sign-of-life.js";
import { createToStatus, type ToStatus } from "./status.js";
import { createStoreWatch, type StoreWatch } from "./store-watch.js";
import type { StreamRules } from "./stream.js";
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
  /** Left out: no certificate is asked for, which only this machine may reach. */
  readonly identities?: IdentityDoor | undefined;
  /** The listener for enrolment; left out: nobody can enrol. */
  readonly enrol?: EnrolListener | undefined;
  /** Left out: no token is asked for. Not looked at where certificates are. */
  readonly isKnownToken: IsKnownToken | undefined;
  readonly limits: ListenerLimits;
  readonly rules: StreamRules;
  /** Changes of state, for the log. */
  onEvent(event: string, installationId: string, facts?: Record<string, string | number>): void;
  /** What a handler threw that is no error of ours. */
  onBug(bug: unknown): void;
  /** The listeners are open. `enrol` is 0 where there is none. */
  onListening(ports: { main: number; admin: number; enrol: number }): void;
}

/** Where daemons enrol, and how often they may call. */
export interface EnrolListener {
  readonly address: Extract<Address, { kind: "tcp" }>;
  readonly pace: EnrolPace;
}

/** Largest message of enrolment, both ways. */
const ENROL_BYTES_MAX = 64 * 1024;
/** Nobody has business there for longer. */
const ENROL_AGE_MAX_MS = 60_000;
/** Who may not speak any more is silenced within this time. */
const SWEEP_MS = 5_000;

/** One message, two streams at once and a page of clients are plenty for an operator. */
const ADMIN_STREAMS_MAX = 100;
/** systemd waits longer; what is not finished then is resent by its daemon. */
const SHUTDOWN_MAX_MS = 18_000;
const SERVING = { "": "SERVING" } as const;

/** Serves until `signal`, then ends in order. @throws HeatpoolError a listener cannot open */
export async function runDoor(parts: DoorParts, signal: AbortSignal): Promise<void> {
  const judge = parts.identities?.judge;
  const onClone = (id: string): void => {
    parts.onEvent("rpc.clone-suspected", id);
    judge?.noteClone(id);
  };
  const live = createLiveStreams(onClone);
  const streams = createModelStreams();
  const expel = async (id: string, error: HeatpoolError): Promise<void> => {
    streams.expel(id, error);
    await live.expel(id, error);
  };
  const toStatus = createToStatus(parts.onBug);
  const health = new HealthImplementation(SERVING);
  const authentication =
    judge === undefined
      ? createTokenCheck(parts.isKnownToken, toStatus)
      : createCertificateCheck(judge, toStatus);
  const main = createServer(parts.limits, [createMessagePace(parts.clock), authentication]);
  const adminLimits = {
    ...parts.limits,
    streamsMax: ADMIN_STREAMS_MAX,
    // A refused batch is exported with what is known about it.
    messageBytesMax: 2 * parts.limits.messageBytesMax,
  };
  const admin = createServer(adminLimits, []);
  const ended = new AbortController();
  let isWell = true;
  const onChange = (isWellNow: boolean): void => {
    isWell = isWellNow;
    health.setStatus("", isWell ? "SERVING" : "NOT_SERVING");
    parts.onEvent(isWell ? "rpc.store-well" : "rpc.store-refuses", "");
  };
  const watch = { clock: parts.clock, probe: parts.behind.probeStore, onChange };
  const store = createStoreWatch(watch, ended.signal);
  const company = { live, streams, store, expel, onClone };
  addServices(main, parts, { ...company, judge }, toStatus);
  // The operator's own tools show no certificate; the socket says who may enter.
  addServices(admin, parts, { ...company, judge: undefined }, toStatus);
  for (const server of [main, admin]) health.addToServer(server);
  const facts = {
    version: parts.version,
    openStreams: () => live.count,
    isWell: () => isWell,
    expel,
  };
  admin.addService(
    AdminServiceService,
    createAdminHandler(parts.behind, facts, toStatus, parts.identities),
  );
  addReflection(admin, parts.descriptors);
  const enrol = createEnrolServer(parts, toStatus);
  let front: FrontDoor | undefined;
  let enrolFront: FrontDoor | undefined;
  try {
    front = await listenBehindFront(main, parts.main, parts.identity, {
      ...parts,
      whoIs: judge === undefined ? undefined : (shown) => idOf(judge, shown),
    });
    if (enrol !== undefined && parts.enrol !== undefined) {
      enrolFront = await listenBehindFront(enrol, parts.enrol.address, parts.identity, parts);
    }
    const ports = {
      main: front.port,
      enrol: enrolFront?.port ?? 0,
      // On a unix socket the file system says who may enter.
      admin: await listen(
        admin,
        parts.admin,
        parts.admin.kind === "unix" ? undefined : parts.identity,
      ),
    };
    parts.onListening(ports);
    if (judge !== undefined) void sweep([live, streams], parts.clock, signal);
    await fired(signal);
    enrolFront?.close();
    ended.abort();
    health.setStatus("", "NOT_SERVING");
    front.close();
    streams.close();
    await end(main, front, live, parts);
  } finally {
    ended.abort();
    front?.destroy();
    enrolFront?.destroy();
    enrol?.forceShutdown();
    main.forceShutdown();
    admin.forceShutdown();
  }
}

/** Who is connected, and who is let in. */
interface Company {
  readonly live: LiveStreams;
  readonly streams: ModelStreams;
  readonly store: StoreWatch;
  readonly judge: IdentityJudge | undefined;
  readonly onClone: (installationId: string) => void;
  /** Ends all streams of an installation. */
  readonly expel: (installationId: string, error: HeatpoolError) => Promise<void>;
}

/** Nothing but enrolment is reached there, and that without a certificate. */
function createEnrolServer(parts: DoorParts, toStatus: ToStatus): Server | undefined {
  const { identities, enrol, clock, limits } = parts;
  if (identities === undefined || enrol === undefined) return undefined;
  const enrolLimits = {
    ...limits,
    messageBytesMax: ENROL_BYTES_MAX,
    connectionAgeMaxMs: ENROL_AGE_MAX_MS,
  };
  const server = createServer(enrolLimits, [createEnrolCheck(enrol.pace, toStatus)]);
  const handler = createEnrolmentHandler(identities.enrolment, clock, toStatus);
  server.addService(EnrolmentServiceService, handler);
  return server;
}

function idOf(judge: IdentityJudge, shown: X509Certificate | undefined): string | undefined {
  try {
    return judge.judge(shown).installationId;
  } catch {
    return undefined;
  }
}

/** Every five seconds, whoever is connected: expired, taken back and erased identities end. */
async function sweep(
  all: readonly Pick<LiveStreams, "sweep">[],
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(SWEEP_MS, signal);
    for (const streams of all) streams.sweep();
  }
}

function addServices(
  server: Server,
  { behind, clock, rules, identities, onEvent }: DoorParts,
  { live, streams, store, judge, onClone, expel }: Company,
  toStatus: ToStatus,
): void {
  const deliver = createDeliver({
    ingest: behind.ingest,
    store,
    clock,
    live,
    rules,
    judge,
    consents: identities?.consents,
    onClone,
    isAlive: (call) => isAlive(call, clock),
    onEvent,
  });
  const guarded = { ...TelemetryServiceService.deliver, requestDeserialize: decodeRequest };
  server.addService({ deliver: guarded }, { deliver: guardBidi(toStatus, deliver) });
  server.addService(MODEL_SERVICE, createModelHandler(behind, clock, toStatus, { judge, streams }));
  const community = createCommunityHandler(behind, clock, toStatus, judge);
  server.addService(withShortRequests(CommunityServiceService), community);
  if (identities === undefined || judge === undefined) return;
  const consent = createConsentHandler(identities.consents, judge, toStatus, (id) =>
    expel(id, new HeatpoolError("CONSENT_MISSING", "consent was withdrawn")),
  );
  server.addService(withShortRequests(ConsentServiceService), consent);
  const privacy = createPrivacyHandler({ behind, judge, identities, expel }, toStatus);
  server.addService(withShortRequests(PrivacyServiceService), privacy);
}

/**
 * No new connections, a goodbye to each stream, and time for what is in hand.
 *
 * The last acks are out when the connections are gone. grpc-js 1.14 alone does not tell: since Node
 * 24 closing its server begins the end of every session, which it then takes for ended.
 */
async function end(
  main: Server,
  front: FrontDoor,
  live: LiveStreams,
  { clock, rules }: DoorParts,
): Promise<void> {
  const isClosed = new Promise<void>((resolve) => {
    main.tryShutdown(() => resolve());
  });
  const timer = new AbortController();
  const left = live.close(rules.reconnectSpreadSeconds * 1000);
  const inOrder = Promise.all([left, isClosed, front.emptied()]);
  await Promise.race([inOrder, clock.sleep(SHUTDOWN_MAX_MS, timer.signal)]);
  timer.abort();
}
