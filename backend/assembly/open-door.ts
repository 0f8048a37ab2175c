/** The gRPC listeners and their limits, from the configuration. */
import { CHANNELS_MAX } from "#core/batch/channel-table.js";
import { CODECS, ROWS_MAX } from "#core/batch/limits.js";
import type { Config, Places } from "../config.js";
import { openClaimTokens } from "../enrolment/claim-tokens.js";
import { readPackageFile } from "../host/package-file.js";
import { createEnrolPace } from "../rpc/enrol-pace.js";
import type { Address, ListenerLimits } from "../rpc/listener.js";
import type { DoorParts } from "../rpc/server.js";
import type { StreamRules } from "../rpc/stream.js";
import type { BackendParts } from "./parts.js";
import type { Rooms } from "./rooms.js";

/** Greatest message, both ways. */
const MESSAGE_BYTES_MAX = 512 * 1024;
/** Calls at once on one connection: the stream, a question, and some air. */
const STREAMS_MAX = 4;
const HOUR_MS = 3_600_000;
/** Streams say goodbye at their age; a connection that outlives that by a quarter is cut. */
const CONNECTION_AGE_MARGIN = 1.25;

/** Who may come in, and under which limits. */
export function toDoor(
  parts: BackendParts,
  { behind, identityDoor: identities, vitals }: Rooms,
): DoorParts {
  const { config, places, clock, chance, log, tag } = parts;
  const tokens =
    config.enrolment.claimTokens === "off" || identities !== undefined
      ? undefined
      : openClaimTokens(places.claimTokensFile, clock);
  return {
    behind,
    clock,
    version: parts.version,
    descriptors: readPackageFile("proto/gen/descriptors.binpb"),
    main: { kind: "tcp", host: config.main.host, port: config.main.port },
    admin: toAdminAddress(config, places),
    identity: parts.identity,
    identities,
    enrol:
      identities === undefined
        ? undefined
        : { address: toEnrolAddress(config), pace: createEnrolPace(toPace(config), chance, clock) },
    isKnownToken: tokens === undefined ? undefined : (token) => tokens.isKnown(token),
    limits: toLimits(config),
    rules: toRules(config),
    onEvent(event, id, facts) {
      if (event === "rpc.stream-opened") vitals.streamOpened();
      if (event === "rpc.stream-closed") vitals.streamClosed();
      // Some events are about nobody.
      log("info", event, { ...(id === "" ? {} : { installation: tag(id) }), ...facts });
    },
    onBug: parts.onBug,
    onListening: ({ main, admin, enrol }) => {
      parts.onReady?.();
      const socket = config.admin.port === undefined ? places.adminSocket : undefined;
      const isSecured = parts.identity !== undefined;
      log("info", "backend.listening", {
        mainPort: main,
        enrolPort: identities === undefined ? undefined : enrol,
        identity: identities === undefined ? "none" : "certificate",
        adminPort: socket === undefined ? admin : undefined,
        adminSocket: socket,
        tls: isSecured,
        claimTokens: config.enrolment.claimTokens,
        version: parts.version,
      });
    },
  };
}

function toAdminAddress(config: Config, places: Places): Address {
  return config.admin.port === undefined
    ? { kind: "unix", path: places.adminSocket }
    : { kind: "tcp", host: "127.0.0.1", port: config.admin.port };
}

function toEnrolAddress({ main, enrol }: Config) {
  return { kind: "tcp", host: enrol.host ?? main.host, port: enrol.port } as const;
}

function toPace({ enrol }: Config) {
  return { perPrefix: enrol.callsPerPrefixPerHour, all: enrol.callsPerHour };
}

/** What the public listeners keep. */
export function toLimits({ main }: Config): ListenerLimits {
  return {
    messageBytesMax: MESSAGE_BYTES_MAX,
    streamsMax: STREAMS_MAX,
    connectionAgeMaxMs: main.connectionAgeHours * HOUR_MS * CONNECTION_AGE_MARGIN,
    keepaliveMs: main.keepaliveSeconds * 1000,
    front: { socketsPerPrefixMax: main.socketsPerPrefix },
  };
}

/** What streams keep. */
export function toRules({ main, stream }: Config): StreamRules {
  return {
    requestBytesMax: MESSAGE_BYTES_MAX,
    snapshotsMax: ROWS_MAX,
    channelsMax: CHANNELS_MAX,
    windowBatches: stream.windowBatches,
    windowBytes: stream.windowKiB * 1024,
    backlogBytesPerSecond: stream.backlogKiBPerSecond * 1024,
    uploadIntervalSeconds: stream.uploadIntervalSeconds,
    reconnectSpreadSeconds: stream.reconnectSpreadSeconds,
    codecs: CODECS.map(({ number }) => number),
    silenceMaxMs: main.silenceSeconds * 1000,
    streamAgeMaxMs: main.connectionAgeHours * HOUR_MS,
  };
}
