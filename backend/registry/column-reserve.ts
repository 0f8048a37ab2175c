/** Columns of the rollups, reserved ahead, where several processes give them out. */
import { HeatpoolError } from "#core/errors.js";

/** Less than this left: more are asked for. */
const LOW = 48;

/** @param reserve numbers that nobody else is given */
export async function openColumnReserve(
  reserve: () => Promise<readonly number[]>,
): Promise<() => number> {
  const free: number[] = [];
  let isAsking = false;
  const fill = async (): Promise<void> => {
    while (free.length < LOW) free.push(...(await reserve()));
  };
  await fill();
  return () => {
    const column = free.shift();
    if (free.length < LOW && !isAsking) {
      isAsking = true;
      fill()
        // The next one to take asks again.
        .catch(() => undefined)
        .finally(() => {
          isAsking = false;
        });
    }
    if (column !== undefined) return column;
    throw new HeatpoolError("UNAVAILABLE", "too many new installations at once");
  };
}
