/**
 * The hello of a daemon: who is speaking, in our vocabulary. Checked here is its form.
 */
import { STEP_MS_MAX, STEP_MS_MIN } from "#core/batch/limits.js";
import { HeatpoolError } from "#core/errors.js";
import type * as wire from "#proto/heatpool/telemetry/v1/telemetry.js";
import type { Introduction } from "../ingest/ingest.js";
import { fromUuidBytes, parseInstallationId } from "./installation-id.js";
import { atMost, invalid, safe, short } from "./wire-form.js";

/** What a hello says to the door itself and to the rooms behind it. */
export interface Greeting {
  readonly introduction: Introduction;
  /** Random id of the daemon's boot; tells a half-open stream from a clone. */
  readonly bootId: string;
  /** Codec of batches that name none. */
  readonly codec: number;
  /** Priors that batches refer to. */
  readonly priors: readonly number[];
}

/** Revision of the protocol that this backend speaks. */
const PROTOCOL_REVISION = 1;
/** Of the wire contract. */
const DEVICES_MAX = 64;
const EPOCHS_MAX = 64;
const CODECS_MAX = 8;
const PRIORS_MAX = 8;
const SCOPES_MAX = 8;
const TABLE_ID_BYTES = 8;
const NAME_MAX = 128;
const VERSION_MAX = 64;
const DEVICE_ID = /^[a-z0-9][a-z0-9-]{0,31}$/;
const SCOPE_CHARS_MAX = 64;

/** @throws HeatpoolError `PROTOCOL` another revision · `INVALID_ARGUMENT` beyond the contract */
export function toGreeting(hello: wire.Hello): Greeting {
  if (hello.protocolRevision !== PROTOCOL_REVISION) {
    const what = `revision ${hello.protocolRevision}, this backend speaks ${PROTOCOL_REVISION}`;
    throw new HeatpoolError("PROTOCOL", what);
  }
  atMost("devices", hello.devices.length, DEVICES_MAX);
  atMost("epochs", hello.epochs.length, EPOCHS_MAX);
  atMost("codecs", hello.codecs.length, CODECS_MAX);
  atMost("priors", hello.priors.length, PRIORS_MAX);
  atMost("consent_scopes", hello.consentScopes.length, SCOPES_MAX);
  const introduction: Introduction = {
    installationId: parseInstallationId(fromUuidBytes("installation_id", hello.installationId)),
    daemonVersion: short("daemon_version", hello.daemonVersion, VERSION_MAX),
    consentVersion: hello.consentVersion,
    consentScopes: hello.consentScopes.map((scope) => short("scope", scope, SCOPE_CHARS_MAX)),
    devices: hello.devices.map(toDevice),
    epochs: hello.epochs.map((epoch) => ({
      epochId: fromUuidBytes("epoch_id", epoch.epochId),
      firstUnacked: safe("first_unacked", epoch.firstUnacked),
      lastSealed: safe("last_sealed", epoch.lastSealed),
    })),
  };
  const bootId = Buffer.from(hello.bootId).toString("hex");
  return { introduction, bootId, codec: hello.codecs[0] ?? 0, priors: [...hello.priors] };
}

function toDevice(device: wire.Device): Introduction["devices"][number] {
  const { deviceId, profileVersion, tableId, stepMs, timeToleranceMs } = device;
  if (!DEVICE_ID.test(deviceId)) throw invalid("device_id is not a device's name");
  if (tableId.length !== TABLE_ID_BYTES) throw invalid(`table_id has ${tableId.length} bytes`);
  if (stepMs < STEP_MS_MIN || stepMs > STEP_MS_MAX) throw invalid(`step_ms ${stepMs}`);
  if (timeToleranceMs > stepMs / 2) throw invalid(`time_tolerance_ms ${timeToleranceMs}`);
  return {
    deviceId,
    profile: short("profile", device.profile, NAME_MAX),
    profileVersion,
    heatpumpModel: short("heatpump_model", device.heatpumpModel, NAME_MAX),
    tableId: Uint8Array.from(tableId),
    stepMs,
    timeToleranceMs,
  };
}
