/**
 * Messages that wait for a channel, over restarts: what was noted as told would otherwise be lost
 * with a restart in the night.
 */
import { queuesSchema } from "./message-schema.js";
import type { Message } from "./notify.js";
import type { ToldFile } from "./told.js";

/** The queues, by name of the channel. */
export interface Waiting {
  of(channel: string): readonly Message[];
  /** Never throws: on a full disk they wait in memory alone. */
  keep(queues: Iterable<readonly [string, readonly Message[]]>): void;
}

/** A file that cannot be read is as good as none. */
export function openWaiting(file: ToldFile): Waiting {
  const found = new Map(readQueues(file));
  let written = JSON.stringify([...found]);
  return {
    of: (channel) => found.get(channel) ?? [],
    keep(queues) {
      const text = JSON.stringify([...queues].filter(([, queue]) => queue.length > 0));
      if (text === written) return;
      try {
        file.write(text);
        written = text;
      } catch {
        // Tried again with the next change.
      }
    },
  };
}

function readQueues(file: ToldFile): [string, Message[]][] {
  try {
    return queuesSchema.parse(JSON.parse(file.read() ?? "[]"));
  } catch {
    return [];
  }
}
