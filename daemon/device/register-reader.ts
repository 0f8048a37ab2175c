/**
 * Reading registers of a device: the port between polling and a network.
 *
 * `modbus-tcp.ts` speaks Modbus TCP, `recorded-reader.ts` replays a recording. A reader owns its
 * connection: it connects when a read needs it, throws a broken one away, and never answers with
 * words that belong to another request. It only reads: there is no way to write through it.
 */
import type { RegisterRange } from "#core/profile/register-range.js";

/** Reads registers, one request in flight. */
export interface RegisterReader {
  /**
   * Words of `range` in wire order (bits as 0 and 1); exactly `range.count` of them.
   *
   * @throws HeatpoolError `DEVICE_UNREACHABLE` no connection · `DEVICE_TIMEOUT` no answer ·
   *   `DEVICE_CLOSED` the device closed with nothing answered · `DEVICE_VIOLATION` an answer that
   *   is none · `DEVICE_BUSY` exceptions 5, 6, 10, 11 · `DEVICE_REFUSED` any other exception; the
   *   last two are `DeviceException`s and carry the code
   */
  read(range: RegisterRange): Promise<readonly number[]>;
  /** Closes the connection after a poll, where the profile says so; the next read reopens it. */
  hangUp(): void;
  /** Ends it for good. */
  close(): Promise<void>;
}
