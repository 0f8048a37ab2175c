/**
 * Our words to wire messages. What a batch's bytes are was decided before: nothing is encoded here.
 */
import assert from "node:assert/strict";
import type { ChannelTable } from "#core/batch/channel-table.js";
import { timeToleranceOf } from "#core/batch/limits.js";
import { NO_PRIOR, type PriorId } from "#core/batch/prior.js";
import { PRIOR_IDS, priorOfProfile } from "#core/batch/priors/released.js";
import { toWireBatch, toWireTable } from "#core/batch/wire-batch.js";
import { parseUuid } from "#core/uuid.js";
import type * as wire from "#proto/heatpool/telemetry/v1/telemetry.js";
import type { BacklogEntry, DeviceStream, EpochState, Loss } from "../backlog/backlog.js";
import type { Coded } from "./coding.js";

/** Who is speaking. */
export interface Introduction {
  /** UUIDs in their usual spelling. */
  readonly installationId: string;
  readonly bootId: string;
  readonly daemonVersion: string;
  readonly consentVersion: number;
  readonly consentScopes: readonly string[];
}

/** What a hello declares beside the introduction; later messages refer to it by index. */
export interface Declaration {
  readonly devices: readonly DeviceStream[];
  /** The current one first. */
  readonly epochs: readonly EpochState[];
}

/** Revision of the protocol that this daemon speaks. */
const PROTOCOL_REVISION = 1;
/** What this daemon writes: the range coder, and what older backlogs and backends have. */
const CODECS_WRITTEN = [2, 1, 0];
/** Of the wire contract. */
const PRIORS_MAX = 8;
/** Greatest response that is taken; the largest is a welcome with 64 unknown tables. */
export const RESPONSE_BYTES_MAX = 256 * 1024;

/** 16 bytes of a UUID of ours. */
function toUuidBytes(uuid: string): Buffer {
  const bytes = parseUuid(uuid);
  assert(bytes !== undefined, "ids of our own are UUIDs");
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function toHello(
  who: Introduction,
  what: Declaration,
  now: { clockSynced: boolean; lossLedgerLast: number },
): wire.DeliverRequest {
  const value: wire.Hello = {
    protocolRevision: PROTOCOL_REVISION,
    installationId: toUuidBytes(who.installationId),
    daemonVersion: who.daemonVersion,
    bootId: toUuidBytes(who.bootId),
    clockSynced: now.clockSynced,
    devices: what.devices.map(toDevice),
    epochs: what.epochs.map((epoch) => ({
      epochId: toUuidBytes(epoch.epochId),
      firstUnacked: BigInt(epoch.firstUnacked),
      lastSealed: BigInt(epoch.lastSealed),
    })),
    codecs: CODECS_WRITTEN,
    priors: listPriors(what),
    responseBytesMax: RESPONSE_BYTES_MAX,
    consentVersion: who.consentVersion,
    consentScopes: [...who.consentScopes],
    lossLedgerLast: BigInt(now.lossLedgerLast),
  };
  return { body: { $case: "hello", value } };
}

/** What batches may start from; the first costs a batch nothing to name. */
export function listPriors({ devices }: Declaration): PriorId[] {
  const preferred = devices.map(({ profile }) => priorOfProfile(profile));
  return [...new Set([...preferred, ...PRIOR_IDS, NO_PRIOR])].slice(0, PRIORS_MAX);
}

function toDevice(device: DeviceStream): wire.Device {
  return {
    deviceId: device.deviceId,
    profile: device.profile,
    profileVersion: device.profileVersion,
    heatpumpModel: device.heatpumpModel,
    tableId: Buffer.from(device.table.id),
    stepMs: device.stepMs,
    timeToleranceMs: timeToleranceOf(device.stepMs),
  };
}

/** Index of the device that `entry` belongs to, or -1 when the hello did not declare it. */
export function findDevice(devices: readonly DeviceStream[], entry: BacklogEntry): number {
  const { deviceId, tableId, stepMs } = entry.sealed;
  return devices.findIndex(
    (one) =>
      one.deviceId === deviceId &&
      one.stepMs === stepMs &&
      Buffer.compare(one.table.id, tableId) === 0,
  );
}

export function toBatch(
  { sealed, link }: Coded,
  place: {
    device: number;
    epoch: number;
    sequence: number;
    isBacklog: boolean;
    priors: readonly PriorId[];
  },
): wire.DeliverRequest {
  const { isBacklog: backlog, ...rest } = place;
  const [defaultCodec = 0] = CODECS_WRITTEN;
  const value = toWireBatch(sealed, { ...rest, backlog, defaultCodec }, link);
  return { body: { $case: "batch", value } };
}

export function toTable(table: ChannelTable): wire.DeliverRequest {
  return { body: { $case: "table", value: toWireTable(table) } };
}

export function toLossReport(
  losses: readonly Loss[],
  devices: readonly DeviceStream[],
): wire.DeliverRequest {
  const value = { losses: losses.map((loss) => toLoss(loss, devices)) };
  return { body: { $case: "loss", value } };
}

function toLoss(loss: Loss, devices: readonly DeviceStream[]): wire.Loss {
  const { batches } = loss;
  return {
    number: BigInt(loss.number),
    reason: loss.reason,
    device: devices.findIndex(({ deviceId }) => deviceId === loss.deviceId) + 1,
    fromMs: BigInt(Math.round(loss.fromMs)),
    toMs: BigInt(Math.round(loss.toMs)),
    snapshots: BigInt(loss.snapshots),
    epochId: batches === undefined ? Buffer.alloc(0) : toUuidBytes(batches.epochId),
    sequenceFrom: BigInt(batches?.sequenceFrom ?? 0),
    sequenceTo: BigInt(batches?.sequenceTo ?? 0),
  };
}
