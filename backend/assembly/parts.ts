/** What the backend is started with; given by `commands/serve.ts`. */
import type { Chance, Clock } from "#core/clock.js";
import type { Config, Places } from "../config.js";
import type { Issuing } from "../enrolment/issuing.js";
import type { Log } from "../host/log.js";
import type { LoadedIdentity } from "../host/server-identity.js";
import type { LogControl } from "../operation/create-operation.js";
import type { TagId } from "../privacy/log-tag.js";

export interface BackendParts {
  readonly config: Config;
  readonly places: Places;
  readonly version: string;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  /** An installation as the log may name it. */
  readonly tag: TagId;
  readonly logControl: LogControl;
  /** Resident bytes and CPU seconds of this process. */
  process(): { readonly residentBytes: number; readonly cpuSeconds: number };
  /** Left out: without TLS, on loopback only. */
  readonly identity: LoadedIdentity | undefined;
  /** Left out: nobody is asked for a certificate, on loopback only. */
  readonly authority: InstallationAuthority | undefined;
  /** Left out: none was ever made, so there are no models. */
  readonly storeKey: Buffer | undefined;
  /** For the operator, e.g. that Node is old. */
  readonly warnings: readonly string[];
  onBug(bug: unknown): void;
  /** Called once everybody may come in. */
  onReady?(): void;
}

/** What makes installations: who signs, and the key of recovery codes. */
export interface InstallationAuthority {
  readonly issuing: Issuing;
  readonly recoveryKey: Uint8Array;
}

/** What went wrong beside the doors is tried again; only what nobody expected is a bug. */
export function reportFault({ log, onBug }: BackendParts, fault: unknown): void {
  const isExpected = fault instanceof Error && "code" in fault;
  if (isExpected) log("error", "backend.fault", { what: fault.message });
  else onBug(fault);
}
