/**
 * A reader that replays recorded words: a profile's recording in tests and `heatpool read
 * --recording`. What was not recorded is refused with exception 2, as a device does.
 */
import { DeviceException } from "#core/profile/device-exception.js";
import { describeRange, type RegisterRange, type Space } from "#core/profile/register-range.js";
import type { RegisterReader } from "./register-reader.js";

/** Recorded words that begin at `address`. */
export interface RecordedWords {
  readonly unitId: number;
  readonly space: Space;
  readonly address: number;
  readonly words: readonly number[];
}

/** Illegal data address. */
const ILLEGAL_ADDRESS = 2;

/** Answers any range of which every word was recorded. Where recordings overlap, the later wins. */
export function createRecordedReader(recorded: readonly RecordedWords[]): RegisterReader {
  const words = new Map<string, number>();
  for (const block of recorded) {
    block.words.forEach((word, index) => {
      words.set(keyOf(block, block.address + index), word);
    });
  }
  return {
    async read(range) {
      const found = Array.from({ length: range.count }, (_, index) =>
        words.get(keyOf(range, range.address + index)),
      );
      if (isComplete(found)) return found;
      throw new DeviceException(describeRange(range), ILLEGAL_ADDRESS);
    },
    hangUp() {},
    async close() {},
  };
}

function keyOf(of: Pick<RegisterRange, "unitId" | "space">, address: number): string {
  return `${of.unitId} ${of.space} ${address}`;
}

function isComplete(words: readonly (number | undefined)[]): words is readonly number[] {
  return !words.includes(undefined);
}
