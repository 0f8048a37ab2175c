/**
 * What the parts of one Deliver stream share: what they work with, and both directions of it.
 */
import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { Clock } from "#core/clock.js";
import type * as wire from "#proto/heatpool/telemetry/v1/telemetry.js";
import type { Consents } from "../enrolment/consents.js";
import type { IdentityJudge } from "../enrolment/judge-identity.js";
import type { Ingest } from "../ingest/ingest.js";
import type { LiveStreams } from "./live-streams.js";
import type { Outbox } from "./outbox.js";
import type { Stop } from "./stop.js";
import type { StoreWatch } from "./store-watch.js";

/** Rules that every welcome states and every stream keeps. */
export interface StreamRules extends wire.Limits {
  /** Codecs that the backend decodes. */
  readonly codecs: readonly number[];
  /** A stream that is silent for longer is ended. 0: not before its age. */
  readonly silenceMaxMs: number;
  /** Streams end at this age, give or take a tenth. */
  readonly streamAgeMaxMs: number;
}

/** What the handler works with. */
export interface TelemetryParts {
  readonly ingest: Ingest;
  readonly store: StoreWatch;
  readonly clock: Clock;
  readonly live: LiveStreams;
  readonly rules: StreamRules;
  /** Left out: nobody is asked for a certificate. */
  readonly judge: IdentityJudge | undefined;
  /** Left out: what owners signed is not on record. */
  readonly consents: Pick<Consents, "present"> | undefined;
  /** Learns of an installation whose key two daemons have. */
  onClone(installationId: string): void;
  /** Whether the other end of a call's connection answers. */
  isAlive(call: DeliverCall): Promise<boolean>;
  /** Tells the operator of a change of state. */
  onEvent(event: string, installationId: string, facts?: Record<string, string | number>): void;
}

/** A call of Deliver. */
type DeliverCall = ServerDuplexStream<wire.DeliverRequest, wire.DeliverResponse>;

/** Time to come back after an end for silence or age. */
export const RETURN_SOON_MS = 1_000;

/** One stream: what both directions of it share. */
export interface Stream {
  readonly outbox: Outbox;
  readonly call: DeliverCall;
  /** Set when nothing more is read. */
  readonly stop: Stop;
}
