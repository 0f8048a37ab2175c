/**
 * A device in memory behind the register reader's port: answers as its rules say and counts every
 * request. Its words can change, vanish and spoil while a test runs.
 */
import { HeatpoolError } from "#core/errors.js";
import { DeviceException } from "#core/profile/device-exception.js";
import { describeRange, type RegisterRange } from "#core/profile/register-range.js";
import type { RegisterReader } from "../../daemon/device/register-reader.js";

/** The device and its knobs. */
export interface CountingDevice extends RegisterReader {
  /** Word at an address of every space; what is not here is 0. */
  readonly words: Map<number, number>;
  /** Address → exception code of any request that touches it. */
  readonly illegal: Map<number, number>;
  /** Address → words it answers next, once, before `words` counts again. */
  readonly glitches: Map<number, number>;
  /** Requests so far, as `input 1000+2`. */
  readonly requests: string[];
  /** Longest request it answers; longer ones are exception 3. */
  wordsMax: number;
  /** Set: every request ends so. */
  silence: HeatpoolError | undefined;
  /** Called before each answer; throws to fail a request. */
  onRequest: (range: RegisterRange) => void;
  hangUps: number;
}

/** All zeros, everything legal. */
export function createCountingDevice(): CountingDevice {
  const device: CountingDevice = {
    words: new Map(),
    illegal: new Map(),
    glitches: new Map(),
    requests: [],
    wordsMax: 125,
    silence: undefined,
    onRequest: () => {},
    hangUps: 0,
    async read(range) {
      const what = describeRange(range);
      device.requests.push(what);
      if (device.silence !== undefined) throw device.silence;
      device.onRequest(range);
      if (range.count > device.wordsMax) throw new DeviceException(what, 3);
      const addresses = Array.from({ length: range.count }, (_, index) => range.address + index);
      for (const address of addresses) {
        const code = device.illegal.get(address);
        if (code !== undefined) throw new DeviceException(what, code);
      }
      return addresses.map((address) => {
        const glitch = device.glitches.get(address);
        device.glitches.delete(address);
        return glitch ?? device.words.get(address) ?? 0;
      });
    },
    hangUp() {
      device.hangUps++;
    },
    async close() {},
  };
  return device;
}

/** No answer within the time-out. */
export function timedOut(): HeatpoolError {
  return new HeatpoolError("DEVICE_TIMEOUT", "input 0+1: no answer");
}
