/** Which groups of registers a poll reads: `once` after meeting the device, `slow` now and then. */
import type { Clock } from "#core/clock.js";
import type { PollGroup } from "#core/profile/profile.js";

/** When groups are due. */
export interface GroupSchedule {
  /** Whether the poll that runs reads this group; the same answer until `endPoll`. */
  isDue(group: PollGroup): boolean;
  /** The due groups were asked for; `failed` ones are asked again in the next poll. */
  noteRead(failed: ReadonlySet<PollGroup>): void;
  endPoll(): void;
  /** The device may be another one: everything is due. */
  restart(): void;
}

/** Polls do not come to the millisecond. */
const SLACK_MS = 1000;

/** @param slowSeconds time between two reads of the slow group */
export function createGroupSchedule(slowSeconds: number, clock: Clock): GroupSchedule {
  let isOnceRead = false;
  let slowReadMs: number | undefined;
  let failedGroups: ReadonlySet<PollGroup> | undefined;
  let now: { once: boolean; slow: boolean } | undefined;

  function duties(): { once: boolean; slow: boolean } {
    const restMs = clock.monotonicMs() - (slowReadMs ?? Number.NEGATIVE_INFINITY);
    now ??= { once: !isOnceRead, slow: restMs >= slowSeconds * 1000 - SLACK_MS };
    return now;
  }

  return {
    isDue: (group) => (group === "fast" ? true : duties()[group]),
    noteRead(failed) {
      failedGroups = failed;
    },
    endPoll() {
      const { once, slow } = duties();
      if (once && failedGroups?.has("once") !== true) isOnceRead = true;
      if (slow && failedGroups?.has("slow") !== true) slowReadMs = clock.monotonicMs();
      now = undefined;
    },
    restart() {
      isOnceRead = false;
      slowReadMs = undefined;
      now = undefined;
    },
  };
}
