/**
 * Requests from bytes, at a cost that their length bounds.
 *
 * A decoder makes an object for every two bytes of an empty list entry. So a long message has to be
 * one batch and nothing else, whose content stays bytes here; everything else is short.
 */
import { BinaryReader } from "@bufbuild/protobuf/wire";
import type { ServiceDefinition } from "@grpc/grpc-js";
import { HeatpoolError } from "#core/errors.js";
import { DeliverRequest } from "#proto/heatpool/telemetry/v1/telemetry.js";

/** A hello with 64 devices of long names has 30 KiB, a report of 256 losses about as much. */
const SHORT_BYTES_MAX = 64 * 1024;
/** `DeliverRequest.batch`: field 2, length-delimited. */
const BATCH_TAG = (2 << 3) | 2;

/** @throws HeatpoolError `INVALID_ARGUMENT` long and no batch · Error not protobuf */
export function decodeRequest(bytes: Buffer): DeliverRequest {
  if (bytes.length > SHORT_BYTES_MAX && !isOneBatch(bytes)) {
    throw new HeatpoolError("INVALID_ARGUMENT", `${bytes.length} bytes that are not one batch`);
  }
  return DeliverRequest.decode(bytes);
}

/** `service` with requests that are short; of none on the public listener but a batch is more honest. */
export function withShortRequests<Service extends ServiceDefinition>(service: Service): Service {
  const methods = Object.entries(service).map(([name, method]) => {
    const requestDeserialize = (bytes: Buffer): unknown => {
      if (bytes.length <= SHORT_BYTES_MAX) return method.requestDeserialize(bytes);
      throw new HeatpoolError(
        "INVALID_ARGUMENT",
        `${bytes.length} bytes, ${SHORT_BYTES_MAX} at most`,
      );
    };
    return [name, { ...method, requestDeserialize }] as const;
  });
  return Object.fromEntries(methods) as unknown as Service;
}

function isOneBatch(bytes: Buffer): boolean {
  const reader = new BinaryReader(bytes);
  if (reader.uint32() !== BATCH_TAG) return false;
  const length = reader.uint32();
  return reader.pos + length === reader.len;
}
