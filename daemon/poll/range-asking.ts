/**
 * One request and what its answer means for the poll. Knows which exception codes say "no such
 * register" here, and reads a unit through its other space when it does not know the function.
 */
import { HeatpoolError } from "#core/errors.js";
import { DeviceException } from "#core/profile/device-exception.js";
import type { ProfileConnection } from "#core/profile/profile.js";
import type { PlannedRange } from "#core/profile/read-plan.js";
import { describeRange, type Space } from "#core/profile/register-range.js";
import type { RegisterReader } from "../device/register-reader.js";

/** What became of a request. */
export type RangeAnswer =
  | { readonly kind: "words"; readonly words: readonly number[] }
  /** The device says that some of it is not there. */
  | { readonly kind: "absent"; readonly error: DeviceException }
  /** The device takes fewer words per request. */
  | { readonly kind: "too-long"; readonly error: DeviceException }
  /** Says nothing about the registers. `isSilence`: nothing was answered in time. */
  | { readonly kind: "failed"; readonly error: HeatpoolError; readonly isSilence: boolean };

/** Asks a device. */
export interface RangeAsker {
  ask(range: PlannedRange): Promise<RangeAnswer>;
  /** Takes the device for a new one: it may know functions that it refused while it was starting. */
  restart(): void;
}

const ILLEGAL_FUNCTION = 1;
const ILLEGAL_ADDRESS = 2;
const ILLEGAL_VALUE = 3;
const OTHER_SPACE: Partial<Record<Space, Space>> = { holding: "input", input: "holding" };

/** @param onNotice told when a space is read differently, or not at all as long as the device answers */
export function createRangeAsker(
  reader: RegisterReader,
  connection: ProfileConnection,
  onNotice: (message: string) => void,
): RangeAsker {
  const spaces = new Map<string, Space | "off">();
  const answered = new Set<string>();

  async function ask(range: PlannedRange): Promise<RangeAnswer> {
    const key = `${range.unitId} ${range.space}`;
    const space = spaces.get(key) ?? range.space;
    const { unitId, address, count } = range;
    if (space === "off") return failed(spaceOff(range));
    try {
      const words = await reader.read({ unitId, space, address, count });
      answered.add(key);
      return { kind: "words", words };
    } catch (error) {
      if (!(error instanceof HeatpoolError)) throw error;
      const answer = judge(error, range, connection.absentExceptions, answered.has(key));
      if (answer !== "no-function") return answer;
      const other = connection.hasOneSpace ? OTHER_SPACE[range.space] : undefined;
      const next = space === range.space && other !== undefined ? other : "off";
      spaces.set(key, next);
      onNotice(
        next === "off"
          ? `unit ${unitId} does not answer reads of ${range.space} registers; they are left out while it answers others`
          : `unit ${unitId} does not answer reads of ${range.space} registers; reading them as ${next}`,
      );
      return ask(range);
    }
  }
  return {
    ask,
    restart() {
      spaces.clear();
      answered.clear();
    },
  };
}

/** What an error says. `hasAnswered`: this unit has answered this function before. */
function judge(
  error: HeatpoolError,
  range: PlannedRange,
  absentCodes: readonly number[],
  hasAnswered: boolean,
): RangeAnswer | "no-function" {
  if (!(error instanceof DeviceException)) return failed(error);
  const code = error.exceptionCode;
  if (code === ILLEGAL_ADDRESS || absentCodes.includes(code)) {
    return { kind: "absent", error };
  }
  if (code === ILLEGAL_VALUE) {
    return range.registers.length > 1 ? { kind: "too-long", error } : { kind: "absent", error };
  }
  if (code !== ILLEGAL_FUNCTION) return failed(error);
  return hasAnswered ? { kind: "absent", error } : "no-function";
}

function failed(error: HeatpoolError): RangeAnswer {
  const isSilence = error.code === "DEVICE_TIMEOUT" || error.code === "DEVICE_UNREACHABLE";
  return { kind: "failed", error, isSilence };
}

function spaceOff(range: PlannedRange): HeatpoolError {
  const what = `${describeRange(range)}: the device does not know reads of ${range.space} registers`;
  return new HeatpoolError("DEVICE_REFUSED", what);
}
