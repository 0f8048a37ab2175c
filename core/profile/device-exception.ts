/**
 * A device's refusal: the error that carries the device's own exception code, and what a code says
 * about trying again.
 *
 * Source: Modbus Application Protocol V1.1b3, section 7: 1 illegal function, 2 illegal address,
 * 3 illegal value, 4 device failure, 5 acknowledge, 6 busy, 10 gateway path, 11 gateway target.
 */
import { type ErrorCode, HeatpoolError } from "#core/errors.js";

/** Codes that mean "later": the device or a gateway is occupied, the address may be right. */
const BUSY_CODES: readonly number[] = [5, 6, 10, 11];

/** `DEVICE_BUSY` for the codes that mean "later", `DEVICE_REFUSED` for any other. */
export class DeviceException extends HeatpoolError {
  /** As the device sent it, 0 to 255; not only the codes of the specification. */
  readonly exceptionCode: number;

  /** @param what the range that was asked for, e.g. `input 1014+2` */
  constructor(what: string, exceptionCode: number) {
    const code: ErrorCode = isBusyCode(exceptionCode) ? "DEVICE_BUSY" : "DEVICE_REFUSED";
    super(code, `${what}: device answered exception ${exceptionCode}`);
    this.exceptionCode = exceptionCode;
  }
}

/** Whether the same request may be answered a moment later. */
export function isBusyCode(exceptionCode: number): boolean {
  return BUSY_CODES.includes(exceptionCode);
}
